import { EMBEDDED, type FieldSelection, type Node, parseFields, selectFields } from './fields-filter.ts'
import { type Call, numberParameter, refusal, type Reply } from './http.ts'
import type { Json, JsonObject } from './json.ts'
import { findPersons, fulfils, orgUnitMode, type OrgUnitMode, readFilters, unitsOf } from './search.ts'
import { type Enrollment, type Event, living, type StoredValue, type TrackedEntity } from './state.ts'
import type { ReadContext } from './tracker-read.ts'

function attributeNodes(attributes: ReadonlyMap<string, StoredValue>, context: ReadContext): Node[] {
  return [...attributes].map(([uid, stored]) => ({
    lastUpdated: stored.updated,
    storedBy: stored.storedBy,
    displayName: context.metadata.attributes.get(uid)?.name,
    created: stored.created,
    valueType: context.metadata.attributes.get(uid)?.valueType,
    attribute: uid,
    value: stored.value,
  }))
}

function personNode(person: TrackedEntity, program: string | null, context: ReadContext): Node {
  const enrollments = (): Enrollment[] =>
    // 2.30 shows those of every program, whatever was asked
    living(person.enrollments).filter((enrollment) => context.facts.minor === 30 || program === null || enrollment.program === program)
  return {
    [EMBEDDED]: true,
    created: person.created,
    orgUnit: person.orgUnit,
    trackedEntityInstance: person.uid,
    lastUpdated: person.updated,
    trackedEntityType: person.type,
    inactive: false,
    deleted: person.deleted,
    featureType: 'NONE',
    programOwners: () =>
      enrollments().map((enrollment) => ({
        ownerOrgUnit: enrollment.orgUnit,
        program: enrollment.program,
        trackedEntityInstance: person.uid,
      })),
    enrollments: () => enrollments().map((enrollment) => enrollmentNode(enrollment, true, context)),
    relationships: [],
    attributes: () => attributeNodes(person.attributes, context),
  }
}

/** Asked for by itself, an enrollment never shows its events. */
function enrollmentNode(enrollment: Enrollment, nested: boolean, context: ReadContext): Node {
  return {
    [EMBEDDED]: true,
    enrollment: enrollment.uid,
    created: enrollment.created,
    lastUpdated: enrollment.updated,
    storedBy: enrollment.createdBy,
    trackedEntityType: enrollment.trackedEntity.type,
    trackedEntityInstance: enrollment.trackedEntity.uid,
    program: enrollment.program,
    status: enrollment.status,
    orgUnit: enrollment.orgUnit ?? undefined,
    orgUnitName: enrollment.orgUnit === null ? undefined : context.metadata.orgUnits.get(enrollment.orgUnit)?.name,
    enrollmentDate: enrollment.enrolledAt,
    incidentDate: enrollment.occurredAt ?? undefined,
    completedBy: enrollment.completedBy ?? undefined,
    completedDate: enrollment.completedAt ?? undefined,
    deleted: enrollment.deleted,
    notes: [],
    relationships: [],
    attributes: () => (nested && context.facts.minor > 30 ? attributeNodes(enrollment.trackedEntity.attributes, context) : []),
    events: () => (nested ? living(enrollment.events).map((event) => eventNode(event, context)) : []),
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
    enrollmentStatus: event.enrollment.status,
    orgUnit: event.orgUnit,
    orgUnitName: context.metadata.orgUnits.get(event.orgUnit)?.name,
    trackedEntityInstance: event.enrollment.trackedEntity.uid,
    eventDate: event.occurredAt ?? undefined,
    dueDate: event.scheduledAt ?? event.created,
    storedBy: event.createdBy,
    completedBy: event.completedBy ?? undefined,
    completedDate: event.completedAt ?? undefined,
    created: event.created,
    lastUpdated: event.updated,
    deleted: event.deleted,
    followup: false,
    attributeOptionCombo: 'HllvX50cXC0',
    attributeCategoryOptions: 'xYerKDKCefk',
    notes: [],
    relationships: [],
    dataValues: () =>
      [...event.dataValues].map(([dataElement, stored]) => ({
        created: stored.created,
        lastUpdated: stored.updated,
        value: stored.value,
        dataElement,
        providedElsewhere: false,
        storedBy: stored.storedBy,
      })),
  }
}

/** The old services ask for `[*]`. */
function selectionOf(call: Call, otherwise: string): FieldSelection {
  const text = call.query
    .getAll('fields')
    .join(',')
    .replace(/^\[(.*)\]$/s, '$1')
  return parseFields(text || otherwise)
}

const isTrue = (call: Call, name: string): boolean => call.query.get(name)?.toLowerCase() === 'true'

function listOf(call: Call, name: string): string[] | null {
  const value = call.query.get(name)
  return value === null || value === '' ? null : value.split(';').filter((uid) => uid !== '')
}

interface Paging {
  paged: boolean
  page: number
  size: number
}

