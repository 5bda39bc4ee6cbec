import { parseTimestamp } from './dates.ts'
import { refusal } from './http.ts'
import { filledTextOf, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts'
import type { VersionFacts } from './versions.ts'

const ENROLLMENT_STATUSES = ['ACTIVE', 'COMPLETED', 'CANCELLED']
const EVENT_STATUSES = ['SKIPPED', 'ACTIVE', 'SCHEDULE', 'VISITED', 'COMPLETED', 'OVERDUE']

/** Reads a body that is a list under its name, or one bare object. Text that is no JSON is a conflict here. */
export function parseLegacyBody(body: string, name: string): JsonObject[] {
  const json = parseLegacyObject(body)
  return Array.isArray(json[name]) ? objectsOf(json[name]) : Object.keys(json).length === 0 ? [] : [json]
}

export function parseLegacyObject(body: string): JsonObject {
  try {
    const json = JSON.parse(body) as Json
    return isObject(json) ? json : {}
  } catch (error) {
    throw refusal(409, error instanceof Error ? error.message : 'unreadable')
  }
}

function malformed(text: string, facts: VersionFacts): Error {
  if (facts.minor > 30) return refusal(500, `Invalid date format '${text}', only ISO format or UNIX Epoch timestamp is supported.`)
  const parts = /^\d{4}-(\d{2})-(\d{2})$/.exec(text)
  if (parts === null) {
    const good = /^(\d{4}(-\d{2}(-\d{2})?)?)?/.exec(text)?.[0] ?? ''
    return refusal(500, `Invalid format: "${text}" is malformed at "${text.slice(good.length)}"`)
  }
  const month = Number(parts[1])
  if (month < 1 || month > 12) return refusal(500, `Cannot parse "${text}": Value ${month} for monthOfYear must be in the range [1,12]`)
  return refusal(500, `Cannot parse "${text}": Value ${Number(parts[2])} for dayOfMonth must be in the range [1,28]`)
}

/** A date of an enrollment; one that cannot be read refuses the request. */
function legacyDate(object: JsonObject, key: string, facts: VersionFacts): string | null {
  const text = filledTextOf(object[key])
  if (text === null) return null
  const stored = parseTimestamp(text)
  if (stored === null) throw malformed(text, facts)
  return stored
}

function statusIn(object: JsonObject, javaType: string, statuses: readonly string[], facts: VersionFacts): string | null {
  const text = filledTextOf(object['status'])
  if (text === null || statuses.includes(text)) return text
  const known = `[${statuses.join(', ')}]`
  const why =
    facts.minor === 30
      ? `value not one of declared Enum instance names: ${known}`
      : `not one of the values accepted for Enum class: ${known}`
  throw refusal(500, `Cannot deserialize value of type \`${javaType}\` from String "${text}": ${why}`)
}

export interface LegacyAttribute {
  attribute: string
  value: string | null
}

export interface LegacyEvent {
  uid: string | null
  trackedEntity: string | null
  enrollment: string | null
  program: string | null
  programStage: string | null
  orgUnit: string | null
  status: string | null
  /** as sent: when it is none, the versions differ in what happens */
  eventDate: string | null
  dueDate: string | null
  dataValues: { dataElement: string; value: string | null }[]
}

export interface LegacyEnrollment {
  uid: string | null
  trackedEntity: string | null
  program: string | null
  orgUnit: string | null
  status: string | null
  enrollmentDate: string | null
  incidentDate: string | null
  attributes: LegacyAttribute[]
  events: LegacyEvent[]
}

export interface LegacyPerson {
  uid: string | null
  type: string | null
  orgUnit: string | null
  attributes: LegacyAttribute[]
  enrollments: LegacyEnrollment[]
}

function attributesIn(object: JsonObject): LegacyAttribute[] {
  // blanks around a value are cut off, a text of blanks is an empty one
  return objectsOf(object['attributes']).map((entry) => ({
    attribute: textOf(entry['attribute']) ?? '',
    value: textOf(entry['value'])?.trim() || null,
  }))
}

export function readEvent(object: JsonObject, facts: VersionFacts): LegacyEvent {
  return {
    uid: filledTextOf(object['event']),
    trackedEntity: filledTextOf(object['trackedEntityInstance']),
    enrollment: filledTextOf(object['enrollment']),
    program: filledTextOf(object['program']),
    programStage: filledTextOf(object['programStage']),
    orgUnit: filledTextOf(object['orgUnit']),
    status: statusIn(object, 'org.hisp.dhis.event.EventStatus', EVENT_STATUSES, facts),
    eventDate: filledTextOf(object['eventDate']),
    dueDate: filledTextOf(object['dueDate']),
    dataValues: objectsOf(object['dataValues']).map((entry) => ({
      dataElement: textOf(entry['dataElement']) ?? '',
      value: textOf(entry['value'])?.trim() || null,
    })),
  }
}

export function readEnrollment(object: JsonObject, facts: VersionFacts): LegacyEnrollment {
  return {
    uid: filledTextOf(object['enrollment']),
    trackedEntity: filledTextOf(object['trackedEntityInstance']),
    program: filledTextOf(object['program']),
    orgUnit: filledTextOf(object['orgUnit']),
    status: statusIn(object, 'org.hisp.dhis.dxf2.events.enrollment.EnrollmentStatus', ENROLLMENT_STATUSES, facts),
    enrollmentDate: legacyDate(object, 'enrollmentDate', facts),
    incidentDate: legacyDate(object, 'incidentDate', facts),
    attributes: attributesIn(object),
    events: objectsOf(object['events']).map((event) => readEvent(event, facts)),
  }
}

export function readPerson(object: JsonObject, facts: VersionFacts): LegacyPerson {
  return {
    uid: filledTextOf(object['trackedEntityInstance']),
    type: filledTextOf(object['trackedEntityType']),
    orgUnit: filledTextOf(object['orgUnit']),
    attributes: attributesIn(object),
    enrollments: objectsOf(object['enrollments']).map((enrollment) => readEnrollment(enrollment, facts)),
  }
}

/** An event's date: 2.30 refuses the request when it is none, 2.41 the event (null here). */
export function eventDateOf(event: LegacyEvent, facts: VersionFacts): { ok: boolean; date: string | null } {
  if (event.eventDate === null) return { ok: true, date: null }
  const date = parseTimestamp(event.eventDate)
  if (date === null && facts.minor === 30) throw malformed(event.eventDate, facts)
  return { ok: date !== null, date }
}

/** 2.30 reads a birth date with a parser that throws: the whole request is lost. */
export function refuseUnreadableDate(value: string, facts: VersionFacts): void {
  if (/^\d{8}$/.test(value) || /^\d{4}-\d{1,2}-\d{1,2}(T.*)?$/.test(value)) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value)
    if (parts === null || parseTimestamp(value) !== null) return
  }
  if (facts.minor > 30) throw refusal(500, 'Transaction silently rolled back because it has been marked as rollback-only')
  throw malformed(value, facts)
}
