import { type Call, enumParameter, refusal } from './http.ts'
import type { MetadataIndex } from './metadata.ts'
import type { TrackedEntity, TrackerState } from './state.ts'
import { type Account, subtree } from './users.ts'
import type { VersionFacts } from './versions.ts'

export interface Criterion {
  operator: string
  value: string
}

export interface ValueFilter {
  field: string
  criteria: Criterion[]
}

/** Splits at a separator; from 2.41 on a `/` before it (or before another `/`) keeps it in the text. */
function splitEscaped(text: string, separator: string, escapes: boolean): string[] {
  const parts: string[] = []
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? ''
    const next = text[i + 1]
    if (escapes && char === '/' && (next === '/' || next === ',' || next === ':')) {
      part += char + next
      i++
    } else if (char === separator) {
      parts.push(part)
      part = ''
    } else part += char
  }
  return [...parts, part]
}

function unescape(text: string, escapes: boolean): string {
  return escapes ? text.replace(/\/([/,:])/g, '$1') : text
}

/** Reads `uid:operator:value[:operator:value]` of all filter parameters. */
export function readFilters(call: Call, escapes: boolean): ValueFilter[] {
  const raw = call.query.getAll('filter')
  const filters = raw.length === 1 || escapes ? raw.flatMap((text) => splitEscaped(text, ',', escapes)) : raw
  return filters
    .filter((text) => text !== '')
    .map((text) => {
      const [field = '', ...rest] = splitEscaped(text, ':', escapes).map((part) => unescape(part, escapes))
      const criteria: Criterion[] = []
      for (let i = 0; i < rest.length; i += 2) criteria.push({ operator: (rest[i] ?? '').toLowerCase(), value: rest[i + 1] ?? '' })
      return { field, criteria }
    })
}

/** DHIS2 compares without regard to the case of letters. */
export function fulfils(stored: string | undefined, { operator, value }: Criterion): boolean {
  if (operator === 'null') return stored === undefined
  if (operator === '!null') return stored !== undefined
  if (stored === undefined) return false
  const [have, want] = [stored.toLowerCase(), value.toLowerCase()]
  const order =
    Number.isNaN(Number(have)) || Number.isNaN(Number(want)) ? (have < want ? -1 : have > want ? 1 : 0) : Number(have) - Number(want)
  switch (operator) {
    case 'eq':
    case 'ieq':
      return have === want
    case 'ne':
    case 'neq':
      return have !== want
    case 'in':
      return want.split(';').includes(have)
    case 'like':
    case 'ilike':
      return have.includes(want)
    case 'sw':
      return have.startsWith(want)
    case 'ew':
      return have.endsWith(want)
    case 'gt':
      return order > 0
    case 'ge':
      return order >= 0
    case 'lt':
      return order < 0
    case 'le':
      return order <= 0
    default:
      throw refusal(400, `'${operator}' is not a valid operator`, 'E1003')
  }
}

const MODES = ['SELECTED', 'CHILDREN', 'DESCENDANTS', 'ACCESSIBLE', 'CAPTURE', 'ALL'] as const
export type OrgUnitMode = (typeof MODES)[number]

export function orgUnitMode(call: Call, facts: VersionFacts, parameter: string): OrgUnitMode | null {
  return enumParameter(call, facts, parameter, MODES, 'org.hisp.dhis.common.OrganisationUnitSelectionMode')
}

/** The org units that a mode stands for; null is everywhere. */
export function unitsOf(
  mode: OrgUnitMode,
  units: readonly string[],
  metadata: MetadataIndex,
  account: Account,
): ReadonlySet<string> | null {
  switch (mode) {
    case 'ALL':
      return account.superuser ? null : account.searchScope
    case 'ACCESSIBLE':
      return account.superuser ? null : account.searchScope
    case 'CAPTURE':
      return account.captureScope
    case 'DESCENDANTS':
      return subtree(metadata, units)
    case 'CHILDREN':
      return new Set(units.flatMap((uid) => [uid, ...(metadata.orgUnits.get(uid)?.children ?? [])]))
    case 'SELECTED':
      return new Set(units)
  }
}

export interface PersonQuery {
  uids: readonly string[] | null
  units: ReadonlySet<string> | null
  program: string | null
  type: string | null
  enrollmentStatus: string | null
  filters: readonly ValueFilter[]
  includeDeleted: boolean
}

/** Persons that might match: the smallest list that an index gives, in order of creation. */
function candidates(query: PersonQuery, state: TrackerState): Iterable<TrackedEntity> {
  if (query.uids !== null) return [...new Set(query.uids)].flatMap((uid) => state.trackedEntities.get(uid) ?? [])
  for (const { field, criteria } of query.filters) {
    const [first] = criteria
    if (first?.operator === 'eq') return state.withValue(field, first.value)
    if (first?.operator === 'in') return new Set(first.value.split(';').flatMap((value) => state.withValue(field, value)))
  }
  return state.trackedEntities.values()
}

export function findPersons(query: PersonQuery, state: TrackerState): TrackedEntity[] {
  return [...candidates(query, state)].filter(
    (person) =>
      (query.includeDeleted || !person.deleted) &&
      (query.units === null || query.units.has(person.orgUnit)) &&
      (query.type === null || person.type === query.type) &&
      (query.program === null ||
        person.enrollments.some(
          (enrollment) =>
            (query.includeDeleted || !enrollment.deleted) &&
            enrollment.program === query.program &&
            (query.enrollmentStatus === null || enrollment.status === query.enrollmentStatus),
        )) &&
      query.filters.every(({ field, criteria }) => criteria.every((criterion) => fulfils(person.attributes.get(field)?.value, criterion))),
  )
}
