import type { Answer, Target } from './target.ts'
import { uic, uid } from './target.ts'

/** Person, enrollment and event in words of both interfaces. Undefined is left out of the request. */
export interface Event {
  uid: string
  stage?: string | undefined
  program?: string | undefined
  orgUnit?: string | undefined
  status?: string | undefined
  date?: string | undefined
  values: Record<string, string | null>
}

export interface Enrollment {
  uid: string
  program?: string | undefined
  orgUnit?: string | undefined
  status?: string | undefined
  enrolled?: string | undefined
  incident?: string | undefined
  events: Event[]
}

export interface Person {
  uid: string
  type?: string | undefined
  orgUnit?: string | undefined
  attributes: Record<string, string | null>
  enrollments: Enrollment[]
}

export const PROGRAM = 'PRGHtsTest1'
export const OTHER_PROGRAM = 'PRGTbTreat1'
export const ONCE = 'PSTHtsInit1'
const REPEATED = 'PSTHtsFoll1'
export const CLINIC = 'OUClinHre01'
export const OTHER_CLINIC = 'OUClinHre02'
/** in the tree, not assigned to the programs, and not ours to capture in */
export const DISTRICT = 'OUDistHre01'
export const NO_UNIT = 'OUNowhere01'

export function person(patch: Partial<Person> = {}): Person {
  const attributes = { TEAUicCode1: uic(), TEAFirstNm1: 'Asha', TEALastNam1: 'Test', TEABirthDt1: '1990-02-03', TEAGenderS1: 'Female' }
  return { uid: uid(), type: 'TETPerson01', orgUnit: CLINIC, attributes, enrollments: [], ...patch }
}

export function enrollment(patch: Partial<Enrollment> = {}): Enrollment {
  return {
    uid: uid(),
    program: PROGRAM,
    orgUnit: CLINIC,
    status: 'ACTIVE',
    enrolled: '2024-03-01',
    incident: '2024-03-01',
    events: [],
    ...patch,
  }
}

/** A completed event of the repeatable stage. */
export function event(patch: Partial<Event> = {}): Event {
  const values = { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '1' }
  return { uid: uid(), stage: REPEATED, program: PROGRAM, orgUnit: CLINIC, status: 'COMPLETED', date: '2024-03-05', values, ...patch }
}

/** The event of the stage that is there once, with its compulsory values. */
export function firstEvent(patch: Partial<Event> = {}): Event {
  return event({
    stage: ONCE,
    values: { DEHtsTstDt1: '2024-03-01', DEHtsResul1: 'NEGATIVE', DEHtsEntry1: 'OPD' },
    date: '2024-03-01',
    ...patch,
  })
}

type Json = Record<string, unknown>
const list = (values: Record<string, string | null>, key: string): Json[] =>
  Object.entries(values).map(([id, value]) => ({ [key]: id, value }))

function personJson(target: Target, { uid: id, type, orgUnit, attributes, enrollments }: Person): Json {
  const own = { trackedEntityType: type, orgUnit, attributes: list(attributes, 'attribute') }
  const nested = enrollments.length === 0 ? {} : { enrollments: enrollments.map((one) => enrollmentJson(target, one, id)) }
  return { [target.api === 'legacy' ? 'trackedEntityInstance' : 'trackedEntity']: id, ...own, ...nested }
}

function enrollmentJson(target: Target, one: Enrollment, owner: string): Json {
  const { program, orgUnit, status, enrolled, incident } = one
  const events = one.events.length === 0 ? {} : { events: one.events.map((event_) => eventJson(target, event_, one.uid, owner)) }
  const own = { enrollment: one.uid, program, orgUnit, status, ...events }
  return target.api === 'legacy'
    ? { ...own, trackedEntityInstance: owner, enrollmentDate: enrolled, incidentDate: incident }
    : { ...own, trackedEntity: owner, enrolledAt: enrolled, occurredAt: incident }
}

function eventJson(target: Target, one: Event, ofEnrollment: string, owner: string): Json {
  const own = {
    event: one.uid,
    program: one.program,
    programStage: one.stage,
    orgUnit: one.orgUnit,
    status: one.status,
    enrollment: ofEnrollment,
    dataValues: list(one.values, 'dataElement'),
  }
  return target.api === 'legacy' ? { ...own, trackedEntityInstance: owner, eventDate: one.date } : { ...own, occurredAt: one.date }
}

/** Query parameters after the strategy. Tracker requests are sent so that good objects are saved beside bad ones. */
function importPath(target: Target, collection: string, strategy: string, more: string): string {
  return target.api === 'legacy'
    ? `/api/${collection}?strategy=${strategy}${more}`
    : `/api/tracker?async=false&importStrategy=${strategy}&atomicMode=OBJECT${more}`
}