/** 2.30 turns pages off by either name, but not when a size is given; 2.41 by `skipPaging` alone. */
function pagingOf(call: Call, { facts }: ReadContext): Paging {
  const asked = isTrue(call, 'skipPaging') || (facts.minor === 30 && call.query.get('paging')?.toLowerCase() === 'false')
  const off = asked && !(facts.minor === 30 && (call.query.has('pageSize') || call.query.has('page')))
  return { paged: !off, page: Math.max(1, numberParameter(call, 'page', 1)), size: Math.max(1, numberParameter(call, 'pageSize', 50)) }
}

function cut<T>(list: readonly T[], { paged, page, size }: Paging): T[] {
  return paged ? list.slice((page - 1) * size, page * size) : [...list]
}

function conflict(message: string): Error {
  return refusal(409, message)
}

function checkedUnits(call: Call, context: ReadContext): { units: ReadonlySet<string> | null; mode: OrgUnitMode } | null {
  const asked = listOf(call, 'ou') ?? []
  const given = orgUnitMode(call, context.facts, 'ouMode')
  for (const uid of asked) if (!context.metadata.orgUnits.has(uid)) throw conflict(`Organisation unit does not exist: ${uid}`)
  const mode = given ?? 'SELECTED'
  if (asked.length === 0 && (mode === 'SELECTED' || mode === 'DESCENDANTS' || mode === 'CHILDREN')) return null
  return { mode, units: unitsOf(mode, asked, context.metadata, context.account) }
}

function listPersons(call: Call, context: ReadContext): Reply {
  const { state, facts, metadata, account } = context
  const uids = listOf(call, 'trackedEntityInstance')
  const program = call.query.get('program') || null
  const type = call.query.get('trackedEntityType') || call.query.get('trackedEntity') || null
  const scope = checkedUnits(call, context)
  const filters = readFilters(call, false)
  for (const { field } of filters) if (!metadata.attributes.has(field)) throw conflict(`Attribute does not exist: ${field}`)
  if (program !== null && !metadata.programs.has(program)) throw conflict(`Program does not exist: ${program}`)
  if (type !== null && !metadata.trackedEntityTypes.has(type)) throw conflict(`Tracked entity type does not exist: ${type}`)
  if (uids === null && scope === null) throw conflict('At least one organisation unit must be specified')
  if (program !== null && type !== null) throw conflict('Program and tracked entity cannot be specified simultaneously')
  // 2.30 searches without either
  if (program === null && type === null && uids === null && facts.minor > 30)
    throw conflict('Either Program or Tracked entity type should be specified')
  const fields = filters.map(({ field }) => field)
  const twice = fields.filter((field, i) => fields.indexOf(field) !== i)
  if (twice.length > 0) throw conflict(`Filters cannot be specified more than once: [${twice.join(', ')}]`)

  const wantsTotal = isTrue(call, 'totalPages')
  // 2.30 asks for an attribute only when it has to count, and then for lists of uids too; 2.41 asks in the account's own org units too
  const checked = facts.minor === 30 ? wantsTotal : uids === null
  if (checked && !account.superuser && filters.length === 0)
    throw conflict('At least 1 attributes should be mentioned in the search criteria.')

  const includeDeleted = isTrue(call, 'includeDeleted')
  // 2.30 stumbles over deleted persons, and over unknown ones when they happen to come first
  const stumbles = (uid: string, i: number): boolean => state.trackedEntities.get(uid)?.deleted ?? i === 0
  if (facts.minor === 30 && uids?.some(stumbles) === true) {
    throw refusal(500, 'Cannot invoke "Object.getClass()" because the return value of "java.util.List.get(int)" is null')
  }
  const found = findPersons(
    {
      uids,
      units: scope?.units ?? null,
      // 2.30 looks at the program in a search, but not when uids are named
      program: facts.minor === 30 && uids !== null ? null : program,
      type,
      enrollmentStatus: call.query.get('programStatus') || null,
      filters,
      includeDeleted,
    },
    state,
  ).toSorted((a, b) => b.sequence - a.sequence)
  const paging = pagingOf(call, context)
  // 2.30 gives all that were named
  const shown = facts.minor === 30 && uids !== null && !call.query.has('pageSize') && !call.query.has('page') ? found : cut(found, paging)
  // 2.41 takes the newest for a page as well, but shows them the other way round
  if (facts.minor > 30) shown.reverse()
  const selection = selectionOf(call, '*')
  // enrollments are read only when they are asked for by name, or with everything
  const bare = !call.query.has('fields')
  const list = shown.map((person): Json => {
    const node = selectFields(personNode(person, program, context), selection)
    return bare ? { ...node, enrollments: [], programOwners: [] } : node
  })
  const pager =
    wantsTotal && paging.paged
      ? { pager: { page: paging.page, pageCount: Math.ceil(found.length / paging.size), total: found.length, pageSize: paging.size } }
      : {}
  return { status: 200, body: { ...pager, trackedEntityInstances: list } }
}

function pagerOf(call: Call, context: ReadContext, total: number, paging: Paging): JsonObject {
  if (!paging.paged) return {}
  if (isTrue(call, 'totalPages')) {
    return { pager: { page: paging.page, pageCount: Math.ceil(total / paging.size), total, pageSize: paging.size } }
  }
  if (context.facts.minor > 30)
    return { pager: { page: paging.page, pageSize: paging.size, isLastPage: total <= paging.page * paging.size } }
  // 2.30 does not count, and says so as 0
  return { pager: { page: paging.page, pageCount: 1, total: 0, pageSize: paging.size } }
}

