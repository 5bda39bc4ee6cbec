import { parseTimestamp } from './dates.ts'
import { EMBEDDED, type FieldSelection, type Node, parseFields, selectFields } from './fields-filter.ts'
import { type Call, enumParameter, htmlPage, numberParameter, refusal, type Reply } from './http.ts'
import type { JsonObject } from './json.ts'
import type { MetadataIndex } from './metadata.ts'
import { findPersons, fulfils, orgUnitMode, type OrgUnitMode, readFilters, unitsOf } from './search.ts'
import { type Enrollment, type Event, living, type StoredValue, type TrackedEntity, type TrackerState } from './state.ts'
import { isUid } from './uid.ts'
import type { Account, SandboxUser } from './users.ts'
import type { VersionFacts } from './versions.ts'

export interface ReadContext {
  state: TrackerState
  metadata: MetadataIndex
  facts: VersionFacts
  account: Account
  users: readonly SandboxUser[]
}

/** DHIS2's category option combination of those who have none. */
const DEFAULT_COMBO = 'HllvX50cXC0'
const DEFAULT_OPTION = 'xYerKDKCefk'
const MAX_PAGE = 50_000

function userNode(username: string, context: ReadContext): Node {
  const user = context.users.find((candidate) => candidate.username === username)
  return { uid: user?.uid, username, firstName: user?.firstName, surname: user?.surname }
}

function attributeNodes(
  attributes: ReadonlyMap<string, StoredValue>,
  wanted: ReadonlyMap<string, boolean> | null,
  context: ReadContext,
): Node[] {
  return [...attributes]
    .filter(([uid]) => wanted === null || wanted.has(uid))
    .map(([uid, stored]) => ({
      attribute: uid,
      displayName: context.metadata.attributes.get(uid)?.name,
      createdAt: stored.created,
      updatedAt: stored.updated,
      storedBy: stored.storedBy,
      valueType: context.metadata.attributes.get(uid)?.valueType,
      value: stored.value,
    }))
}

const newestFirst = <T>(list: readonly T[]): T[] => list.toReversed()

/** What is shown of deleted objects below: nothing, unless asked for. */
function visible<T extends Enrollment | Event>(objects: readonly T[], includeDeleted: boolean): T[] {
  return newestFirst(includeDeleted ? objects : living(objects))
}

function personNode(person: TrackedEntity, program: string | null, includeDeleted: boolean, context: ReadContext): Node {
  return {
    [EMBEDDED]: true,
    trackedEntity: person.uid,
    trackedEntityType: person.type,
    createdAt: person.created,
    updatedAt: person.updated,
    orgUnit: person.orgUnit,
    inactive: false,
    deleted: person.deleted,
    potentialDuplicate: false,
    createdBy: () => userNode(person.createdBy, context),
    updatedBy: () => userNode(person.updatedBy, context),
    relationships: [],
    attributes: () =>
      attributeNodes(person.attributes, program === null ? null : (context.metadata.programs.get(program)?.attributes ?? null), context),
    enrollments: () =>
      visible(person.enrollments, includeDeleted)
        .filter((enrollment) => program === null || enrollment.program === program)
        .map((enrollment) => enrollmentNode(enrollment, includeDeleted, context)),
    programOwners: () =>
      [...new Map(person.enrollments.map((enrollment) => [enrollment.program, enrollment])).values()]
        .filter((enrollment) => program === null || enrollment.program === program)
        .map((enrollment) => ({ [EMBEDDED]: true, orgUnit: enrollment.orgUnit, trackedEntity: person.uid, program: enrollment.program })),
  }
}

