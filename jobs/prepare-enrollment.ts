/** One planned enrollment with its events → its payload, and the events that cannot go. */
import { mappedColumns } from '../src/core/mapping.ts'
import type { Dhis2Enrollment, Dhis2Event, EnrollmentPayload, EventPayload, EventRow, Metadata } from '../src/core/model.ts'
import { enrollmentFields, eventKeyMissing, eventPayload, fieldsOf } from '../src/core/payload.ts'
import { reject, type Rejection } from '../src/core/rejection.ts'
import { sameEvents } from '../src/core/same-event.ts'
import { enrollmentKey, eventKey } from '../src/core/uid.ts'
import type { Outcome, PushItem, Run } from '../sql/store/store.ts'
import { dayOf, type JobContext } from './context.ts'
import { rejected } from './outcomes.ts'
import type { Plan } from './plan-enrollments.ts'

export type Planned = PushItem<Plan>
export interface PreparedEvent {
  row: EventRow
  payload: EventPayload
  sent: readonly string[]
  adopted: boolean
}
/** What DHIS2 has in the enrollments that are sent, as far as it was asked for. */
export interface EventsThere {
  events: readonly Dhis2Event[]
  /** those that event_tracker names */
  tracked: ReadonlySet<string>
}
export const NOT_ASKED: EventsThere = { events: [], tracked: new Set() }

export interface Prepared {
  item: Planned
  payload: EnrollmentPayload
  events: readonly PreparedEvent[]
}

/** Makes the payload of a planned enrollment with those of its events that can go. */
export function prepareEnrollment(
  ctx: JobContext,
  run: Run,
  item: Planned,
  metadata: Metadata,
  there: EventsThere,
): { prepared: Prepared | null; outcomes: Outcome[] } {
  const { enrollment: row, events } = item
  const { plan } = row
  if ('rejection' in plan) return { prepared: null, outcomes: rejectAll(item, plan.rejection) }
  const fields = plan.sendFields
    ? enrollmentFields(row, { mapping: run.mapping, metadata, today: dayOf(run) })
    : !ctx.client.addsEventsToAnyEnrollment && leftOpen(item, plan.existing)
      ? { ...fieldsOf(plan.existing!), status: row.trackerStatus! }
      : null
  if (fields && 'rejection' in fields) return { prepared: null, outcomes: rejectAll(item, fields.rejection) }

  const outcomes: Outcome[] = []
  const ready: PreparedEvent[] = []
  const takenStages = new Set<string>()
  const inEnrollment = there.events.filter((event) => event.enrollment === plan.enrollment)
  const uids: EventUids = {
    there: new Set(inEnrollment.map((event) => event.event)),
    same: findSame(ctx, run, item, metadata, inEnrollment, there),
  }
  for (const event of events.toSorted(knownFirstThenByDate)) {
    const made = prepareEvent(ctx, run, item, event, metadata, uids, takenStages)
    if ('rejection' in made) outcomes.push(rejected(event.rowId, made.rejection))
    else ready.push(made)
  }
  const payload: EnrollmentPayload = {
    enrollment: plan.enrollment,
    trackedEntity: item.trackedEntity,
    program: row.program!,
    fields,
    existing: plan.existing,
    events: ready.map((event) => event.payload),
  }
  return { prepared: { item, payload, events: ready }, outcomes }
}

/**
 * A legacy API takes new events into an ACTIVE enrollment only, so one that has ended is opened for them. A run that was cut off then left it open;
 * that an event of it was on its way tells so from somebody's opening it in DHIS2.
 */
function leftOpen({ enrollment, events }: Planned, existing: Dhis2Enrollment | null): boolean {
  const { trackerStatus } = enrollment
  return existing?.status === 'ACTIVE' && trackerStatus !== null && trackerStatus !== 'ACTIVE' && events.some((event) => event.unconfirmed)
}

interface EventUids {
  there: ReadonlySet<string>
  /** rowId → uid of what is taken over */
  same: ReadonlyMap<string, string>
}

const derivedUid = (ctx: JobContext, row: EventRow) =>
  ctx.uidOf('event', eventKey(row.program ?? '', row.programStage ?? '', row.eventUniqueId ?? ''))

/** We made it: no Java service has ever written into it. */
export function isOurs(ctx: JobContext, { program, programUniqueId, plan }: Planned['enrollment']): boolean {
  return 'enrollment' in plan && plan.enrollment === ctx.uidOf('enrollment', enrollmentKey(program ?? '', programUniqueId ?? ''))
}

