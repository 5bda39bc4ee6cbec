/** The adapter to the API before /api/tracker, for 2.30 to 2.41: the endpoints, strategies and rounds of the technical document. */
import { groupBy } from '../core/group-by.ts'
import type {
  Dhis2Enrollment,
  Dhis2Event,
  Dhis2TrackedEntity,
  EnrollmentPayload,
  EnrollmentStatus,
  EventPayload,
  ImportReport,
  ObjectResult,
  TrackedEntityPayload,
} from '../core/model.ts'
import { fieldsOf } from '../core/payload.ts'
import { catalogueOf } from './catalogue.ts'
import type { Dhis2Client, SystemInfo } from './client.ts'
import { RequestRefused, UnsupportedServer } from './errors.ts'
import { messageOf, type Http, type Query } from './http.ts'
import { parseSummaries, type SentObject } from './legacy-report.ts'
import { readMetadata } from './metadata.ts'
import { inParts, UIDS_IN_URL } from './paging.ts'
import { searchQueries } from './search.ts'

interface RawPerson {
  trackedEntityInstance: string
  trackedEntityType?: string
  orgUnit: string
  attributes?: { attribute: string; value: string }[]
  enrollments?: RawEnrollment[]
}
interface RawEnrollment {
  enrollment: string
  program: string
  orgUnit?: string
  status: EnrollmentStatus
  enrollmentDate: string
  incidentDate?: string
  completedDate?: string
  events?: RawEvent[]
}
interface RawEvent {
  event: string
  programStage: string
  orgUnit?: string
  eventDate?: string
  status: Dhis2Event['status']
  dataValues?: { dataElement: string; value: string }[]
}

const PERSON = 'trackedEntityInstance,trackedEntityType,orgUnit,attributes[attribute,value]'
const ENROLLMENT = 'enrollment,program,orgUnit,status,enrollmentDate,incidentDate,completedDate'
const EVENT = 'event,programStage,orgUnit,eventDate,status,dataValues[dataElement,value]'
const STRATEGY: Query = [['strategy', 'CREATE_AND_UPDATE']]
/** without it 50 of a list come, silently (2.41); unknown to none of the versions */
const ALL = ['skipPaging', 'true'] as const

