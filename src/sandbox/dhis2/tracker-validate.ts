import type { Attribute, IndexedStage, MetadataIndex } from './metadata.ts'
import type { Enrollment, Event, TrackerState } from './state.ts'
import { type TrackerError, trackerError, type TrackerType } from './tracker-errors.ts'
import type { AttributePayload, Bundle, EnrollmentPayload, EventPayload, TrackedEntityPayload } from './tracker-payload.ts'
import { isUid } from './uid.ts'
import type { Account } from './users.ts'
import { fitsValueTypeWithTime } from './values.ts'
import type { VersionFacts } from './versions.ts'

export type ImportStrategy = 'CREATE' | 'UPDATE' | 'CREATE_AND_UPDATE' | 'DELETE'

export interface ImportContext {
  state: TrackerState
  metadata: MetadataIndex
  facts: VersionFacts
  account: Account
  strategy: ImportStrategy
}

const MAX_ATTRIBUTE_LENGTH = 1200
const MAX_VALUE_LENGTH = 50_000
const STATUSES_WITHOUT_VALUES = new Set(['SCHEDULE', 'OVERDUE', 'SKIPPED'])
const STATUSES_WITH_A_DATE = new Set(['ACTIVE', 'COMPLETED', 'VISITED'])

/** Collects an object's errors. DHIS2 stops at the first group of checks that fails: `ok` says whether to go on. */
class Findings {
  readonly errors: TrackerError[] = []
  private readonly facts: VersionFacts
  private readonly type: TrackerType
  private readonly uid: string

  constructor(facts: VersionFacts, type: TrackerType, uid: string) {
    this.facts = facts
    this.type = type
    this.uid = uid
  }

  add(code: string, ...args: string[]): void {
    this.errors.push(trackerError(this.facts, this.type, this.uid, code, ...args))
  }

  get ok(): boolean {
    return this.errors.length === 0
  }
}

/** What of the request itself matters to the checks. */
interface RequestIndex {
  trackedEntities: ReadonlyMap<string, TrackedEntityPayload>
  enrollments: ReadonlyMap<string, EnrollmentPayload>
  /** attribute and value → how many of the request's persons have it */
  uniqueValues: ReadonlyMap<string, number>
  /** person and program → enrollments of the request */
  enrollmentsOf: ReadonlyMap<string, EnrollmentPayload[]>
}

const pair = (a: string | null, b: string | null): string => `${a}\u0000${b}`

function indexRequest(bundle: Bundle, metadata: MetadataIndex): RequestIndex {
  const uniqueValues = new Map<string, number>()
  for (const entity of bundle.trackedEntities) {
    for (const { attribute, value } of entity.attributes) {
      if (attribute === null || value === null || metadata.attributes.get(attribute)?.unique !== true) continue
      uniqueValues.set(pair(attribute, value), (uniqueValues.get(pair(attribute, value)) ?? 0) + 1)
    }
  }
  const enrollmentsOf = new Map<string, EnrollmentPayload[]>()
  for (const enrollment of bundle.enrollments) {
    const key = pair(enrollment.trackedEntity, enrollment.program)
    const list = enrollmentsOf.get(key)
    if (list === undefined) enrollmentsOf.set(key, [enrollment])
    else list.push(enrollment)
  }
  return {
    trackedEntities: new Map(bundle.trackedEntities.map((entity) => [entity.uid, entity])),
    enrollments: new Map(bundle.enrollments.map((enrollment) => [enrollment.uid, enrollment])),
    uniqueValues,
    enrollmentsOf,
  }
}

/** Codes for: deleted, exists already, does not exist. */
const EXISTENCE: Readonly<Record<TrackerType, readonly [string, string, string]>> = {
  TRACKED_ENTITY: ['E1114', 'E1002', 'E1063'],
  ENROLLMENT: ['E1113', 'E1080', 'E1081'],
  EVENT: ['E1082', 'E1030', 'E1032'],
}

function checkExistence(
  found: Findings,
  type: TrackerType,
  uid: string,
  stored: { deleted: boolean } | undefined,
  strategy: ImportStrategy,
): void {
  const [deleted, exists, missing] = EXISTENCE[type]
  if (!isUid(uid)) found.add('E1048', uid)
  else if (stored?.deleted === true) found.add(deleted, uid)
  else if (stored !== undefined && strategy === 'CREATE') found.add(exists, uid)
  else if (stored === undefined && (strategy === 'UPDATE' || strategy === 'DELETE')) found.add(missing, uid)
}