function enrollmentNode(enrollment: Enrollment, includeDeleted: boolean, context: ReadContext): Node {
  return {
    [EMBEDDED]: true,
    enrollment: enrollment.uid,
    createdAt: enrollment.created,
    updatedAt: enrollment.updated,
    trackedEntity: enrollment.trackedEntity.uid,
    program: enrollment.program,
    status: enrollment.status,
    orgUnit: enrollment.orgUnit ?? undefined,
    enrolledAt: enrollment.enrolledAt,
    occurredAt: enrollment.occurredAt ?? undefined,
    followUp: false,
    completedBy: enrollment.completedBy ?? undefined,
    completedAt: enrollment.completedAt ?? undefined,
    deleted: enrollment.deleted,
    // gone in 2.42, back in 2.43
    storedBy: context.facts.minor >= 43 ? enrollment.createdBy : undefined,
    createdBy: () => userNode(enrollment.createdBy, context),
    updatedBy: () => userNode(enrollment.updatedBy, context),
    attributeOptionCombo: context.facts.minor >= 43 ? DEFAULT_COMBO : undefined,
    relationships: [],
    events: () => visible(enrollment.events, includeDeleted).map((event) => eventNode(event, context)),
    attributes: () =>
      attributeNodes(enrollment.trackedEntity.attributes, context.metadata.programs.get(enrollment.program)?.attributes ?? null, context),
    notes: [],
  }
}

function eventNode(event: Event, context: ReadContext): Node {
  return {
    [EMBEDDED]: true,
    event: event.uid,
    status: event.status,
    program: event.enrollment.program,
    programStage: event.programStage,
    enrollment: event.enrollment.uid,
    trackedEntity: event.enrollment.trackedEntity.uid,
    orgUnit: event.orgUnit,
    relationships: [],
    occurredAt: event.occurredAt ?? undefined,
    scheduledAt: event.scheduledAt ?? undefined,
    storedBy: event.createdBy,
    followUp: false,
    followup: context.facts.minor <= 41 ? false : undefined,
    deleted: event.deleted,
    createdAt: event.created,
    updatedAt: event.updated,
    attributeOptionCombo: DEFAULT_COMBO,
    attributeCategoryOptions: DEFAULT_OPTION,
    completedBy: event.completedBy ?? undefined,
    completedAt: event.completedAt ?? undefined,
    createdBy: () => userNode(event.createdBy, context),
    updatedBy: () => userNode(event.updatedBy, context),
    dataValues: () =>
      [...event.dataValues].map(([dataElement, stored]) => ({
        [EMBEDDED]: true,
        createdAt: stored.created,
        updatedAt: stored.updated,
        storedBy: stored.storedBy,
        providedElsewhere: false,
        dataElement,
        value: stored.value,
      })),
    notes: [],
  }
}

function selectionOf(call: Call, otherwise: string): FieldSelection {
  return parseFields(call.query.getAll('fields').join(',') || otherwise)
}

const PERSON_FIELDS = '*,!relationships,!enrollments,!events,!programOwners'
const ENROLLMENT_FIELDS = '*,!relationships,!events,!attributes'
const EVENT_FIELDS = '*,!relationships'

function isTrue(call: Call, name: string): boolean {
  return call.query.get(name)?.toLowerCase() === 'true'
}

/** A page of a list, with its pager as the version has it. */
function page<T>(call: Call, context: ReadContext, name: string, objects: readonly T[], show: (object: T) => JsonObject): Reply {
  const { facts } = context
  const unpaged = call.query.get('paging')?.toLowerCase() === 'false' || (facts.minor <= 41 && isTrue(call, 'skipPaging'))
  if (unpaged) return { status: 200, body: { [name]: objects.map(show) } }
  const size = numberParameter(call, 'pageSize', 50)
  const at = numberParameter(call, 'page', 1)
  const shown = objects.slice((at - 1) * size, at * size)
  const totals = isTrue(call, 'totalPages') ? { total: objects.length, pageCount: Math.ceil(objects.length / size) } : {}
  const pager: JsonObject = { page: at, pageSize: size, ...totals }
  if (facts.minor <= 41) return { status: 200, body: { pager, ...pager, [name]: shown.map(show) } }
  const link = (to: number): string => {
    const parameters = [...call.query].filter(([key]) => key !== 'page').map(([key, value]) => `${key}=${value}`)
    return `${call.base}${call.path}?${[...parameters, `page=${to}`].join('&')}`
  }
  if (at > 1) pager['prevPage'] = link(at - 1)
  if (objects.length > at * size) pager['nextPage'] = link(at + 1)
  return { status: 200, body: { pager, [name]: shown.map(show) } }
}

