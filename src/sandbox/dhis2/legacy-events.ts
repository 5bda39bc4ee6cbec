import { midnight, parseTimestamp } from './dates.ts'
import { refusal } from './http.ts'
import { eventDateOf, type LegacyEvent } from './legacy-body.ts'
import { type LegacyContext, type LegacyStrategy, mayCapture, othersIn, split } from './legacy-context.ts'
import { type Conflict, deletion, failed, succeeded, type Summary } from './legacy-summaries.ts'
import type { DataElement, IndexedStage } from './metadata.ts'
import type { Enrollment, Event } from './state.ts'
import { isUid, randomUid } from './uid.ts'
import { fitsValueType, fitsValueTypeWithTime } from './values.ts'

const MAX_LENGTH = 50_000

const WRONG_TYPE: Readonly<Record<string, string>> = {
  NUMBER: 'value_not_numeric',
  UNIT_INTERVAL: 'value_not_unit_interval',
  PERCENTAGE: 'value_not_percentage',
  INTEGER: 'value_not_integer',
  INTEGER_POSITIVE: 'value_not_positive_integer',
  INTEGER_NEGATIVE: 'value_not_negative_integer',
  INTEGER_ZERO_OR_POSITIVE: 'value_not_zero_or_positive_integer',
  BOOLEAN: 'value_not_bool',
  TRUE_ONLY: 'value_not_true_only',
  DATE: 'value_not_valid_date',
  AGE: 'value_not_valid_date',
  DATETIME: 'value_not_valid_datetime',
  COORDINATE: 'value_not_coordinate',
  URL: 'value_not_url',
}

function isThere(uid: string | null, context: LegacyContext): boolean {
  return uid !== null && context.state.events.get(uid)?.deleted === false
}

/** POST of events. */
export function importEvents(events: readonly LegacyEvent[], strategy: LegacyStrategy, context: LegacyContext): Summary[] {
  if (strategy === 'DELETE') return events.map((event) => deleteEvent(event.uid ?? '', context))
  if (context.dryRun && context.facts.minor === 30 && events.length > 0) {
    throw refusal(500, 'Cannot invoke "org.hisp.dhis.program.ProgramStageInstance.isCompleted()" because "programStageInstance" is null')
  }
  // 2.41 says nothing of events in a dry run
  if (context.dryRun) return []
  const { creates, updates } = split(events, strategy, (event) => isThere(event.uid, context))
  const firsts = new Map<string, LegacyEvent>()
  for (const event of creates) if (!firsts.has(stageKey(event))) firsts.set(stageKey(event), event)
  const summaries = [
    ...creates.map((event) => (context.facts.minor === 30 ? createAsIn230(event, context) : createAsIn241(event, firsts, context))),
    ...updates.map((event) => updateEvent(event, context)),
  ]
  // 2.41 tells the bad ones first
  return context.facts.minor === 30 ? summaries : [...summaries.filter(isError), ...summaries.filter((summary) => !isError(summary))]
}

/** An enrollment's stage. */
function stageKey(event: LegacyEvent): string {
  return `${event.enrollment} ${event.programStage}`
}

const isError = (summary: Summary): boolean => summary.status === 'ERROR'

function valueProblem(element: DataElement, value: string, context: LegacyContext): string | null {
  if (value.length > MAX_LENGTH) return 'value_length_greater_than_max_length'
  const fits = context.facts.minor > 30 ? fitsValueTypeWithTime(element.valueType, value) : fitsValueType(element.valueType, value)
  if (!fits) return WRONG_TYPE[element.valueType] ?? null
  // 2.30 stores what is no option
  if (
    context.facts.minor > 30 &&
    element.optionSet !== undefined &&
    context.metadata.optionCodes.get(element.optionSet)?.has(value) !== true
  ) {
    return `Value '${value}' is not a valid option code of option set: ${element.optionSet}`
  }
  return null
}