const ENROLLMENT_LIST_FIELDS =
  'created,lastUpdated,program,trackedEntityType,trackedEntityInstance,enrollment,orgUnit,orgUnitName,enrollmentDate,incidentDate,status'

function listEnrollments(call: Call, context: ReadContext): Reply {
  const { state } = context
  const selection = selectionOf(call, ENROLLMENT_LIST_FIELDS)
  const show = (enrollment: Enrollment): Json => selectFields(enrollmentNode(enrollment, false, context), selection)
  const uids = listOf(call, 'enrollment')
  if (uids !== null) {
    const named = [...new Set(uids)].flatMap((uid) => state.enrollments.get(uid) ?? []).filter((enrollment) => !enrollment.deleted)
    return { status: 200, body: { enrollments: named.map(show) } }
  }
  const person = call.query.get('trackedEntityInstance')
  const scope = checkedUnits(call, context)
  if (scope === null) throw conflict('At least one organisation unit must be specified')
  const program = call.query.get('program')
  const status = call.query.get('programStatus')
  const all = person === null ? [...state.enrollments.values()] : (state.trackedEntities.get(person)?.enrollments ?? [])
  const found = all.filter(
    (enrollment) =>
      !enrollment.deleted &&
      (program === null || enrollment.program === program) &&
      (status === null || enrollment.status === status) &&
      (scope.units === null || (enrollment.orgUnit !== null && scope.units.has(enrollment.orgUnit))),
  )
  const paging = pagingOf(call, context)
  return { status: 200, body: { ...pagerOf(call, context, found.length, paging), enrollments: cut(found, paging).map(show) } }
}

function listEvents(call: Call, context: ReadContext): Reply {
  const { state } = context
  const uids = listOf(call, 'event')
  const person = call.query.get('trackedEntityInstance')
  const [program, stage, status, orgUnit, enrollment] = ['program', 'programStage', 'status', 'orgUnit', 'enrollment'].map((name) =>
    call.query.get(name),
  )
  const mode = orgUnitMode(call, context.facts, 'ouMode') ?? (orgUnit ? 'SELECTED' : 'ACCESSIBLE')
  const units = unitsOf(mode, orgUnit ? [orgUnit] : [], context.metadata, context.account)
  const filters = readFilters(call, false)
  const all =
    uids !== null
      ? [...new Set(uids)].flatMap((uid) => state.events.get(uid) ?? [])
      : person !== null
        ? (state.trackedEntities.get(person)?.enrollments ?? []).flatMap((own) => own.events)
        : [...state.events.values()]
  const found = all.filter(
    (event) =>
      !event.deleted &&
      (!program || event.enrollment.program === program) &&
      (!stage || event.programStage === stage) &&
      (!status || event.status === status) &&
      (!enrollment || event.enrollment.uid === enrollment) &&
      (person === null || event.enrollment.trackedEntity.uid === person) &&
      (units === null || units.has(event.orgUnit)) &&
      filters.every(({ field, criteria }) => criteria.every((criterion) => fulfils(event.dataValues.get(field)?.value, criterion))),
  )
  const paging = pagingOf(call, context)
  const selection = selectionOf(call, '*')
  const list = cut(found.toReversed(), paging).map((event) => selectFields(eventNode(event, context), selection))
  return { status: 200, body: { ...pagerOf(call, context, found.length, paging), events: list } }
}

function notThere(name: string, uid: string, context: ReadContext): Error {
  if (context.facts.minor === 30) return refusal(404, `${name} not found for uid: ${uid}`)
  return refusal(404, `${name} with id ${uid} could not be found.`, 'E1005')
}

/** GET {trackedEntityInstances|enrollments|events}[/{uid}]; null for other paths. */
export function readLegacy(call: Call, context: ReadContext): Reply | null {
  const [collection, uid, ...rest] = call.segments
  if (rest.length > 0) return null
  const { state } = context
  if (collection === 'trackedEntityInstances') {
    if (uid === undefined) return listPersons(call, context)
    const person = state.trackedEntities.get(uid)
    if (person === undefined || person.deleted) throw notThere('TrackedEntityInstance', uid, context)
    return { status: 200, body: selectFields(personNode(person, null, context), selectionOf(call, '*')) }
  }
  if (collection === 'enrollments') {
    if (uid === undefined) return listEnrollments(call, context)
    const enrollment = state.enrollments.get(uid)
    if (enrollment === undefined || enrollment.deleted) throw notThere('Enrollment', uid, context)
    // whatever fields were asked for
    return { status: 200, body: selectFields(enrollmentNode(enrollment, false, context), parseFields('*')) }
  }
  if (collection === 'events') {
    if (uid === undefined) return listEvents(call, context)
    const event = state.events.get(uid)
    if (event === undefined || event.deleted) throw notThere('Event', uid, context)
    return { status: 200, body: selectFields(eventNode(event, context), selectionOf(call, '*')) }
  }
  return null
}
