import { parseTimestamp } from './dates.ts'
import { refusal } from './http.ts'
import { filledTextOf, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts'
import { isUid, randomUid } from './uid.ts'
import type { VersionFacts } from './versions.ts'

export interface AttributePayload {
  attribute: string | null
  value: string | null
}

export interface TrackedEntityPayload {
  uid: string
  type: string | null
  orgUnit: string | null
  attributes: AttributePayload[]
}

export interface EnrollmentPayload {
  uid: string
  trackedEntity: string | null
  program: string | null
  orgUnit: string | null
  status: string
  enrolledAt: string | null
  occurredAt: string | null
  completedAt: string | null
  attributes: AttributePayload[]
}

export interface EventPayload {
  uid: string
  enrollment: string | null
  program: string | null
  programStage: string | null
  orgUnit: string | null
  status: string
  occurredAt: string | null
  scheduledAt: string | null
  completedAt: string | null
  dataValues: { dataElement: string | null; value: string | null }[]
}

/** A request of the tracker importer, made flat: children name their parents. */
export interface Bundle {
  trackedEntities: TrackedEntityPayload[]
  enrollments: EnrollmentPayload[]
  events: EventPayload[]
}

const ENROLLMENT_STATUSES = ['ACTIVE', 'COMPLETED', 'CANCELLED']
const EVENT_STATUSES = ['SKIPPED', 'ACTIVE', 'SCHEDULE', 'VISITED', 'COMPLETED', 'OVERDUE']

/** Reads a body; a text that no JSON reader takes refuses the request. */
export function parseTrackerBody(body: string): JsonObject {
  try {
    const json = JSON.parse(body) as Json
    return isObject(json) ? json : {}
  } catch (error) {
    throw parseError(error instanceof Error ? error.message : 'unreadable')
  }
}

function parseError(text: string): Error {
  return refusal(400, `JSON parse error: ${text}`)
}

/** 2.42 made uids a type of their own: one that is none refuses the request, 2.41 makes one for "" and reports others by object. */
function uidIn(object: JsonObject, key: string, facts: VersionFacts): string | null {
  const text = textOf(object[key])
  if (facts.minor <= 41) return text || null
  if (text !== null && !isUid(text)) {
    throw parseError(
      'Cannot construct instance of `org.hisp.dhis.common.UID`, problem: UID must be an alphanumeric string of 11 characters starting with a letter, ' +
        `but was: ${text}`,
    )
  }
  return text
}

function dateIn(object: JsonObject, key: string, facts: VersionFacts): string | null {
  const text = filledTextOf(object[key])
  if (text === null) return null
  const stored = parseTimestamp(text)
  if (stored === null) {
    const formats =
      facts.minor <= 41
        ? 'only ISO format or UNIX Epoch timestamp is supported.'
        : "only 'yyyy-MM-dd'T'HH:mm:ss.SSS' format end epoch milliseconds are supported."
    throw parseError(`Invalid date format '${text}', ${formats}`)
  }
  return stored
}

function statusIn(object: JsonObject, javaType: string, statuses: readonly string[]): string {
  const text = textOf(object['status'])
  if (text === null) return 'ACTIVE'
  if (!statuses.includes(text)) {
    throw parseError(
      `Cannot deserialize value of type \`${javaType}\` from String "${text}": not one of the values accepted for Enum class: [${statuses.join(', ')}]`,
    )
  }
  return text
}

function attributesIn(object: JsonObject): AttributePayload[] {
  return objectsOf(object['attributes']).map((entry) => ({
    attribute: filledTextOf(entry['attribute']),
    value: filledTextOf(entry['value']),
  }))
}

/** Reads the three lists, nested or flat, and gives uids to those that came without. */
export function readBundle(json: JsonObject, facts: VersionFacts): Bundle {
  const bundle: Bundle = { trackedEntities: [], enrollments: [], events: [] }

  const addEvent = (object: JsonObject, parent: string | null): void => {
    const uid = uidIn(object, 'event', facts) ?? randomUid()
    const enrollment = uidIn(object, 'enrollment', facts)
    uidIn(object, 'trackedEntity', facts)
    bundle.events.push({
      uid,
      enrollment: parent ?? enrollment,
      program: filledTextOf(object['program']),
      programStage: filledTextOf(object['programStage']),
      orgUnit: filledTextOf(object['orgUnit']),
      status: statusIn(object, 'org.hisp.dhis.event.EventStatus', EVENT_STATUSES),
      occurredAt: dateIn(object, 'occurredAt', facts),
      scheduledAt: dateIn(object, 'scheduledAt', facts),
      completedAt: dateIn(object, 'completedAt', facts),
      dataValues: objectsOf(object['dataValues']).map((entry) => ({
        dataElement: filledTextOf(entry['dataElement']),
        value: filledTextOf(entry['value']),
      })),
    })
  }

  const addEnrollment = (object: JsonObject, parent: string | null): void => {
    const uid = uidIn(object, 'enrollment', facts) ?? randomUid()
    const trackedEntity = uidIn(object, 'trackedEntity', facts)
    bundle.enrollments.push({
      uid,
      trackedEntity: parent ?? trackedEntity,
      program: filledTextOf(object['program']),
      orgUnit: filledTextOf(object['orgUnit']),
      status: statusIn(object, 'org.hisp.dhis.program.EnrollmentStatus', ENROLLMENT_STATUSES),
      enrolledAt: dateIn(object, 'enrolledAt', facts),
      occurredAt: dateIn(object, 'occurredAt', facts),
      completedAt: dateIn(object, 'completedAt', facts),
      attributes: attributesIn(object),
    })
    for (const event of objectsOf(object['events'])) addEvent(event, uid)
  }

  for (const object of objectsOf(json['trackedEntities'])) {
    const uid = uidIn(object, 'trackedEntity', facts) ?? randomUid()
    bundle.trackedEntities.push({
      uid,
      type: filledTextOf(object['trackedEntityType']),
      orgUnit: filledTextOf(object['orgUnit']),
      attributes: attributesIn(object),
    })
    for (const enrollment of objectsOf(object['enrollments'])) addEnrollment(enrollment, uid)
  }
  for (const enrollment of objectsOf(json['enrollments'])) addEnrollment(enrollment, null)
  for (const event of objectsOf(json['events'])) addEvent(event, null)
  return bundle
}