function valueConflicts(event: LegacyEvent, context: LegacyContext): Conflict[] {
  return event.dataValues.flatMap(({ dataElement, value }): Conflict[] => {
    const known = context.metadata.dataElements.get(dataElement)
    if (known === undefined) return [{ object: 'dataElement', value: `${dataElement} is not a valid data element` }]
    const found = value === null ? null : valueProblem(known, value, context)
    return found === null ? [] : [{ object: dataElement, value: found }]
  })
}

function completion(
  status: string | null,
  before: Event | null,
  context: LegacyContext,
): { completedAt: string | null; completedBy: string | null } {
  const { state, facts, account } = context
  if (status === 'COMPLETED') {
    if (before?.status === 'COMPLETED') return { completedAt: before.completedAt, completedBy: before.completedBy }
    return { completedAt: facts.minor === 30 ? midnight(state.nowMillis()) : state.now(), completedBy: account.username }
  }
  return { completedAt: null, completedBy: null }
}

function addEvent(
  event: LegacyEvent,
  uid: string,
  enrollment: Enrollment,
  stage: string,
  orgUnit: string,
  date: string | null,
  context: LegacyContext,
): Event {
  const status = event.status ?? 'ACTIVE'
  const dueDate = event.dueDate === null ? null : parseTimestamp(event.dueDate)
  return context.state.addEvent(
    { uid, enrollment, programStage: stage, orgUnit, status, occurredAt: date, scheduledAt: dueDate, ...completion(status, null, context) },
    context.account.username,
  )
}

function createAsIn230(event: LegacyEvent, context: LegacyContext): Summary {
  const { state, metadata } = context
  const fail = (description: string): Summary => failed(event.uid, { description })
  if (event.uid !== null && state.events.has(event.uid))
    return fail(`Event ID ${event.uid} was already used. The ID is unique and cannot be used more than once`)
  const program = metadata.programs.get(event.program ?? '')
  if (program === undefined) return fail(`Event.program does not point to a valid program: ${event.program}`)
  const only = program.stages.length === 1 ? program.stages[0] : undefined
  const stage = metadata.stages.get(event.programStage ?? '') ?? only
  if (stage === undefined)
    return fail(`Event.programStage does not point to a valid programStage, and program is multi-stage: ${event.programStage}`)
  const unit = metadata.orgUnits.get(event.orgUnit ?? '')
  if (unit === undefined) return fail(`Event.orgUnit does not point to a valid organisation unit: ${event.orgUnit}`)
  if (event.trackedEntity === null) return fail('No Event.trackedEntityInstance was provided for registration based program')
  const person = state.trackedEntities.get(event.trackedEntity)
  if (person === undefined || person.deleted)
    return fail(`Event.trackedEntityInstance does not point to a valid tracked entity instance: ${event.trackedEntity}`)

  // whatever enrollment the event names, it goes to the active one
  const active = othersIn(person, program.id, 'ACTIVE', null)
  const [enrollment] = active
  if (enrollment === undefined) return fail(`Tracked entity instance: ${person.uid} is not enrolled in program: ${program.id}`)
  if (active.length > 1) return fail(`Tracked entity instance: ${person.uid} has multiple active enrollments in program: ${program.id}`)
  if (!stage.repeatable && enrollment.events.some((other) => !other.deleted && other.programStage === stage.id)) {
    return fail('Program stage is not repeatable and an event already exists')
  }
  if (!program.orgUnits.has(unit.id)) return fail(`Program is not assigned to this organisation unit: ${unit.id}`)
  const { date } = eventDateOf(event, context.facts)
  if (event.uid !== null && !isUid(event.uid)) return fail(`Event.event did not point to a valid event: ${event.uid}`)

  const uid = event.uid ?? randomUid()
  const stored = addEvent(event, uid, enrollment, stage.id, unit.id, date, context)
  const conflicts = valueConflicts(event, context)
  const bad = new Set(conflicts.map(({ object }) => object))
  const good = event.dataValues.filter(({ dataElement }) => !bad.has(dataElement) && metadata.dataElements.has(dataElement))
  for (const { dataElement, value } of good) state.setDataValue(stored, dataElement, value, context.account.username)
  // 2.30 counts data values, not events
  const counts = { imported: good.length, updated: 0, ignored: conflicts.length, deleted: 0 }
  return { ...succeeded(uid, 'imported'), counts, status: conflicts.length > 0 ? 'WARNING' : 'SUCCESS', conflicts }
}