function checkPresence(found: Findings, code: string, properties: Readonly<Record<string, string | null>>): void {
  for (const [name, value] of Object.entries(properties)) if (value === null) found.add(code, name)
}

function checkAttributeValue(
  found: Findings,
  context: ImportContext,
  request: RequestIndex,
  attribute: Attribute,
  value: string,
  owner: string,
): void {
  if (value.length > MAX_ATTRIBUTE_LENGTH) found.add('E1077', value, String(MAX_ATTRIBUTE_LENGTH))
  if (!fitsValueTypeWithTime(attribute.valueType, value)) {
    found.add('E1007', attribute.valueType, `Value type is ${attribute.valueType} but the value \`${value}\` is not.`)
  }
  if (attribute.optionSet !== undefined && context.metadata.optionCodes.get(attribute.optionSet)?.has(value) !== true) {
    found.add('E1125', value, attribute.optionSet)
  }
  if (attribute.unique === true) {
    const inRequest = request.uniqueValues.get(pair(attribute.id, value)) ?? 0
    if (inRequest > 1 || context.state.othersWithValue(attribute.id, value, owner).length > 0) found.add('E1064', value, attribute.id)
  }
}

function checkTrackedEntity(payload: TrackedEntityPayload, context: ImportContext, request: RequestIndex): TrackerError[] {
  const { state, metadata, account } = context
  const found = new Findings(context.facts, 'TRACKED_ENTITY', payload.uid)
  const stored = state.trackedEntities.get(payload.uid)
  checkExistence(found, 'TRACKED_ENTITY', payload.uid, stored, context.strategy)
  if (!found.ok || context.strategy === 'DELETE') return found.errors

  checkPresence(found, 'E1121', { trackedEntityType: payload.type, orgUnit: payload.orgUnit })
  if (payload.type === null || payload.orgUnit === null) return found.errors

  const type = metadata.trackedEntityTypes.get(payload.type)
  if (!metadata.orgUnits.has(payload.orgUnit)) found.add('E1049', payload.orgUnit)
  if (type === undefined) found.add('E1005', payload.type)
  if (!found.ok || type === undefined) return found.errors

  if (stored !== undefined && stored.type !== type.id) found.add('E1126', 'trackedEntityType')
  if (!found.ok) return found.errors

  if (!account.superuser && !account.captureScope.has(payload.orgUnit)) found.add('E1000', account.uid, payload.orgUnit)
  if (!found.ok) return found.errors

  for (const { attribute, value } of payload.attributes) {
    const known = attribute === null ? undefined : metadata.attributes.get(attribute)
    if (known === undefined) found.add('E1006', attribute ?? 'null')
    else if (value !== null) checkAttributeValue(found, context, request, known, value, payload.uid)
    else if (type.attributes.get(known.id) === true) found.add('E1076', 'TrackedEntityAttribute', known.id)
  }
  for (const [attribute, mandatory] of type.attributes) {
    if (mandatory && !hasAttribute(payload.attributes, attribute) && stored?.attributes.has(attribute) !== true) {
      found.add('E1090', attribute, type.id, payload.uid)
    }
  }
  return found.errors
}

function hasAttribute(attributes: readonly AttributePayload[], attribute: string): boolean {
  return attributes.some((entry) => entry.attribute === attribute)
}

function checkEnrollmentDates(found: Findings, payload: EnrollmentPayload, context: ImportContext): void {
  const program = context.metadata.programs.get(payload.program ?? '')
  const today = context.state.now().slice(0, 10)
  const inFuture = (date: string | null): date is string => date !== null && date.slice(0, 10) > today
  if (payload.enrolledAt === null) found.add('E1025')
  if (program?.displayIncidentDate !== false && payload.occurredAt === null) found.add('E1023')
  if (program?.selectEnrollmentDatesInFuture !== true && inFuture(payload.enrolledAt)) found.add('E1020', payload.enrolledAt)
  if (program?.selectIncidentDatesInFuture !== true && inFuture(payload.occurredAt)) found.add('E1021', payload.occurredAt)
}

