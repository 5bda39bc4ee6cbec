/** Mart rows → payloads, or the reason why DHIS2 would refuse them, found before sending. */
import {
  columnOf,
  givenOf,
  isBlank,
  orgUnitOf,
  programOf,
  refuse,
  requiredDate,
  statusOf,
  type Refused,
  type Where,
} from './fixed-columns.ts'
import { mappedColumns, translated, type MappedColumns, type Mapping } from './mapping.ts'
import {
  ENROLLMENT_STATUSES,
  EVENT_STATUSES,
  type AttributeUse,
  type Dhis2Enrollment,
  type EnrollmentFields,
  type EnrollmentRow,
  type EventPayload,
  type EventRow,
  type Field,
  type FieldValue,
  type Metadata,
  type PatientRow,
  type ProgramStage,
  type TrackedEntityPayload,
  type TrackedEntityType,
} from './model.ts'
import { quoted } from './rejection.ts'
import { ATTRIBUTE_LENGTH, convertValue, DATA_ELEMENT_LENGTH } from './value.ts'

interface Made<Payload> {
  payload: Payload
  /** UIDs that the payload gives a value */
  sent: readonly string[]
}
type Result<T> = T | Refused

/** The tracked entity type of patients: the site's setting, otherwise what the run's programs agree on. */
export function trackedEntityTypeOf(metadata: Metadata, setting: string | null): TrackedEntityType | null {
  if (setting !== null) return metadata.trackedEntityTypes.get(setting) ?? null
  const types = new Set([...metadata.programs.values()].map((program) => program.trackedEntityType))
  const candidates = types.size > 0 ? [...types] : [...metadata.trackedEntityTypes.keys()]
  return candidates.length === 1 ? (metadata.trackedEntityTypes.get(candidates[0]!) ?? null) : null
}

export interface PatientContext {
  mapping: Mapping
  metadata: Metadata
  trackedEntityType: TrackedEntityType | null
  timeZone: string
  uid: string
  /** DHIS2 does not have this tracked entity, as far as we know */
  isNew: boolean
}