/** The values that the stage has a place for, and the uids of the others. */
function partition(event: LegacyEvent, stage: IndexedStage): { own: LegacyEvent['dataValues']; foreign: string[] } {
  return {
    own: event.dataValues.filter(({ dataElement }) => stage.dataElements.has(dataElement)),
    foreign: event.dataValues.filter(({ dataElement }) => !stage.dataElements.has(dataElement)).map(({ dataElement }) => dataElement),
  }
}

function missingValues(event: LegacyEvent, stage: IndexedStage): Conflict[] {
  if (event.status !== 'COMPLETED') return []
  return [...stage.dataElements]
    .filter(([uid, compulsory]) => compulsory && !event.dataValues.some(({ dataElement, value }) => dataElement === uid && value !== null))
    .map(([object]) => ({ object, value: 'value_required_but_not_provided' }))
}

function warning(summary: Summary, foreign: readonly string[], stage: string): Summary {
  if (foreign.length === 0) return summary
  return {
    ...summary,
    status: 'WARNING',
    description: `Data Values [${foreign.join(', ')}] ignored because not defined in program stage ${stage}`,
  }
}

function createAsIn241(event: LegacyEvent, firsts: ReadonlyMap<string, LegacyEvent>, context: LegacyContext): Summary {
  const { state, metadata } = context
  const fail = (description: string): Summary => failed(event.uid, { description })
  const { ok, date } = eventDateOf(event, context.facts)
  if (!ok) return fail('Event date or Execution date format is not correct. ')
  if (event.uid !== null && state.events.has(event.uid)) {
    return fail(`Event ID ${event.uid} was already used and/or deleted. This event can not be modified.`)
  }
  const program = metadata.programs.get(event.program ?? '')
  if (program === undefined) return fail(`Event.program does not point to a valid program: ${event.program}`)
  const stage = metadata.stages.get(event.programStage ?? '')
  if (stage === undefined) return fail(`Event.programStage does not point to a valid programStage: ${event.programStage}`)
  const unit = metadata.orgUnits.get(event.orgUnit ?? '')
  if (unit === undefined) return fail(`Event.orgUnit does not point to a valid organisation unit: ${event.orgUnit}`)
  if (!program.orgUnits.has(unit.id)) return fail(`Program is not assigned to this Organisation Unit: ${unit.id}`)
  const person = state.trackedEntities.get(event.trackedEntity ?? '')
  if (person === undefined || person.deleted)
    return fail(`Event.trackedEntityInstance does not point to a valid tracked entity instance: ${event.trackedEntity}`)
  const active = othersIn(person, program.id, 'ACTIVE', null)
  const named = event.enrollment === null ? undefined : state.enrollments.get(event.enrollment)
  const enrollment = named ?? active[0]
  if (enrollment === undefined) return fail(`Tracked entity instance: ${person.uid} is not enrolled in program: ${program.id}`)
  if (named === undefined && active.length > 1)
    return fail(`Tracked entity instance: ${person.uid} has multiple active enrollments in program: ${program.id}`)
  if (!mayCapture(context, unit.id)) return fail(`User has no write access to organisation unit: ${unit.id}`)
  if (!stage.repeatable) {
    if (firsts.get(stageKey(event)) !== event)
      return fail(`ProgramStage ${stage.id} is not repeatable. Current payload contains duplicate event`)
    if (enrollment.events.some((other) => !other.deleted && other.programStage === stage.id)) {
      return fail(`Program stage is not repeatable and an event already exists`)
    }
  }
  const conflicts = [...valueConflicts(event, context), ...missingValues(event, stage)]
  if (conflicts.length > 0) return failed(event.uid, { conflicts })

  const uid = event.uid !== null && isUid(event.uid) ? event.uid : randomUid()
  const { own, foreign } = partition(event, stage)
  const stored = addEvent(event, uid, enrollment, stage.id, unit.id, date, context)
  for (const { dataElement, value } of own) state.setDataValue(stored, dataElement, value, context.account.username)
  return warning(succeeded(uid, 'imported'), foreign, stage.id)
}