/** E1015 and E1016: what the request says of an enrollment goes before what is stored. */
function checkOtherEnrollments(found: Findings, payload: EnrollmentPayload, context: ImportContext, request: RequestIndex): void {
  const program = context.metadata.programs.get(payload.program ?? '')
  if (payload.status === 'CANCELLED' || program === undefined) return
  const stored = context.state.trackedEntities.get(payload.trackedEntity ?? '')?.enrollments ?? []
  const inRequest = request.enrollmentsOf.get(pair(payload.trackedEntity, payload.program)) ?? []
  const statuses = [
    ...inRequest.filter((other) => other.uid !== payload.uid).map((other) => other.status),
    ...stored
      .filter((other) => !other.deleted && other.program === program.id && other.uid !== payload.uid && !request.enrollments.has(other.uid))
      .map((other) => other.status),
  ]
  if (payload.status === 'ACTIVE' && statuses.includes('ACTIVE')) found.add('E1015', payload.trackedEntity ?? '', program.id)
  if (program.onlyEnrollOnce === true && statuses.some((status) => status !== 'CANCELLED'))
    found.add('E1016', payload.trackedEntity ?? '', program.id)
}

function checkEnrollmentAttributes(found: Findings, payload: EnrollmentPayload, context: ImportContext, request: RequestIndex): void {
  const program = context.metadata.programs.get(payload.program ?? '')
  if (program === undefined) return
  const owner = payload.trackedEntity ?? ''
  for (const { attribute, value } of payload.attributes) {
    const known = attribute === null ? undefined : context.metadata.attributes.get(attribute)
    if (known === undefined) found.add('E1006', attribute ?? 'null')
    else if (!program.attributes.has(known.id)) found.add('E1019', known.id)
    else if (value !== null) checkAttributeValue(found, context, request, known, value, owner)
    else if (program.attributes.get(known.id) === true) found.add('E1076', 'TrackedEntityAttribute', known.id)
  }
  const stored = context.state.trackedEntities.get(owner)
  const sent = request.trackedEntities.get(owner)
  for (const [attribute, mandatory] of program.attributes) {
    if (!mandatory || hasAttribute(payload.attributes, attribute) || stored?.attributes.has(attribute) === true) continue
    // what is sent for a deleted person does not count
    if (stored?.deleted !== true && sent !== undefined && hasAttribute(sent.attributes, attribute)) continue
    found.add('E1018', attribute, program.id, payload.uid)
  }
}

function checkEnrollment(payload: EnrollmentPayload, context: ImportContext, request: RequestIndex): TrackerError[] {
  const { state, metadata, account } = context
  const found = new Findings(context.facts, 'ENROLLMENT', payload.uid)
  const stored = state.enrollments.get(payload.uid)
  checkExistence(found, 'ENROLLMENT', payload.uid, stored, context.strategy)
  if (!found.ok || context.strategy === 'DELETE') return found.errors

  checkPresence(found, 'E1122', { orgUnit: payload.orgUnit, program: payload.program, trackedEntity: payload.trackedEntity })
  if (payload.orgUnit === null || payload.program === null || payload.trackedEntity === null) return found.errors

  const program = metadata.programs.get(payload.program)
  const person = state.trackedEntities.get(payload.trackedEntity)
  const type = person?.type ?? request.trackedEntities.get(payload.trackedEntity)?.type
  if (!metadata.orgUnits.has(payload.orgUnit)) found.add('E1070', payload.orgUnit)
  if (program === undefined) found.add('E1069', payload.program)
  if (type === undefined) found.add('E1068', payload.trackedEntity)
  if (!found.ok || program === undefined) return found.errors

  if (stored !== undefined && stored.program !== program.id) found.add('E1127', 'program')
  if (stored !== undefined && stored.trackedEntity.uid !== payload.trackedEntity) found.add('E1127', 'trackedEntity')
  if (!found.ok) return found.errors

  if (!program.orgUnits.has(payload.orgUnit)) found.add('E1041', payload.orgUnit, program.id)
  if (type !== null && program.trackedEntityType !== type) found.add('E1022', payload.trackedEntity, program.id)
  if (!found.ok) return found.errors

  if (!account.superuser && !account.captureScope.has(payload.orgUnit)) found.add('E1000', account.uid, payload.orgUnit)
  if (!found.ok) return found.errors

  checkOtherEnrollments(found, payload, context, request)
  checkEnrollmentDates(found, payload, context)
  checkEnrollmentAttributes(found, payload, context, request)
  return found.errors
}