interface SendOptions {
  strategy?: string
  /** further query parameters, with & */
  more?: string
}

export function sendPersons(
  target: Target,
  persons: readonly Person[],
  { strategy = 'CREATE_AND_UPDATE', more = '' }: SendOptions = {},
): Promise<Answer> {
  const objects = persons.map((one) => personJson(target, one))
  const body = target.api === 'legacy' ? { trackedEntityInstances: objects } : { trackedEntities: objects }
  return target.request('POST', importPath(target, 'trackedEntityInstances', strategy, more), body)
}

export function sendEnrollments(
  target: Target,
  owner: string,
  enrollments: readonly Enrollment[],
  { strategy = 'CREATE_AND_UPDATE', more = '' }: SendOptions = {},
): Promise<Answer> {
  return target.request('POST', importPath(target, 'enrollments', strategy, more), {
    enrollments: enrollments.map((one) => enrollmentJson(target, one, owner)),
  })
}

export function sendEvents(
  target: Target,
  owner: string,
  ofEnrollment: string,
  events: readonly Event[],
  { strategy = 'CREATE_AND_UPDATE', more = '' }: SendOptions = {},
): Promise<Answer> {
  return target.request('POST', importPath(target, 'events', strategy, more), {
    events: events.map((one) => eventJson(target, one, ofEnrollment, owner)),
  })
}

/** Deletes softly, as somebody in DHIS2 does. */
export async function remove(target: Target, kind: 'person' | 'enrollment' | 'event', id: string): Promise<Answer> {
  if (target.api === 'legacy') {
    const collection = { person: 'trackedEntityInstances', enrollment: 'enrollments', event: 'events' }[kind]
    return target.request('DELETE', `/api/${collection}/${id}`)
  }
  const [collection, key] = {
    person: ['trackedEntities', 'trackedEntity'],
    enrollment: ['enrollments', 'enrollment'],
    event: ['events', 'event'],
  }[kind] as [string, string]
  return target.request('POST', '/api/tracker?async=false&importStrategy=DELETE', { [collection]: [{ [key]: id }] })
}

interface Summary {
  status: string
  reference?: string
  description?: string
  importCount: { imported: number; updated: number }
  conflicts?: { object: string; value: string }[]
  enrollments?: { importSummaries?: Summary[] }
  events?: { importSummaries?: Summary[] }
}

function summariesOf(answer: Answer): Summary[] {
  const response = answer.body?.response
  const top: Summary[] = response?.importSummaries ?? (response?.responseType === 'ImportSummary' ? [response] : [])
  const nested = (summary: Summary): Summary[] => [
    summary,
    ...(summary.enrollments?.importSummaries ?? []).flatMap(nested),
    ...(summary.events?.importSummaries ?? []).flatMap(nested),
  ]
  return top.flatMap(nested)
}

/**
 * What an answer says of an object, in one line:
 * `saved`, `warned …`, `refused …` (E-codes or texts, «uid» for its own), `nothing …` (said to be well, and not saved),
 * `silent` (no word), `whole 500` (the request was refused without a report).
 */
export function verdict(target: Target, answer: Answer, id: string): string {
  return target.api === 'legacy' ? legacyVerdict(answer, id) : trackerVerdict(answer, id)
}

function trackerVerdict(answer: Answer, id: string): string {
  const report = answer.body?.validationReport
  if (report === undefined) return `whole ${answer.status}`
  const codes: string[] = report.errorReports
    .filter((error: { uid: string }) => error.uid === id)
    .map((error: { errorCode: string }) => error.errorCode)
  if (codes.length > 0) return `refused ${[...new Set(codes)].toSorted().join(' ')}`
  const types = Object.values<{ objectReports: { uid: string }[] }>(answer.body.bundleReport?.typeReportMap ?? {})
  return types.some((type) => type.objectReports.some((object) => object.uid === id)) ? 'saved' : 'silent'
}

function legacyVerdict(answer: Answer, id: string): string {
  const summaries = summariesOf(answer)
  if (answer.body?.response === undefined) return `whole ${answer.status}`
  const summary = summaries.find((one) => one.reference === id)
  if (summary === undefined) return 'silent'
  const why = [summary.description, ...(summary.conflicts ?? []).map((conflict) => conflict.value)]
    .filter((text) => text !== undefined)
    .join(' + ')
    .replaceAll(id, '«uid»')
  if (summary.status === 'ERROR') return `refused ${why}`
  if (summary.status === 'WARNING') return `warned ${why}`
  const { imported, updated } = summary.importCount
  return imported + updated === 0 && why !== '' ? `nothing ${why}` : 'saved'
}

