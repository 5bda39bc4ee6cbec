/** Mart rows → payloads, or the reason why DHIS2 would refuse them, found before sending. */
import { eventColumns, instanceColumns, type MappedColumns, type Mapping } from './mapping.ts'
import {
  ENROLLMENT_STATUSES,
  EVENT_STATUSES,
  type EnrollmentFields,
  type EnrollmentRow,
  type EventPayload,
  type EventRow,
  type Field,
  type FieldValue,
  type Metadata,
  type PatientRow,
  type Program,
  type TrackedEntityPayload,
  type TrackedEntityType,
} from './model.ts'
import { reject, type Rejection } from './rejection.ts'
import { ATTRIBUTE_LENGTH, convertValue, DATA_ELEMENT_LENGTH, dateOf } from './value.ts'

/** Dates before this are slips of the keyboard or COALESCE defaults. */
const EARLIEST = '1900-01-01'

interface Made<Payload> {
  payload: Payload
  /** UIDs that the payload gives a value */
  sent: readonly string[]
}
type Result<T> = T | { rejection: Rejection }

/** Names the patient and where the value stands, for every sentence of one row. */
interface Where {
  patientId: string
  relation: string
}

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
  const where: Where = { patientId: row.patientId, relation: ctx.mapping.tables.instance }
  if (!trackedEntityType)
    return {
      rejection: reject('type-unknown', `Patient ${row.patientId}: DHIS2 has several tracked entity types, or none for our account.`),
    }
  const orgUnit = orgUnitOf(row.orgUnitCode, null, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const values = convertColumns(instanceColumns(ctx.mapping), row, metadata.attributes, {
    ...where,
    maxLength: ATTRIBUTE_LENGTH,
    timeZone: ctx.timeZone,
  })
  if ('rejection' in values) return values

  const mandatory = new Set([
    ...mandatoryOf(trackedEntityType.attributes),
    ...[...metadata.programs.values()].flatMap((p) => mandatoryOf(p.attributes)),
  ])
  const missing = [...mandatory].find((uid) => (values.get(uid) ?? null) === null && (ctx.isNew || values.has(uid)))
  if (missing !== undefined) return { rejection: missingValue(missing, metadata.attributes, instanceColumns(ctx.mapping), where) }

  const attributes = [...values].map(([attribute, value]) => ({ attribute, value }))
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

const mandatoryOf = (attributes: ReadonlyMap<string, { mandatory: boolean }>) =>
  [...attributes].flatMap(([uid, a]) => (a.mandatory ? [uid] : []))

export interface EnrollmentContext {
  metadata: Metadata
  /** yyyy-MM-dd in the site's time zone */
  today: string
  relation: string
}

export function enrollmentFields(row: EnrollmentRow, { metadata, today, relation }: EnrollmentContext): Result<EnrollmentFields> {
  const where: Where = { patientId: row.patientId, relation }
  const program = programOf(row.program, metadata, where)
  if ('rejection' in program) return program
  if (row.programUniqueId === null)
    return {
      rejection: reject(
        'identifier-missing',
        `Patient ${row.patientId}: an enrollment in "${program.name}" of ${relation} has no program_unique_id.`,
        { column: 'program_unique_id' },
      ),
    }
  const status = statusOf(row.status, ENROLLMENT_STATUSES, where)
  if (typeof status !== 'string') return status
  const orgUnit = orgUnitOf(row.orgUnitCode, program, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const enrolledAt = requiredDate(row.enrollmentDate, 'enrollment_date', today, program.selectEnrollmentDatesInFuture, where)
  if (typeof enrolledAt !== 'string') return enrolledAt
  // both APIs want an incident date: the legacy one would fill in today, the tracker API refuses (E1023)
  const occurredAt =
    row.incidentDate === null
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

export function eventPayload(row: EventRow, ctx: EventContext): Result<Made<EventPayload>> {
  const { metadata, mapping } = ctx
  const where: Where = { patientId: row.patientId, relation: mapping.tables.event }
  const program = programOf(row.program, metadata, where)
  if ('rejection' in program) return program
  const stage = program.stages.get(row.programStage ?? '')
  if (!stage) {
    const code = row.programStage === null ? 'stage-missing' : 'stage-unknown'
    const message = `Patient ${row.patientId}: column "program_stage" of ${where.relation} has "${row.programStage ?? ''}", which is no stage of program "${program.name}".`
    return {
      rejection: reject(code, message, {
        column: 'program_stage',
        value: row.programStage,
        dhis2Uid: program.uid,
        dhis2Name: program.name,
      }),
    }
  }
  const orgUnit = orgUnitOf(row.orgUnitCode ?? ctx.enrollment.orgUnitCode, program, metadata, where)
  if (typeof orgUnit !== 'string') return orgUnit
  const occurredAt = requiredDate(row.eventDate, 'event_date', ctx.today, false, where)
  if (typeof occurredAt !== 'string') return occurredAt
  const status = row.status === null || row.status.trim() === '' ? 'COMPLETED' : statusOf(row.status, EVENT_STATUSES, where)
  if (typeof status !== 'string') return status

  const converted = convertColumns(eventColumns(mapping), row, metadata.dataElements, {
    ...where,
    maxLength: DATA_ELEMENT_LENGTH,
    timeZone: ctx.timeZone,
  })
  if ('rejection' in converted) return converted
  const stray = [...converted].find(([uid, value]) => value !== null && !stage.dataElements.has(uid))
  if (stray) {
    const { column, name } = nameOf(stray[0], metadata.dataElements, eventColumns(mapping))
    const message = `Patient ${row.patientId}: column "${column}" of ${where.relation} has "${stray[1]}" for "${name}", which does not belong to stage "${stage.name}".`
    return { rejection: reject('field-not-in-stage', message, { column, value: stray[1], dhis2Uid: stray[0], dhis2Name: name }) }
  }
  // a null for a data element of another stage is E1305: only the stage's own
  const values = new Map([...converted].filter(([uid]) => stage.dataElements.has(uid)))

  const exists = row.tracker !== null || row.unconfirmed
  const compulsory =
    status === 'COMPLETED' || stage.validationStrategy === 'ON_UPDATE_AND_INSERT'
      ? [...stage.dataElements].flatMap(([uid, d]) => (d.compulsory ? [uid] : []))
      : []
  const missing = compulsory.find((uid) => (values.get(uid) ?? null) === null && (!exists || values.has(uid)))
  if (missing !== undefined) return { rejection: missingValue(missing, metadata.dataElements, eventColumns(mapping), where) }

  const dataValues = [...values].map(([dataElement, value]) => ({ dataElement, value }))
  return { payload: { event: ctx.uid, programStage: stage.uid, orgUnit, occurredAt, status, dataValues, exists }, sent: sentOf(values) }
}

const sentOf = (values: ReadonlyMap<string, FieldValue>) => [...values].flatMap(([uid, value]) => (value === null ? [] : [uid]))

/**
 * uid → value for every mapped column that has one, and null for those that had one when we last sent the record (decided 11): what we never sent
 * stays as DHIS2 has it.
 */
function convertColumns(
  columns: MappedColumns,
  row: { values: readonly (string | null)[]; sent: readonly string[] },
  fields: ReadonlyMap<string, Field>,
  where: Where & { maxLength: number; timeZone: string },
): Result<Map<string, FieldValue>> {
  const values = new Map<string, FieldValue>()
  for (const [i, [column, uid]] of columns.entries()) {
    const text = row.values[i] ?? null
    const field = fields.get(uid)
    if (!field) {
      if (text === null || text.trim() === '') continue
      const message = `Patient ${where.patientId}: column "${column}" of ${where.relation} is mapped to "${uid}", which DHIS2 does not have.`
      return { rejection: reject('field-unknown', message, { column, dhis2Uid: uid, value: text }) }
    }
    const made = convertValue(text, field, where)
    const about = { column, dhis2Uid: uid, dhis2Name: field.name, value: text }
    if ('problem' in made) {
      return {
        rejection: reject(
          made.problem,
          `Patient ${where.patientId}: column "${column}" of ${where.relation} has "${shortened(text!)}", which ${made.because} for "${field.name}".`,
          about,
        ),
      }
    }
    const before = values.get(uid) ?? null
    if (made.value !== null && before !== null && before !== made.value) {
      const message = `Patient ${where.patientId}: column "${column}" of ${where.relation} has "${made.value}" for "${field.name}", and another column has "${before}".`
      return { rejection: reject('value-invalid', message, about) }
    }
    if (made.value !== null || (before === null && row.sent.includes(uid))) values.set(uid, made.value)
  }
  return values
}

const shortened = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

function nameOf(uid: string, fields: ReadonlyMap<string, Field>, columns: MappedColumns): { column: string | null; name: string } {
  return { column: columns.find(([, mappedUid]) => mappedUid === uid)?.[0] ?? null, name: fields.get(uid)?.name ?? uid }
}

function missingValue(uid: string, fields: ReadonlyMap<string, Field>, columns: MappedColumns, { patientId, relation }: Where): Rejection {
  const { column, name } = nameOf(uid, fields, columns)
  const message = column
    ? `Patient ${patientId}: column "${column}" of ${relation} is empty, but DHIS2 requires "${name}".`
    : `Patient ${patientId}: DHIS2 requires "${name}", and the mapping has no column of ${relation} for it.`
  return reject('mandatory-missing', message, { column, dhis2Uid: uid, dhis2Name: name })
}

function orgUnitOf(
  code: string | null,
  program: Program | null,
  metadata: Metadata,
  { patientId, relation }: Where,
): string | { rejection: Rejection } {
  const clean = code?.trim() ?? ''
  if (clean === '')
    return {
      rejection: reject('org-unit-missing', `Patient ${patientId}: column "OrgUnit" of ${relation} is empty.`, { column: 'OrgUnit' }),
    }
  const about = { column: 'OrgUnit', value: clean }
  const orgUnit = metadata.orgUnitsByCode.get(clean)
  if (!orgUnit)
    return {
      rejection: reject(
        'org-unit-unknown',
        `Patient ${patientId}: column "OrgUnit" of ${relation} has "${clean}", which is no org unit's code in DHIS2.`,
        about,
      ),
    }
  if (program && !program.orgUnits.has(orgUnit.uid)) {
    const message = `Patient ${patientId}: program "${program.name}" is not assigned to org unit "${orgUnit.name}" (${clean}) of ${relation}.`
    return { rejection: reject('org-unit-not-in-program', message, { ...about, dhis2Uid: orgUnit.uid, dhis2Name: orgUnit.name }) }
  }
  return orgUnit.uid
}

function programOf(uid: string | null, metadata: Metadata, { patientId, relation }: Where): Program | { rejection: Rejection } {
  const clean = uid?.trim() ?? ''
  if (clean === '')
    return {
      rejection: reject('program-missing', `Patient ${patientId}: column "program" of ${relation} is empty.`, { column: 'program' }),
    }
  const program = metadata.programs.get(clean)
  return (
    program ?? {
      rejection: reject(
        'program-unknown',
        `Patient ${patientId}: column "program" of ${relation} has "${clean}", which DHIS2 does not have.`,
        { column: 'program', value: clean, dhis2Uid: clean },
      ),
    }
  )
}

function statusOf<Status extends string>(
  text: string | null,
  known: readonly Status[],
  { patientId, relation }: Where,
): Status | { rejection: Rejection } {
  const upper = text?.trim().toUpperCase() ?? ''
  const status = known.find((s) => s === upper)
  const message = `Patient ${patientId}: column "status" of ${relation} has "${text ?? ''}", which is not one of ${known.join(', ')}.`
  return status ?? { rejection: reject('status-unknown', message, { column: 'status', value: text }) }
}

function requiredDate(
  text: string | null,
  column: string,
  today: string,
  futureAllowed: boolean,
  { patientId, relation }: Where,
): string | { rejection: Rejection } {
  const about = { column, value: text }
  if (text === null || text.trim() === '')
    return { rejection: reject('date-missing', `Patient ${patientId}: column "${column}" of ${relation} is empty.`, about) }
  const date = dateOf(text)
  if (date === null || date < EARLIEST)
    return {
      rejection: reject(
        'date-invalid',
        `Patient ${patientId}: column "${column}" of ${relation} has "${text}", which is not a date since 1900.`,
        about,
      ),
    }
  if (date > today && !futureAllowed)
    return {
      rejection: reject(
        'date-in-future',
        `Patient ${patientId}: column "${column}" of ${relation} has ${date}, which is after today (${today}).`,
        about,
      ),
    }
  return date
}
