/** The adapter to /api/tracker, for 2.36 to 2.43. */
import { groupBy } from '../core/group-by.ts'
import type {
  Dhis2Enrollment,
  Dhis2Event,
  Dhis2TrackedEntity,
  EnrollmentPayload,
  ImportReport,
  TrackedEntityPayload,
} from '../core/model.ts'
import { catalogueOf } from './catalogue.ts'
import type { Dhis2Client, ImportOptions, SystemInfo } from './client.ts'
import { RequestRefused } from './errors.ts'
import { messageOf, type Http, type Query } from './http.ts'
import { readMetadata } from './metadata.ts'
import { inParts, UIDS_IN_URL } from './paging.ts'
import { searchQueries } from './search.ts'
import { parseReport, type Sent } from './tracker-report.ts'

interface RawTrackedEntity {
  trackedEntity: string
  trackedEntityType?: string
  orgUnit: string
  attributes?: { attribute: string; value: string }[]
  enrollments?: RawEnrollment[]
}
type RawEnrollment = Omit<Dhis2Enrollment, 'completedAt' | 'occurredAt' | 'orgUnit'> & {
  completedAt?: string
  occurredAt?: string
  orgUnit?: string
}
interface RawEvent {
  event: string
  enrollment: string
  programStage: string
  orgUnit?: string
  occurredAt?: string
  status: Dhis2Event['status']
  dataValues?: { dataElement: string; value: string }[]
}

const PERSON = 'trackedEntity,trackedEntityType,orgUnit,attributes[attribute,value]'
const ENROLLMENT = 'enrollment,trackedEntity,program,orgUnit,status,enrolledAt,occurredAt,completedAt'
const EVENT = 'event,enrollment,programStage,orgUnit,occurredAt,status,dataValues[dataElement,value]'

export function trackerClient(http: Http, server: SystemInfo): Dhis2Client {
  // 2.41 knows both, 2.42 ignores the old names without a word
  const newNames = server.minor >= 41
  const uidList = (uids: readonly string[]) => uids.join(newNames ? ',' : ';')
  const name = {
    trackedEntities: newNames ? 'trackedEntities' : 'trackedEntity',
    orgUnitMode: newNames ? 'orgUnitMode' : 'ouMode',
    all: (newNames ? ['paging', 'false'] : ['skipPaging', 'true']) as readonly [string, string],
  }

  async function list<Raw>(path: string, query: Query): Promise<Raw[]> {
    const body = (await http.get(`tracker/${path}`, [...query, name.all])) as Record<string, Raw[] | undefined>
    return body[path] ?? body['instances'] ?? []
  }

  async function importObjects(
    objects: Record<string, readonly unknown[]>,
    sent: readonly Sent[],
    { validateOnly, divisible }: ImportOptions,
  ): Promise<ImportReport> {
    const query: Query = [
      ['async', 'false'],
      ['importStrategy', 'CREATE_AND_UPDATE'],
      ['atomicMode', 'OBJECT'],
      ['importMode', validateOnly ? 'VALIDATE' : 'COMMIT'],
    ]
    const answer = await http.post('tracker', query, objects, divisible)
    const report = parseReport(answer.body, sent, validateOnly !== undefined)
    if (!report) throw new RequestRefused({ status: answer.status, detail: messageOf(answer.body) })
    return report
  }

  return {
    api: 'tracker',
    server,
    canValidate: true,
    addsEventsToAnyEnrollment: true,
    ...catalogueOf(http),
    readMetadata: (programs) => readMetadata(http, programs),

    async searchTrackedEntities(trackedEntityType, filters) {
      const found = new Map<string, Dhis2TrackedEntity>()
      for (const query of searchQueries(filters, newNames)) {
        const fixed: Query = [
          ['trackedEntityType', trackedEntityType],
          [name.orgUnitMode, 'ACCESSIBLE'],
          ['fields', PERSON],
        ]
        for (const raw of await list<RawTrackedEntity>('trackedEntities', [...fixed, ...query]))
          found.set(raw.trackedEntity, trackedEntityOf(raw))
      }
      return [...found.values()]
    },

    async readTrackedEntities(uids) {
      const asked = new Set(uids)
      const found: Dhis2TrackedEntity[] = []
      for (const part of inParts([...asked], UIDS_IN_URL)) {
        const raw = await list<RawTrackedEntity>('trackedEntities', [
          [name.trackedEntities, uidList(part)],
          [name.orgUnitMode, 'ACCESSIBLE'],
          ['fields', PERSON],
        ])
        found.push(...raw.filter((te) => asked.has(te.trackedEntity)).map(trackedEntityOf))
      }
      return found
    },

    async readEnrollments(program, trackedEntities) {
      const asked = new Set(trackedEntities)
      const found: Dhis2Enrollment[] = []
      for (const part of inParts([...asked], UIDS_IN_URL)) {
        const query: Query = [
          [name.trackedEntities, uidList(part)],
          ['program', program],
          [name.orgUnitMode, 'ACCESSIBLE'],
          ['fields', `trackedEntity,enrollments[${ENROLLMENT}]`],
        ]
        for (const raw of await list<RawTrackedEntity>('trackedEntities', query)) {
          if (asked.has(raw.trackedEntity)) found.push(...(raw.enrollments ?? []).filter((e) => e.program === program).map(enrollmentOf))
        }
      }
      return found
    },

    async readEvents(program, enrollments) {
      const asked = new Set(enrollments.map((e) => e.enrollment))
      const found: Dhis2Event[] = []
      for (const part of inParts([...asked], UIDS_IN_URL)) {
        const raw = await list<RawEvent>('events', [
          ['program', program],
          ['enrollments', uidList(part)],
          [name.orgUnitMode, 'ACCESSIBLE'],
          ['fields', EVENT],
        ])
        found.push(...raw.filter((e) => asked.has(e.enrollment)).map(eventOf))
      }
      return found
    },

    importTrackedEntities(trackedEntities, options = {}) {
      return importObjects({ trackedEntities: trackedEntities.map(personBody) }, trackedEntities.map(sentPerson), options)
    },

    importEnrollments(enrollments, options = {}) {
      const context = contextOf(enrollments, options)
      const all = [...context.enrollments, ...enrollments]
      const objects = {
        ...(context.trackedEntities.length > 0 && { trackedEntities: context.trackedEntities.map(personBody) }),
        // of one uid only its last state: a shared enrollment comes several times in a dry run
        enrollments: [
          ...groupBy(
            all.filter((e) => e.fields !== null),
            (e) => e.enrollment,
          ).values(),
        ].map((same) => enrollmentBody(same.at(-1)!)),
        events: all.flatMap(eventBodies),
      }
      return importObjects(objects, enrollments.flatMap(sentEnrollment), options)
    },

    close: () => http.close(),
  }
}