function unknownEvent(event: LegacyEvent, context: LegacyContext): Summary {
  return failed(event.uid, {
    description: `${context.facts.minor === 30 ? 'ID' : 'Event ID'} ${event.uid} doesn't point to valid event`,
    conflicts: [{ object: 'Invalid Event ID', value: event.uid ?? '' }],
  })
}

/** POST of an event that is there, and PUT: the data values sent replace all that were there. */
export function updateEvent(event: LegacyEvent, context: LegacyContext): Summary {
  const { state, metadata, facts, account } = context
  const stored = state.events.get(event.uid ?? '')
  if (stored === undefined || stored.deleted) return unknownEvent(event, context)
  const { ok, date } = eventDateOf(event, facts)
  if (!ok) return failed(event.uid, { description: 'Event date or Execution date format is not correct. ' })
  const unit = metadata.orgUnits.get(event.orgUnit ?? '')
  const status = event.status ?? stored.status
  const change = (): void =>
    state.change(
      stored,
      {
        orgUnit: unit?.id ?? stored.orgUnit,
        status,
        ...(date === null ? {} : { occurredAt: date }),
        ...completion(status, stored, context),
      },
      account.username,
    )
  // 2.30 has changed date, org unit and status before it looks at the values
  if (facts.minor === 30) change()
  const unknown = event.dataValues.find(({ dataElement }) => !metadata.dataElements.has(dataElement))
  if (unknown !== undefined && facts.minor === 30) {
    const summary = failed(event.uid, {
      description: `Data element ${unknown.dataElement} doesn't exist in the system. Please, provide correct data element`,
    })
    return { ...summary, counts: { ...summary.counts, ignored: 0 } }
  }
  const stage = metadata.stages.get(stored.programStage)
  const conflicts = valueConflicts(event, context)
  if (facts.minor > 30 && stage !== undefined) conflicts.push(...missingValues(event, stage))
  if (conflicts.length > 0) return failed(event.uid, { conflicts })
  if (facts.minor > 30) {
    change()
    const named = event.enrollment === null ? undefined : state.enrollments.get(event.enrollment)
    if (named !== undefined && named !== stored.enrollment) state.moveEvent(stored, named)
  }
  const { own, foreign } = facts.minor === 30 || stage === undefined ? { own: event.dataValues, foreign: [] } : partition(event, stage)
  const sent = new Set(own.map(({ dataElement }) => dataElement))
  for (const dataElement of stored.dataValues.keys())
    if (!sent.has(dataElement)) state.setDataValue(stored, dataElement, null, account.username)
  for (const { dataElement, value } of own) state.setDataValue(stored, dataElement, value, account.username)
  return warning(succeeded(stored.uid, 'updated'), foreign, stored.programStage)
}

/** PUT events/{uid}/{dataElement}: this value only. */
export function updateSingleValue(event: LegacyEvent, dataElement: string, context: LegacyContext): Summary {
  const stored = context.state.events.get(event.uid ?? '')
  if (stored === undefined || stored.deleted) return unknownEvent(event, context)
  const own = { ...event, dataValues: event.dataValues.filter((entry) => entry.dataElement === dataElement) }
  const conflicts = valueConflicts(own, context)
  if (conflicts.length > 0) return failed(event.uid, { conflicts })
  for (const { value } of own.dataValues) context.state.setDataValue(stored, dataElement, value, context.account.username)
  return succeeded(stored.uid, 'updated')
}

export function deleteEvent(uid: string, context: LegacyContext): Summary {
  const stored = context.state.events.get(uid)
  if (stored === undefined || stored.deleted)
    return deletion(null, `Event ${uid} cannot be deleted as it is not present in the system`, false)
  context.state.deleteEvent(stored, context.account.username)
  return deletion(context.facts.minor === 30 ? null : uid, `Deletion of event ${uid} was successful`, true)
}