export function legacyClient(http: Http, server: SystemInfo): Dhis2Client {
  const persons = async (query: Query) =>
    ((await http.get('trackedEntityInstances', [...query, ALL])) as { trackedEntityInstances?: RawPerson[] }).trackedEntityInstances ?? []

  /** 2.30 answers 500 when one of the persons is not there and happens to come first (cases 19, 21): they are asked for in ever smaller parts. */
  async function personsByUid(uids: readonly string[], query: Query): Promise<RawPerson[]> {
    try {
      return await persons([['trackedEntityInstance', uids.join(';')], ...query])
    } catch (error) {
      if (!(error instanceof RequestRefused) || error.status !== 500) throw error
      if (uids.length === 1) return (await isThere(uids[0]!)) ? Promise.reject(error) : []
      const half = uids.length >> 1
      return [...(await personsByUid(uids.slice(0, half), query)), ...(await personsByUid(uids.slice(half), query))]
    }
  }

  async function isThere(uid: string): Promise<boolean> {
    try {
      await http.get(`trackedEntityInstances/${uid}`, [['fields', 'trackedEntityInstance']])
      return true
    } catch (error) {
      if (error instanceof RequestRefused && error.status === 404) return false
      throw error
    }
  }

  async function readPersons(uids: readonly string[], query: Query): Promise<RawPerson[]> {
    const asked = new Set(uids)
    const found: RawPerson[] = []
    for (const part of inParts([...asked], UIDS_IN_URL)) found.push(...(await personsByUid(part, query)))
    return found.filter((person) => asked.has(person.trackedEntityInstance))
  }

  async function post(
    path: string,
    list: string,
    bodies: readonly unknown[],
    sent: readonly SentObject[],
    divisible?: boolean,
  ): Promise<ImportReport> {
    const answer = await http.post(path, STRATEGY, { [list]: bodies }, divisible)
    const report = parseSummaries(answer.body, sent, list === 'enrollments' ? 'enrollment' : 'trackedEntity')
    if (!report) throw new RequestRefused({ status: answer.status, detail: messageOf(answer.body) })
    return report
  }

  const client: Dhis2Client = {
    api: 'legacy',
    server,
    canValidate: false,
    addsEventsToAnyEnrollment: false,
    ...catalogueOf(http),
    readMetadata: (programs) => readMetadata(http, programs),

    async searchTrackedEntities(trackedEntityType, filters) {
      const found = new Map<string, Dhis2TrackedEntity>()
      const fixed: Query = [
        ['trackedEntityType', trackedEntityType],
        ['ouMode', 'ACCESSIBLE'],
        ['includeAllAttributes', 'true'],
        ['fields', PERSON],
      ]
      for (const query of searchQueries(filters, false))
        for (const raw of await persons([...fixed, ...query])) found.set(raw.trackedEntityInstance, personOf(raw))
      return [...found.values()]
    },

    async readTrackedEntities(uids) {
      return (
        await readPersons(uids, [
          ['includeAllAttributes', 'true'],
          ['fields', PERSON],
        ])
      ).map(personOf)
    },

    async readEnrollments(program, trackedEntities) {
      const found = await readPersons(trackedEntities, [
        ['program', program],
        ['fields', `trackedEntityInstance,enrollments[${ENROLLMENT}]`],
      ])
      // 2.30 gives the enrollments of every program (case 21)
      return found.flatMap((person) => (person.enrollments ?? []).filter((e) => e.program === program).map((e) => enrollmentOf(e, person)))
    },

    async readEvents(program, enrollments) {
      const asked = new Set(enrollments.map((e) => e.enrollment))
      const query: Query = [
        ['program', program],
        ['fields', `trackedEntityInstance,enrollments[enrollment,events[${EVENT}]]`],
      ]
      const found = await readPersons(
        enrollments.map((e) => e.trackedEntity),
        query,
      )
      return found.flatMap((person) =>
        (person.enrollments ?? [])
          .filter((e) => asked.has(e.enrollment))
          .flatMap((e) => (e.events ?? []).map((event) => eventOf(event, e.enrollment))),
      )
    },

    async importTrackedEntities(trackedEntities, options = {}) {
      if (options.validateOnly)
        throw new UnsupportedServer('The legacy API cannot validate without saving (2.30 saves in spite of dryRun=true).')
      const sent = trackedEntities.map((te) => ({ uid: te.trackedEntity, events: [] }))
      const report = await post(
        'trackedEntityInstances',
        'trackedEntityInstances',
        trackedEntities.map(personBody),
        sent,
        options.divisible,
      )
      return withUnclearedWarnings(client, trackedEntities, report)
    },

    async importEnrollments(enrollments, options = {}) {
      if (options.validateOnly)
        throw new UnsupportedServer('The legacy API cannot validate without saving (2.30 saves in spite of dryRun=true).')
      const prepared = await withWholeEvents(client, enrollments)
      const first = await post(
        'enrollments',
        'enrollments',
        prepared.map((e) => enrollmentBody(e, firstStatus(e))),
        prepared.map((e) => ({ uid: e.enrollment, events: e.events.map((event) => event.event) })),
        options.divisible,
      )
      const report = new Map(first)
      const closing = prepared.filter((e) => firstStatus(e) !== finalStatus(e) && first.get(e.enrollment)?.state !== 'refused')
      if (closing.length === 0) return report
      const second = await post(
        'enrollments',
        'enrollments',
        closing.map((e) => enrollmentBody({ ...e, events: [] }, finalStatus(e))),
        closing.map((e) => ({ uid: e.enrollment, events: [] })),
        options.divisible,
      )
      for (const [uid, result] of second) if (result.state === 'refused') report.set(uid, result)
      return report
    },

    close: () => http.close(),
  }
  return client
}

const finalStatus = (e: EnrollmentPayload): EnrollmentStatus => e.fields?.status ?? e.existing!.status

/**
 * A new event goes to the person's ACTIVE enrollment, whatever it names (2.30, point 1; 11: completing with a new event refuses the event). So an
 * enrollment with new events is ACTIVE while they are sent, and gets its final status after.
 */
const firstStatus = (e: EnrollmentPayload): EnrollmentStatus => (e.events.some((event) => !event.exists) ? 'ACTIVE' : finalStatus(e))

/**
 * An update of an event replaces its data values (2.30 and 2.41, case 17): what others entered is sent back with ours. Says also which of the events
 * that may exist really do.
 */