function checkPageSize(call: Call): void {
  const size = numberParameter(call, 'pageSize', 50)
  if (size > MAX_PAGE) {
    throw refusal(400, `Invalid page size: ${size}. It must not exceed the system limit of KeyTrackedEntityMaxLimit ${MAX_PAGE}.`, 'E1003')
  }
}

/** A list parameter: its name of 2.41 (`,`), and the older one (`;`) that 2.42 passes over. */
function listOf(call: Call, facts: VersionFacts, name: string, older: string | null): string[] | null {
  const value = call.query.get(name)
  if (value !== null) return value === '' ? [] : value.split(',')
  const old = facts.minor <= 41 && older !== null ? call.query.get(older) : null
  return old === null || old === '' ? null : old.split(';')
}

function bad(message: string): Error {
  return refusal(400, message, 'E1003')
}

/** The org units of a query; `inCapture` says whether all of it lies where the account captures. */
function orgUnitsOf(
  call: Call,
  context: ReadContext,
  parameter: 'orgUnits' | 'orgUnit',
): { units: ReadonlySet<string> | null; inCapture: boolean; mode: OrgUnitMode } {
  const { facts, metadata, account } = context
  const asked =
    parameter === 'orgUnits' ? (listOf(call, facts, 'orgUnits', 'orgUnit') ?? []) : (call.query.get('orgUnit')?.split(',') ?? [])
  for (const uid of asked) if (!metadata.orgUnits.has(uid)) throw bad(`Organisation unit does not exist: ${uid}`)
  const given = orgUnitMode(call, facts, 'orgUnitMode') ?? (facts.minor <= 41 ? orgUnitMode(call, facts, 'ouMode') : null)
  const mode = given ?? (asked.length > 0 ? 'SELECTED' : 'ACCESSIBLE')
  if (asked.length > 0 && (mode === 'ACCESSIBLE' || mode === 'CAPTURE' || mode === 'ALL')) {
    throw bad(`orgUnitMode ${mode} cannot be used with orgUnits. Please remove the orgUnit parameter and try again.`)
  }
  if (asked.length === 0 && (mode === 'SELECTED' || mode === 'DESCENDANTS' || mode === 'CHILDREN')) {
    throw bad(`At least one org unit is required for orgUnitMode: ${mode}`)
  }
  const units = unitsOf(mode, asked, metadata, account)
  return { units, mode, inCapture: account.superuser || (units !== null && [...units].every((uid) => account.captureScope.has(uid))) }
}

function knownProgram(call: Call, context: ReadContext): string | null {
  const uid = call.query.get('program')
  if (uid === null || uid === '') return null
  if (!context.metadata.programs.has(uid)) throw bad(`Program is specified but does not exist: ${uid}`)
  return uid
}

const ENROLLMENT_STATUSES = ['ACTIVE', 'COMPLETED', 'CANCELLED'] as const
const EVENT_STATUSES = ['ACTIVE', 'COMPLETED', 'VISITED', 'SCHEDULE', 'OVERDUE', 'SKIPPED'] as const

function enrollmentStatus(call: Call, facts: VersionFacts, newName: string): string | null {
  return (
    enumParameter(call, facts, 'programStatus', ENROLLMENT_STATUSES) ??
    (facts.minor >= 42 ? enumParameter(call, facts, newName, ENROLLMENT_STATUSES) : null)
  )
}

function updatedAfter(call: Call): (object: { updated: string }) => boolean {
  const text = call.query.get('updatedAfter')
  const since = text === null ? null : parseTimestamp(text)
  return since === null ? () => true : (object) => object.updated >= since
}