/** What was read, in the words above and in an order of its own. Dates are cut to the day. */
export interface ReadEvent {
  uid: string
  stage: string
  orgUnit: string
  status: string
  date: string | undefined
  completed: boolean
  values: Record<string, string>
}

interface ReadEnrollment {
  uid: string
  program: string
  orgUnit: string | undefined
  status: string
  enrolled: string
  incident: string | undefined
  completed: boolean
  events: ReadEvent[]
}

export interface ReadPerson {
  uid: string
  orgUnit: string
  attributes: Record<string, string>
  enrollments: ReadEnrollment[]
}

const day = (text: string | undefined): string | undefined => text?.slice(0, 10)
const byUid = <T extends { uid: string }>(objects: T[]): T[] => objects.toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
const valuesOf = (values: Record<string, string>[], key: string): Record<string, string> =>
  Object.fromEntries((values ?? []).map((entry) => [entry[key] ?? '', entry['value'] ?? '']))

const LEGACY_FIELDS =
  'trackedEntityInstance,orgUnit,attributes[attribute,value],enrollments[enrollment,program,status,enrollmentDate,incidentDate,completedDate,orgUnit,' +
  'events[event,programStage,status,eventDate,completedDate,orgUnit,dataValues[dataElement,value]]]'
const TRACKER_FIELDS =
  'trackedEntity,orgUnit,attributes[attribute,value],enrollments[enrollment,program,status,enrolledAt,occurredAt,completedAt,orgUnit,' +
  'events[event,programStage,status,occurredAt,completedAt,orgUnit,dataValues[dataElement,value]]]'

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of either interface
function personOf(json: any): ReadPerson {
  return {
    uid: json.trackedEntity ?? json.trackedEntityInstance,
    orgUnit: json.orgUnit,
    attributes: valuesOf(json.attributes, 'attribute'),
    // oxlint-disable-next-line typescript/no-explicit-any -- JSON of either interface
    enrollments: byUid((json.enrollments ?? []).map((one: any) => enrollmentOf(one))),
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of either interface
function enrollmentOf(json: any): ReadEnrollment {
  return {
    uid: json.enrollment,
    program: json.program,
    orgUnit: json.orgUnit,
    status: json.status,
    enrolled: day(json.enrolledAt ?? json.enrollmentDate) ?? '',
    incident: day('enrolledAt' in json ? json.occurredAt : json.incidentDate),
    completed: (json.completedAt ?? json.completedDate) !== undefined,
    // oxlint-disable-next-line typescript/no-explicit-any -- JSON of either interface
    events: byUid((json.events ?? []).map((one: any) => eventOf(one))),
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of either interface
function eventOf(json: any): ReadEvent {
  return {
    uid: json.event,
    stage: json.programStage,
    orgUnit: json.orgUnit,
    status: json.status,
    date: day(json.occurredAt ?? json.eventDate),
    completed: (json.completedAt ?? json.completedDate) !== undefined,
    values: valuesOf(json.dataValues, 'dataElement'),
  }
}

/** A person with all that is below; null when there is none. */
export async function readPerson(target: Target, id: string): Promise<ReadPerson | null> {
  const answer = await target.get(
    target.api === 'legacy'
      ? `/api/trackedEntityInstances/${id}?fields=${LEGACY_FIELDS}`
      : `/api/tracker/trackedEntities/${id}?fields=${TRACKER_FIELDS}`,
  )
  return answer.status === 404 ? null : personOf(answer.body)
}

/** Those of the persons that are there, in the order asked for. */
export async function readPersons(target: Target, ids: readonly string[]): Promise<(ReadPerson | null)[]> {
  // 2.30 stumbles over lists with persons that are not there
  if (target.minor === 30) return Promise.all(ids.map((id) => readPerson(target, id)))
  const answer = await target.get(
    target.api === 'legacy'
      ? `/api/trackedEntityInstances?trackedEntityType=TETPerson01&trackedEntityInstance=${ids.join(';')}&fields=${LEGACY_FIELDS}`
      : `/api/tracker/trackedEntities?trackedEntities=${ids.join(',')}&fields=${TRACKER_FIELDS}`,
  )
  const found = (answer.body.trackedEntityInstances ?? answer.body.trackedEntities).map(personOf) as ReadPerson[]
  return ids.map((id) => found.find((one) => one.uid === id) ?? null)
}