async function withWholeEvents(client: Dhis2Client, enrollments: readonly EnrollmentPayload[]): Promise<EnrollmentPayload[]> {
  const there = new Map<string, Dhis2Event>()
  const asking = enrollments.filter((e) => e.existing !== null && e.events.some((event) => event.exists))
  for (const [program, ofProgram] of groupBy(asking, (e) => e.program))
    for (const event of await client.readEvents(program, ofProgram)) there.set(event.event, event)
  return enrollments.map((e) => ({ ...e, events: e.events.map((event) => wholeEvent(event, there.get(event.event))) }))
}

function wholeEvent(event: EventPayload, there: Dhis2Event | undefined): EventPayload {
  const values = new Map<string, string>(there?.dataValues)
  for (const { dataElement, value } of event.dataValues) {
    if (value === null) values.delete(dataElement)
    else values.set(dataElement, value)
  }
  return { ...event, exists: there !== undefined, dataValues: [...values].map(([dataElement, value]) => ({ dataElement, value })) }
}

/** 2.30 answers "updated" and keeps the old value when an attribute is emptied (case 07): say so instead of calling it done. */
async function withUnclearedWarnings(
  client: Dhis2Client,
  sent: readonly TrackedEntityPayload[],
  report: ImportReport,
): Promise<ImportReport> {
  const clearing = sent.filter((te) => te.attributes.some((a) => a.value === null) && report.get(te.trackedEntity)?.state === 'updated')
  if (clearing.length === 0) return report
  const now = new Map((await client.readTrackedEntities(clearing.map((te) => te.trackedEntity))).map((te) => [te.trackedEntity, te]))
  const results = new Map<string, ObjectResult>(report)
  for (const { trackedEntity, attributes } of clearing) {
    const kept = attributes.filter((a) => a.value === null && (now.get(trackedEntity)?.attributes.get(a.attribute) ?? '') !== '')
    const warnings = kept.map((a) => ({
      code: 'NOT_CLEARED',
      message: `DHIS2 ${client.server.version} cannot empty attribute ${a.attribute}: clear it there by hand`,
      field: a.attribute,
    }))
    if (warnings.length > 0) results.set(trackedEntity, { state: 'updated', warnings })
  }
  return results
}

const personBody = (te: TrackedEntityPayload) => ({
  trackedEntityInstance: te.trackedEntity,
  trackedEntityType: te.trackedEntityType,
  orgUnit: te.orgUnit,
  attributes: te.attributes.map((a) => ({ attribute: a.attribute, value: a.value ?? '' })),
})

function enrollmentBody(e: EnrollmentPayload, status: EnrollmentStatus) {
  const { orgUnit, enrolledAt, occurredAt } = e.fields ?? fieldsOf(e.existing!)
  return {
    enrollment: e.enrollment,
    trackedEntityInstance: e.trackedEntity,
    program: e.program,
    orgUnit,
    enrollmentDate: enrolledAt,
    incidentDate: occurredAt,
    // never without: 2.30 then skips the check for another active one (case 12)
    status,
    events: e.events.map((event) => ({
      event: event.event,
      trackedEntityInstance: e.trackedEntity,
      enrollment: e.enrollment,
      program: e.program,
      programStage: event.programStage,
      orgUnit: event.orgUnit,
      eventDate: event.occurredAt,
      status: event.status,
      dataValues: event.dataValues,
    })),
  }
}

const personOf = (raw: RawPerson): Dhis2TrackedEntity => ({
  trackedEntity: raw.trackedEntityInstance,
  trackedEntityType: raw.trackedEntityType ?? null,
  orgUnit: raw.orgUnit,
  attributes: new Map((raw.attributes ?? []).map((a) => [a.attribute, a.value])),
})

const enrollmentOf = (raw: RawEnrollment, person: RawPerson): Dhis2Enrollment => ({
  enrollment: raw.enrollment,
  trackedEntity: person.trackedEntityInstance,
  program: raw.program,
  orgUnit: raw.orgUnit ?? null,
  status: raw.status,
  enrolledAt: raw.enrollmentDate,
  occurredAt: raw.incidentDate ?? null,
  completedAt: raw.completedDate ?? null,
})

const eventOf = (raw: RawEvent, enrollment: string): Dhis2Event => ({
  event: raw.event,
  enrollment,
  programStage: raw.programStage,
  orgUnit: raw.orgUnit ?? null,
  occurredAt: raw.eventDate ?? null,
  status: raw.status,
  dataValues: new Map((raw.dataValues ?? []).map((d) => [d.dataElement, d.value])),
})
