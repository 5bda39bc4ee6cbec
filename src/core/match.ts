/** Is a patient without a tracked entity already in DHIS2? (the document, 3.1.1) */
import { mappedColumns, translated, type Mapping } from './mapping.ts'
import type { Dhis2TrackedEntity, Metadata, PatientRow } from './model.ts'
import { quoted, reject, type Rejection } from './rejection.ts'
import { ATTRIBUTE_LENGTH, convertValue } from './value.ts'

export interface MatchContext {
  mapping: Mapping
  metadata: Metadata
  timeZone: string
}

interface Wanted {
  attribute: string
  column: string
  value: string
}

/** One filter for each searchable attribute, with the values of all patients that can be searched; call it with patients that have no tracked entity. */
export function searchFilters(rows: readonly PatientRow[], ctx: MatchContext): { attribute: string; values: string[] }[] {
  const values = new Map<string, Set<string>>()
  for (const row of rows)
    for (const { attribute, value } of searchedFor(row, ctx) ?? []) values.set(attribute, (values.get(attribute) ?? new Set()).add(value))
  return [...values].map(([attribute, set]) => ({ attribute, values: [...set] }))
}

/**
 * One hit is the patient; several are narrowed by the comparable columns, and one that is left is the patient; otherwise the patient is new. A patient
 * with an empty searchable column is not searched for: too little to tell persons apart.
 * @param owners patients that instance_tracker binds to each hit
 */
export function matchPatient(
  row: PatientRow,
  hits: readonly Dhis2TrackedEntity[],
  owners: ReadonlyMap<string, readonly string[]>,
  ctx: MatchContext,
): { uid: string } | 'new' | { rejection: Rejection } {
  const wanted = searchedFor(row, ctx)
  if (!wanted) return 'new'
  // paging may give one twice
  const distinct = new Map(hits.map((hit) => [hit.trackedEntity, hit]))
  const found = [...distinct.values()].filter((hit) => wanted.every((w) => same(w.value, hit.attributes.get(w.attribute))))
  // a unique value that differs only in case is another person's where there is one with the exact spelling
  const exact = found.filter((hit) => wanted.every((w) => w.value === hit.attributes.get(w.attribute)?.trim()))
  const candidates = exact.length > 0 ? exact : found
  const narrowed =
    candidates.length > 1
      ? candidates.filter((hit) => comparables(row, ctx).every((w) => same(w.value, hit.attributes.get(w.attribute))))
      : candidates
  const [hit] = narrowed
  if (narrowed.length !== 1 || !hit) return 'new'
  const others = (owners.get(hit.trackedEntity) ?? []).filter((patientId) => patientId !== row.patientId).toSorted()
  if (others.length === 0) return { uid: hit.trackedEntity }
  const { column, value, attribute } = wanted[0]!
  const dhis2Name = ctx.metadata.attributes.get(attribute)!.name
  const message = `Patient ${row.patientId}: column "${column}" of ${ctx.mapping.instance.table} has ${quoted(value)} for "${dhis2Name}", and so has tracked entity ${hit.trackedEntity} in DHIS2, which is patient ${others.join(', ')}: same identifier, different person.`
  return { rejection: reject('taken-by-other-patient', message, { column, value, dhis2Uid: hit.trackedEntity, dhis2Name }) }
}

/** null: this patient is not searched for. */
function searchedFor(row: PatientRow, ctx: MatchContext): Wanted[] | null {
  const wanted = valuesOf(row, ctx.mapping.searchable, ctx)
  return wanted.length > 0 && wanted.every((w): w is Wanted => w !== null && w.value !== '') ? wanted : null
}

const comparables = (row: PatientRow, ctx: MatchContext) => valuesOf(row, ctx.mapping.comparable, ctx).filter((w) => w !== null)

/**
 * The values as DHIS2 has them, "" for empty; columns that are not mapped are left out. null is one that the patient's record is rejected for:
 * DHIS2 would refuse the search of the whole chunk.
 */
function valuesOf(row: PatientRow, columns: readonly string[], { mapping, metadata, timeZone }: MatchContext): (Wanted | null)[] {
  return mappedColumns(mapping.instance).flatMap(([column, attribute, translation], i) => {
    if (!columns.includes(column)) return []
    const field = metadata.attributes.get(attribute)
    const made = field
      ? convertValue(translated(row.values[i] ?? null, translation), field, { maxLength: ATTRIBUTE_LENGTH, timeZone })
      : null
    return [made && 'value' in made ? { attribute, column, value: made.value ?? '' } : null]
  })
}

const same = (a: string, b: string | undefined) => a.toLowerCase() === (b ?? '').trim().toLowerCase()