export function trackedEntityPayload(row: PatientRow, ctx: PatientContext): Result<Made<TrackedEntityPayload>> {
  const { metadata, trackedEntityType } = ctx
  const { table, constants } = ctx.mapping.instance
  const where = { patientId: row.patientId, relation: table, constants }
  const columns = mappedColumns(ctx.mapping.instance)
  if (!trackedEntityType)
    return refuse(
      'type-unknown',
      `Patient ${row.patientId}: the tracked entity type is not known, because DHIS2 has several, or not the one that is set, or none for our account.`,
    )
  const orgUnit = orgUnitOf(row.orgUnitCode, null, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const values = convertColumns(columns, row, {
    ...where,
    fields: metadata.attributes,
    unknown: 'which is no attribute in DHIS2',
    stage: null,
    maxLength: ATTRIBUTE_LENGTH,
    timeZone: ctx.timeZone,
  })
  if ('rejection' in values) return values

  const mandatory = new Set([
    ...mandatoryOf(trackedEntityType.attributes),
    ...[...metadata.programs.values()].flatMap((p) => mandatoryOf(p.attributes)),
  ])
  const missing = [...mandatory].find((uid) => (values.get(uid) ?? null) === null && (ctx.isNew || values.has(uid)))
  if (missing !== undefined) return missingValue(missing, metadata.attributes, columns, where)

  const attributes = Array.from(values, ([attribute, value]) => ({ attribute, value }))
  return {
    payload: {
      trackedEntity: ctx.uid,
      trackedEntityType: trackedEntityType.uid,
      orgUnit,
      attributes,
      exists: !ctx.isNew || row.unconfirmed,
    },
    sent: sentOf(values),
  }
}

const mandatoryOf = (attributes: ReadonlyMap<string, AttributeUse>) => [...attributes].flatMap(([uid, a]) => (a.mandatory ? [uid] : []))

export interface EnrollmentContext {
  mapping: Mapping
  metadata: Metadata
  /** yyyy-MM-dd in the site's time zone */
  today: string
}

/** What DHIS2 has, as it is sent. */
export const fieldsOf = (e: Dhis2Enrollment): EnrollmentFields => ({
  orgUnit: e.orgUnit ?? '',
  enrolledAt: e.enrolledAt.slice(0, 10),
  occurredAt: (e.occurredAt ?? e.enrolledAt).slice(0, 10),
  status: e.status,
})

export function enrollmentFields(row: EnrollmentRow, { mapping, metadata, today }: EnrollmentContext): Result<EnrollmentFields> {
  const { table, constants } = mapping.enrollments
  const where = { patientId: row.patientId, relation: table, constants }
  const program = programOf(row.program, metadata, where)
  if ('rejection' in program) return program
  if (isBlank(row.programUniqueId))
    return refuse('identifier-missing', `${columnOf('program_unique_id', where)} is empty for an enrollment in "${program.name}".`, {
      column: 'program_unique_id',
    })
  const status = statusOf(row.status, ENROLLMENT_STATUSES, where)
  if (typeof status !== 'string') return status
  const orgUnit = orgUnitOf(row.orgUnitCode, program, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const enrolledAt = requiredDate(row.enrollmentDate, 'enrollment_date', today, program.selectEnrollmentDatesInFuture, where)
  if (typeof enrolledAt !== 'string') return enrolledAt
  // both APIs want an incident date: the legacy one would fill in today, the tracker API refuses (E1023)
  const occurredAt = isBlank(row.incidentDate)
    ? enrolledAt
    : requiredDate(row.incidentDate, 'incident_date', today, program.selectIncidentDatesInFuture, where)
  if (typeof occurredAt !== 'string') return occurredAt
  return { orgUnit, enrolledAt, occurredAt, status }
}

export interface EventContext {
  mapping: Mapping
  metadata: Metadata
  today: string
  timeZone: string
  /** the event's enrollment: its org unit stands in for a missing one */
  enrollment: Pick<EnrollmentRow, 'orgUnitCode' | 'program'>
  uid: string
}

/** Without one of these an event is nobody's to tell from another one. */
export function eventKeyMissing(row: EventRow, relation: string): Refused | null {
  const { program, programStage, eventUniqueId } = row
  if (program !== null && programStage !== null && eventUniqueId !== null) return null
  const column = program === null ? 'program' : programStage === null ? 'program_stage' : 'event_unique_id'
  const code = program === null ? 'program-missing' : programStage === null ? 'stage-missing' : 'identifier-missing'
  return refuse(code, `Patient ${row.patientId}: an event of ${row.eventDate} has no ${column} in ${relation}.`, { column })
}

export function eventPayload(row: EventRow, ctx: EventContext): Result<Made<EventPayload>> {
  const { metadata } = ctx
  const relation = ctx.mapping.events[row.source]!
  const where = { patientId: row.patientId, relation: relation.table, constants: relation.constants }
  const columns = mappedColumns(relation)
  const program = programOf(row.program, metadata, where)
  if ('rejection' in program) return program
  const stage = program.stages.get(row.programStage ?? '')
  if (isBlank(row.programStage)) return refuse('stage-missing', `${givenOf('program_stage', where)} is empty.`, { column: 'program_stage' })
  if (!stage)
    return refuse(
      'stage-unknown',
      `${givenOf('program_stage', where)} has ${quoted(row.programStage)}, which is no stage of program "${program.name}".`,
      { column: 'program_stage', value: row.programStage, dhis2Uid: row.programStage },
    )
  const orgUnit = orgUnitOf(isBlank(row.orgUnitCode) ? ctx.enrollment.orgUnitCode : row.orgUnitCode, program, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const occurredAt = requiredDate(row.eventDate, 'event_date', ctx.today, false, where)
  if (typeof occurredAt !== 'string') return occurredAt
  const status = isBlank(row.status) ? 'COMPLETED' : statusOf(row.status, EVENT_STATUSES, where)
  if (typeof status !== 'string') return status

  const values = convertColumns(columns, row, {
    ...where,
    fields: metadata.dataElements,
    unknown: 'which is no data element of the programs in DHIS2',
    stage,
    maxLength: DATA_ELEMENT_LENGTH,
    timeZone: ctx.timeZone,
  })
  if ('rejection' in values) return values

  const isChecked = status === 'COMPLETED' || stage.validationStrategy === 'ON_UPDATE_AND_INSERT'
  const missing = isChecked
    ? compulsoryOf(stage).find((uid) => (values.get(uid) ?? null) === null && (row.tracker === null || values.has(uid)))
    : undefined
  if (missing !== undefined) return missingValue(missing, metadata.dataElements, columns, where)

  const dataValues = Array.from(values, ([dataElement, value]) => ({ dataElement, value }))
  const exists = row.tracker !== null || row.unconfirmed
  return { payload: { event: ctx.uid, programStage: stage.uid, orgUnit, occurredAt, status, dataValues, exists }, sent: sentOf(values) }
}

/** of a stage, by which many events are made */
const compulsory = new WeakMap<ProgramStage, readonly string[]>()
function compulsoryOf(stage: ProgramStage): readonly string[] {
  const known = compulsory.get(stage) ?? [...stage.dataElements].flatMap(([uid, d]) => (d.compulsory ? [uid] : []))
  compulsory.set(stage, known)
  return known
}

// a loop: with flatMap it took a tenth of the time of a payload
function sentOf(values: ReadonlyMap<string, FieldValue>): string[] {
  const sent: string[] = []
  for (const [uid, value] of values) if (value !== null) sent.push(uid)
  return sent
}

interface Columns extends Where {
  /** attributes or data elements that DHIS2 has */
  fields: ReadonlyMap<string, Field>
  /** the words for a uid that is not among them */
  unknown: string
  /** only its data elements can have values; null: attributes */
  stage: ProgramStage | null
  maxLength: number
  timeZone: string
}

/**
 * uid → value for every mapped column that has one, and null for those that had one when we last sent the record (decided 11): what we never sent
 * stays as DHIS2 has it.
 */
function convertColumns(
  columns: MappedColumns,
  row: { values: readonly (string | null)[]; sent: readonly string[] },
  how: Columns,
): Result<Map<string, FieldValue>> {
  const values = new Map<string, FieldValue>()
  const from = new Map<string, string>()
  for (const [i, [column, uid, translation]] of columns.entries()) {
    const own = row.values[i] ?? null
    const text = translated(own, translation)
    const said = () => (text === own ? quoted(own) : `${quoted(own)} (translated to ${quoted(text)})`)
    const field = how.fields.get(uid)
    if (!field) {
      if (isBlank(text)) continue
      const message = `${columnOf(column, how)} has ${said()} and is mapped to "${uid}", ${how.unknown}.`
      return refuse('field-unknown', message, { column, dhis2Uid: uid, value: own })
    }
    const made = convertValue(text, field, how)
    const about = () => ({ column, dhis2Uid: uid, dhis2Name: field.name, value: own })
    // a null for a data element of another stage is E1305: only the stage's own
    if (how.stage && !how.stage.dataElements.has(uid)) {
      if ('value' in made && made.value === null) continue
      const message = `${columnOf(column, how)} has ${said()} for "${field.name}", which does not belong to stage "${how.stage.name}".`
      return refuse('field-not-in-stage', message, about())
    }
    if ('problem' in made) {
      const hint = made.hint === null ? '' : ` (${made.hint})`
      return refuse(made.problem, `${columnOf(column, how)} has ${said()}, which ${made.because} for "${field.name}"${hint}.`, about())
    }
    const before = values.get(uid) ?? null
    if (made.value !== null && before !== null && before !== made.value) {
      const message = `${columnOf(column, how)} has ${said()} for "${field.name}", but column "${from.get(uid)}", mapped to the same, has ${quoted(before)}.`
      return refuse('value-invalid', message, about())
    }
    if (made.value !== null) from.set(uid, column)
    if (made.value !== null || (before === null && row.sent.includes(uid))) values.set(uid, made.value)
  }
  return values
}

function missingValue(uid: string, fields: ReadonlyMap<string, Field>, columns: MappedColumns, where: Where): Refused {
  const column = columns.find(([, mapped]) => mapped === uid)?.[0] ?? null
  const name = fields.get(uid)?.name ?? uid
  const message =
    column === null
      ? `Patient ${where.patientId}: DHIS2 requires "${name}", and the mapping has no column of ${where.relation} for it.`
      : `${columnOf(column, where)} is empty, but DHIS2 requires "${name}".`
  return refuse('mandatory-missing', message, { column, dhis2Uid: uid, dhis2Name: name })
}