function checkDataValues(
  found: Findings,
  payload: EventPayload,
  stage: IndexedStage,
  context: ImportContext,
  stored: Event | undefined,
): void {
  const { metadata } = context
  const compulsoryNow = payload.status === 'COMPLETED'
  for (const { dataElement, value } of payload.dataValues) {
    const known = dataElement === null ? undefined : metadata.dataElements.get(dataElement)
    if (known === undefined) found.add('E1304', dataElement ?? 'null')
    else if (value === null) {
      if (compulsoryNow && stage.dataElements.get(known.id) === true) found.add('E1076', 'DataElement', known.id)
    } else {
      if (value.length > MAX_VALUE_LENGTH || !fitsValueTypeWithTime(known.valueType, value)) {
        found.add('E1302', known.valueType, `Value type is ${known.valueType} but the value \`${value}\` is not.`)
      }
      if (known.optionSet !== undefined && metadata.optionCodes.get(known.optionSet)?.has(value) !== true)
        found.add('E1125', value, known.optionSet)
    }
    if (dataElement === null || !stage.dataElements.has(dataElement)) found.add('E1305', dataElement ?? 'null', stage.id)
  }
  for (const [dataElement, compulsory] of stage.dataElements) {
    if (!compulsoryNow || !compulsory || stored?.dataValues.has(dataElement) === true) continue
    if (!payload.dataValues.some((entry) => entry.dataElement === dataElement)) found.add('E1303', dataElement)
  }
  if (STATUSES_WITHOUT_VALUES.has(payload.status) && payload.dataValues.length > 0) found.add('E1315', payload.status)
}

function checkEvent(payload: EventPayload, context: ImportContext, request: RequestIndex): TrackerError[] {
  const { state, metadata, account } = context
  const found = new Findings(context.facts, 'EVENT', payload.uid)
  const stored = state.events.get(payload.uid)
  checkExistence(found, 'EVENT', payload.uid, stored, context.strategy)
  if (!found.ok || context.strategy === 'DELETE') return found.errors

  const stage = metadata.stages.get(payload.programStage ?? '')
  // a program that is left out is the stage's
  const programUid = payload.program ?? stage?.program ?? payload.programStage
  checkPresence(found, 'E1123', { orgUnit: payload.orgUnit, programStage: payload.programStage, program: programUid })
  if (payload.orgUnit === null || payload.programStage === null) return found.errors

  const program = metadata.programs.get(programUid ?? '')
  if (!metadata.orgUnits.has(payload.orgUnit)) found.add('E1011', payload.orgUnit)
  if (payload.program !== null && program === undefined) found.add('E1010', payload.program)
  if (stage === undefined) found.add('E1013', payload.programStage)
  if (!found.ok || stage === undefined || program === undefined) return found.errors

  if (stored !== undefined && stored.programStage !== stage.id) found.add('E1128', 'programStage')
  if (stored !== undefined && payload.enrollment !== null && stored.enrollment.uid !== payload.enrollment) found.add('E1128', 'enrollment')
  if (!found.ok) return found.errors

  if (stage.program !== program.id) found.add('E1089', payload.uid, stage.id, program.id)
  if (!program.orgUnits.has(payload.orgUnit)) found.add('E1029', payload.orgUnit, program.id)
  const owner =
    payload.enrollment === null ? undefined : (request.enrollments.get(payload.enrollment) ?? state.enrollments.get(payload.enrollment))
  if (payload.enrollment === null) found.add('E1033', payload.uid)
  else if (owner?.program !== program.id) found.add('E1079', payload.uid, program.id, payload.enrollment)
  if (owner === undefined) found.add('E1313', payload.uid)
  if (!found.ok) return found.errors

  if (!account.superuser && !account.captureScope.has(payload.orgUnit)) found.add('E1000', account.uid, payload.orgUnit)
  if (!found.ok) return found.errors

  if (STATUSES_WITH_A_DATE.has(payload.status) && payload.occurredAt === null) found.add('E1031', payload.uid)
  if (payload.status === 'SCHEDULE' && payload.scheduledAt === null) found.add('E1050', payload.uid)
  checkDataValues(found, payload, stage, context, stored)
  return found.errors
}