/** GET tracker/trackedEntities */
function listPersons(call: Call, context: ReadContext): Reply {
  const { state, facts, metadata } = context
  const uids = listOf(call, facts, 'trackedEntities', 'trackedEntity')
  const program = knownProgram(call, context)
  const type = call.query.get('trackedEntityType')
  if (program !== null && type !== null) throw bad('`program` and `trackedEntityType` cannot be specified simultaneously')
  if (program === null && type === null && uids === null)
    throw bad('Either `program`, `trackedEntityType` or `trackedEntities` should be specified')
  if (type !== null && !metadata.trackedEntityTypes.has(type)) throw bad(`Tracked entity type is specified but does not exist: ${type}`)
  const { units, inCapture } = orgUnitsOf(call, context, 'orgUnits')
  checkPageSize(call)
  const filters = readFilters(call, true)
  for (const { field } of filters) if (!metadata.attributes.has(field)) throw bad(`Attribute does not exist: ${field}`)
  // program and type of the reference servers ask for one attribute when the search leaves the capture org units
  if (!inCapture && uids === null && filters.length === 0)
    throw refusal(409, 'At least 1 attributes should be mentioned in the search criteria.')
  const includeDeleted = isTrue(call, 'includeDeleted')
  const found = findPersons(
    { uids, units, program, type, enrollmentStatus: enrollmentStatus(call, facts, 'enrollmentStatus'), filters, includeDeleted },
    state,
  )
  const sorted = found.toSorted((a, b) => b.sequence - a.sequence)
  const selection = selectionOf(call, PERSON_FIELDS)
  return page(call, context, 'trackedEntities', sorted.filter(updatedAfter(call)), (person) =>
    selectFields(personNode(person, program, includeDeleted, context), selection),
  )
}

/** GET tracker/enrollments */
function listEnrollments(call: Call, context: ReadContext): Reply {
  const { state, facts } = context
  const program = knownProgram(call, context)
  if (program === null && facts.minor >= 43) throw bad('Program is mandatory')
  const uids = listOf(call, facts, 'enrollments', 'enrollment')
  const person = call.query.get('trackedEntity')
  if (person !== null && !state.trackedEntities.has(person)) throw bad(`Tracked entity is specified but does not exist: ${person}`)
  const { units } = orgUnitsOf(call, context, 'orgUnits')
  checkPageSize(call)
  const status = enrollmentStatus(call, facts, 'status')
  const includeDeleted = isTrue(call, 'includeDeleted')
  const all =
    uids !== null
      ? [...new Set(uids)].flatMap((uid) => state.enrollments.get(uid) ?? []).toSorted((a, b) => a.sequence - b.sequence)
      : person !== null
        ? (state.trackedEntities.get(person)?.enrollments ?? [])
        : [...state.enrollments.values()]
  const found = all.filter(
    (enrollment) =>
      (includeDeleted || !enrollment.deleted) &&
      (program === null || enrollment.program === program) &&
      (person === null || enrollment.trackedEntity.uid === person) &&
      (status === null || enrollment.status === status) &&
      (units === null || (enrollment.orgUnit !== null && units.has(enrollment.orgUnit))),
  )
  const selection = selectionOf(call, ENROLLMENT_FIELDS)
  return page(call, context, 'enrollments', newestFirst(found).filter(updatedAfter(call)), (enrollment) =>
    selectFields(enrollmentNode(enrollment, includeDeleted, context), selection),
  )
}