function findSame(
  ctx: JobContext,
  run: Run,
  { enrollment, events }: Planned,
  metadata: Metadata,
  inEnrollment: readonly Dhis2Event[],
  { tracked }: EventsThere,
): Map<string, string> {
  if (inEnrollment.length === 0) return new Map()
  const there = new Set(inEnrollment.map(({ event }) => event))
  // taken over by a run that was cut off, which may have changed it since
  const taken = new Map(
    events.flatMap((row) => (row.tracker === null && row.sending !== null && there.has(row.sending) ? [[row.rowId, row.sending]] : [])),
  )
  const ours = new Set(events.map((row) => row.tracker ?? taken.get(row.rowId) ?? derivedUid(ctx, row)))
  const nobodys = inEnrollment.filter(({ event }) => !tracked.has(event) && !ours.has(event))
  if (nobodys.length === 0 || 'rejection' in enrollment.plan || isOurs(ctx, enrollment)) return taken
  const { timeZone } = ctx.settings
  const fresh = events.filter((row) => row.tracker === null && !taken.has(row.rowId) && !there.has(derivedUid(ctx, row)))
  const news = fresh.flatMap((row) => {
    const made = eventPayload(row, { mapping: run.mapping, metadata, today: dayOf(run), timeZone, enrollment, uid: derivedUid(ctx, row) })
    const mapped = mappedColumns(run.mapping.events[row.source]!).map(([, uid]) => uid)
    return 'rejection' in made ? [] : [{ rowId: row.rowId, payload: made.payload, mapped }]
  })
  const before = enrollment.plan.existing?.orgUnit ?? null
  const now = metadata.orgUnitsByCode.get(enrollment.orgUnitCode?.trim() ?? '')?.uid ?? null
  return new Map([...taken, ...sameEvents(news, nobodys, { metadata, timeZone, enrollmentOrgUnits: [before, now] })])
}

function knownFirstThenByDate(a: EventRow, b: EventRow): number {
  const key = (e: EventRow) => `${e.tracker === null ? 1 : 0} ${e.eventDate ?? ''} ${e.eventUniqueId ?? ''} ${e.rowId}`
  return key(a) < key(b) ? -1 : 1
}

function prepareEvent(
  ctx: JobContext,
  run: Run,
  item: Planned,
  row: EventRow,
  metadata: Metadata,
  uids: EventUids,
  takenStages: Set<string>,
): PreparedEvent | { rejection: Rejection } {
  const relation = run.mapping.events[row.source]!.table
  if (row.trackerInstance !== null && row.trackerInstance !== item.trackedEntity) {
    const message = `Patient ${row.patientId}: event ${row.eventUniqueId} is bound to tracked entity ${row.trackerInstance} in event_tracker, but the patient is ${item.trackedEntity}.`
    return {
      rejection: reject('belongs-to-other-patient', message, {
        column: 'event_unique_id',
        value: row.eventUniqueId,
        dhis2Uid: row.trackerInstance,
      }),
    }
  }
  const missing = eventKeyMissing(row, relation)
  if (missing) return missing
  const stage = metadata.programs.get(row.program ?? '')?.stages.get(row.programStage ?? '')
  if (stage && !stage.repeatable && takenStages.has(stage.uid)) {
    const message = `Patient ${row.patientId}: event ${row.eventUniqueId} of ${row.eventDate} is the second one of stage "${stage.name}" in this enrollment.`
    return { rejection: reject('second-in-single-stage', message, { column: 'program_stage', dhis2Uid: stage.uid, dhis2Name: stage.name }) }
  }
  const same = uids.same.get(row.rowId)
  const uid = row.tracker ?? same ?? derivedUid(ctx, row)
  // the legacy API was asked for all; the other needs to know only of what may be there
  const unconfirmed = uids.there.has(uid) || (ctx.client.addsEventsToAnyEnrollment && row.unconfirmed)
  const made = eventPayload(
    { ...row, unconfirmed },
    {
      mapping: run.mapping,
      metadata,
      today: dayOf(run),
      timeZone: ctx.settings.timeZone,
      enrollment: item.enrollment,
      uid,
    },
  )
  if ('rejection' in made) return made
  const blockedBy = 'rejection' in item.enrollment.plan ? null : item.enrollment.plan.newEventsBlockedBy
  if (blockedBy !== null && !made.payload.exists) {
    const message = `Patient ${row.patientId}: event ${row.eventUniqueId} of ${row.eventDate} cannot be added, because enrollment ${blockedBy} of the same program is active.`
    return { rejection: reject('event-needs-active-enrollment', message, { dhis2Uid: blockedBy }) }
  }
  takenStages.add(made.payload.programStage)
  return { row, ...made, adopted: same !== undefined }
}

/** The enrollment's own rejection, and its events'. */
function rejectAll({ enrollment, events }: Planned, rejection: Rejection): Outcome[] {
  const parent = reject(
    'parent-rejected',
    `Patient ${enrollment.patientId}: not sent, because its enrollment was rejected: ${rejection.message}`,
  )
  return [
    ...(enrollment.pending ? [rejected(enrollment.rowId, rejection)] : []),
    ...events.map((event) => rejected(event.rowId, enrollment.pending ? parent : rejection)),
  ]
}