/** A second event in a stage that takes one: every event of the request that takes part in it is refused. */
function checkRepeatedEvents(events: readonly EventPayload[], context: ImportContext): TrackerError[] {
  const groups = new Map<string, EventPayload[]>()
  for (const event of events) {
    if (context.metadata.stages.get(event.programStage ?? '')?.repeatable !== false) continue
    const key = pair(event.enrollment, event.programStage)
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  return [...groups.values()].flatMap((group) =>
    group
      .filter(
        (event) =>
          group.length > 1 ||
          (!context.state.events.has(event.uid) && hasEventInStage(context.state.enrollments.get(event.enrollment ?? ''), event)),
      )
      .map((event) => trackerError(context.facts, 'EVENT', event.uid, 'E1039', event.programStage ?? '')),
  )
}

function hasEventInStage(enrollment: Enrollment | undefined, event: EventPayload): boolean {
  return enrollment?.events.some((other) => !other.deleted && other.programStage === event.programStage && other.uid !== event.uid) ?? false
}

export interface Verdict {
  errors: TrackerError[]
  /** what may be saved */
  valid: Bundle
  /** objects that are refused without a word, because the parent of their parent is */
  silent: number
}

/** Checks a whole request as DHIS2 does: each object, then events against each other, then children of what was refused. */
export function validateBundle(bundle: Bundle, context: ImportContext): Verdict {
  const request = indexRequest(bundle, context.metadata)
  const errors: TrackerError[] = []
  const refused = new Set<string>()
  const check = <T extends { uid: string }>(
    list: readonly T[],
    of: (payload: T, context: ImportContext, request: RequestIndex) => TrackerError[],
  ): void => {
    for (const payload of list) {
      const found = of(payload, context, request)
      if (found.length === 0) continue
      // an object that comes twice is told of once
      if (!refused.has(payload.uid)) errors.push(...found)
      refused.add(payload.uid)
    }
  }
  check(bundle.trackedEntities, checkTrackedEntity)
  check(bundle.enrollments, checkEnrollment)
  check(bundle.events, checkEvent)
  if (context.strategy === 'DELETE') {
    const stays = <T extends { uid: string }>(list: readonly T[]): T[] => list.filter(({ uid }) => !refused.has(uid))
    return {
      errors,
      valid: { trackedEntities: stays(bundle.trackedEntities), enrollments: stays(bundle.enrollments), events: stays(bundle.events) },
      silent: 0,
    }
  }
  const repeated = checkRepeatedEvents(
    bundle.events.filter((event) => !refused.has(event.uid)),
    context,
  )
  errors.push(...repeated)
  for (const error of repeated) refused.add(error.uid)

  const trackedEntities = bundle.trackedEntities.filter(({ uid }) => !refused.has(uid))
  const savedPersons = new Set(trackedEntities.map(({ uid }) => uid))
  const knowsPerson = (uid: string | null): boolean => uid !== null && (savedPersons.has(uid) || context.state.trackedEntities.has(uid))
  const enrollments = bundle.enrollments.filter((enrollment) => {
    if (refused.has(enrollment.uid)) return false
    if (knowsPerson(enrollment.trackedEntity)) return true
    errors.push(
      trackerError(
        context.facts,
        'ENROLLMENT',
        enrollment.uid,
        'E5000',
        'enrollment',
        enrollment.uid,
        'trackedEntity',
        enrollment.trackedEntity ?? '',
      ),
    )
    return false
  })
  const savedEnrollments = new Set(enrollments.map(({ uid }) => uid))
  let silent = 0
  const events = bundle.events.filter((event) => {
    if (refused.has(event.uid)) return false
    if (event.enrollment !== null && (savedEnrollments.has(event.enrollment) || context.state.enrollments.has(event.enrollment)))
      return true
    // an enrollment that only lost its person is not itself refused: nothing is said of its events
    if (event.enrollment !== null && refused.has(event.enrollment)) {
      errors.push(trackerError(context.facts, 'EVENT', event.uid, 'E5000', 'event', event.uid, 'enrollment', event.enrollment))
    } else silent++
    return false
  })
  return { errors, valid: { trackedEntities, enrollments, events }, silent }
}