/** GET tracker/events */
function listEvents(call: Call, context: ReadContext): Reply {
  const { state, facts, metadata } = context
  const program = knownProgram(call, context)
  if (program === null && facts.minor >= 43) return htmlPage(400, 'Bad Request')
  const stage = call.query.get('programStage')
  if (stage !== null && !metadata.stages.has(stage)) throw bad(`Program stage is specified but does not exist: ${stage}`)
  const uids = listOf(call, facts, 'events', 'event')
  const enrollments = listOf(call, facts, 'enrollments', null)
  const person = call.query.get('trackedEntity')
  const { units } = orgUnitsOf(call, context, 'orgUnit')
  const status = enumParameter(call, facts, 'status', EVENT_STATUSES)
  const ofStatus = enrollmentStatus(call, facts, 'enrollmentStatus')
  const filters = readFilters(call, true)
  const includeDeleted = isTrue(call, 'includeDeleted')
  const sorted = (events: Event[]): Event[] => events.toSorted((a, b) => a.sequence - b.sequence)
  const all =
    uids !== null
      ? sorted([...new Set(uids)].flatMap((uid) => state.events.get(uid) ?? []))
      : enrollments !== null
        ? sorted([...new Set(enrollments)].flatMap((uid) => state.enrollments.get(uid)?.events ?? []))
        : person !== null
          ? sorted((state.trackedEntities.get(person)?.enrollments ?? []).flatMap((enrollment) => enrollment.events))
          : [...state.events.values()]
  const wanted = enrollments === null ? null : new Set(enrollments)
  const found = all.filter(
    (event) =>
      (includeDeleted || !event.deleted) &&
      (program === null || event.enrollment.program === program) &&
      (stage === null || event.programStage === stage) &&
      (wanted === null || wanted.has(event.enrollment.uid)) &&
      (person === null || event.enrollment.trackedEntity.uid === person) &&
      (status === null || event.status === status) &&
      (ofStatus === null || event.enrollment.status === ofStatus) &&
      (units === null || units.has(event.orgUnit)) &&
      filters.every(({ field, criteria }) => criteria.every((criterion) => fulfils(event.dataValues.get(field)?.value, criterion))),
  )
  const selection = selectionOf(call, EVENT_FIELDS)
  return page(call, context, 'events', newestFirst(found).filter(updatedAfter(call)), (event) =>
    selectFields(eventNode(event, context), selection),
  )
}

function checkUid(uid: string): void {
  if (isUid(uid)) return
  throw refusal(
    400,
    `Value '${uid}' is not valid for path parameter uid. UID must be an alphanumeric string of 11 characters starting with a letter, but was: ${uid}`,
  )
}

function notThere(name: string, uid: string): Error {
  return refusal(404, `${name} with id ${uid} could not be found.`, 'E1005')
}

/** GET tracker/{trackedEntities|enrollments|events}[/{uid}]; null for other paths. */
export function readTracker(call: Call, context: ReadContext): Reply | null {
  const [, collection, uid, ...rest] = call.segments
  if (rest.length > 0) return null
  const { state, facts } = context
  if (collection === 'trackedEntities') {
    if (uid === undefined) return listPersons(call, context)
    checkUid(uid)
    const program = knownProgram(call, context)
    const person = state.trackedEntities.get(uid)
    // 2.41 shows a person who is not in the program, without enrollments
    const enrolled =
      program === null ||
      facts.minor <= 41 ||
      person?.enrollments.some((enrollment) => enrollment.program === program && !enrollment.deleted)
    if (person === undefined || person.deleted || enrolled !== true) throw notThere('TrackedEntity', uid)
    return { status: 200, body: selectFields(personNode(person, program, false, context), selectionOf(call, PERSON_FIELDS)) }
  }
  if (collection === 'enrollments') {
    if (uid === undefined) return listEnrollments(call, context)
    checkUid(uid)
    const enrollment = state.enrollments.get(uid)
    if (enrollment === undefined || enrollment.deleted) throw notThere('Enrollment', uid)
    return { status: 200, body: selectFields(enrollmentNode(enrollment, false, context), selectionOf(call, ENROLLMENT_FIELDS)) }
  }
  if (collection === 'events') {
    if (uid === undefined) return listEvents(call, context)
    checkUid(uid)
    const event = state.events.get(uid)
    if (event === undefined || event.deleted) throw notThere('Event', uid)
    return { status: 200, body: selectFields(eventNode(event, context), selectionOf(call, EVENT_FIELDS)) }
  }
  return null
}