function contextOf(
  enrollments: readonly EnrollmentPayload[],
  { validateOnly }: ImportOptions,
): { trackedEntities: readonly TrackedEntityPayload[]; enrollments: EnrollmentPayload[] } {
  if (!validateOnly) return { trackedEntities: [], enrollments: [] }
  const persons = new Set(enrollments.map((e) => e.trackedEntity))
  return {
    trackedEntities: validateOnly.trackedEntities.filter((te) => persons.has(te.trackedEntity)),
    enrollments: validateOnly.enrollments.filter((e) => persons.has(e.trackedEntity)),
  }
}

const personBody = ({ trackedEntity, trackedEntityType, orgUnit, attributes }: TrackedEntityPayload) => ({
  trackedEntity,
  trackedEntityType,
  orgUnit,
  attributes,
})

const enrollmentBody = ({ enrollment, trackedEntity, program, fields }: EnrollmentPayload) => ({
  enrollment,
  trackedEntity,
  program,
  ...fields,
})

const eventBodies = ({ enrollment, trackedEntity, program, events }: EnrollmentPayload) =>
  events.map(({ event, programStage, orgUnit, occurredAt, status, dataValues }) => ({
    event,
    enrollment,
    trackedEntity,
    program,
    programStage,
    orgUnit,
    occurredAt,
    status,
    dataValues,
  }))

const sentPerson = (te: TrackedEntityPayload): Sent => ({ uid: te.trackedEntity, parent: null, exists: te.exists })

const sentEnrollment = (e: EnrollmentPayload): Sent[] => [
  ...(e.fields ? [{ uid: e.enrollment, parent: null, exists: e.existing !== null }] : []),
  ...e.events.map((event) => ({ uid: event.event, parent: e.enrollment, exists: event.exists })),
]

const trackedEntityOf = (raw: RawTrackedEntity): Dhis2TrackedEntity => ({
  trackedEntity: raw.trackedEntity,
  trackedEntityType: raw.trackedEntityType ?? null,
  orgUnit: raw.orgUnit,
  attributes: new Map((raw.attributes ?? []).map((a) => [a.attribute, a.value])),
})

const enrollmentOf = (raw: RawEnrollment): Dhis2Enrollment => ({
  ...raw,
  orgUnit: raw.orgUnit ?? null,
  occurredAt: raw.occurredAt ?? null,
  completedAt: raw.completedAt ?? null,
})

const eventOf = (raw: RawEvent): Dhis2Event => ({
  event: raw.event,
  enrollment: raw.enrollment,
  programStage: raw.programStage,
  orgUnit: raw.orgUnit ?? null,
  occurredAt: raw.occurredAt ?? null,
  status: raw.status,
  dataValues: new Map((raw.dataValues ?? []).map((d) => [d.dataElement, d.value])),
})
