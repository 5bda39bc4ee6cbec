/**
 * Steps 4 to 7, one chunk: the enrollments that were planned for the step, each with its events → DHIS2 → outcomes. Wave by wave: a patient is
 * never twice in one request.
 */
import { equalsEnrollment, equalsEvent } from '../src/core/compare.ts'
import { groupBy } from '../src/core/group-by.ts'
import type { Dhis2Event, EnrollmentPayload, EnrollmentStatus, ImportReport, Metadata, ObjectResult } from '../src/core/model.ts'
import { rejectionOf } from '../src/core/outcome.ts'
import type { EnrollmentStep } from '../src/core/reconcile.ts'
import { reject } from '../src/core/rejection.ts'
import type { Outcome, Run } from '../sql/store/store.ts'
import { assumeEnrollments } from './assume.ts'
import type { JobContext } from './context.ts'
import { deliver } from './deliver.ts'
import { dryRunContext } from './dry-run-context.ts'
import { recordDelivered, rejected } from './outcomes.ts'
import { planEnrollments, type Plan } from './plan-enrollments.ts'
import { isOurs, prepareEnrollment, type EventsThere, type Planned, type Prepared, type PreparedEvent } from './prepare-enrollment.ts'

/** @param beside see Store.holdingPatients @returns how many enrollments the chunk had in this step */
export async function pushEnrollments(ctx: JobContext, run: Run, step: EnrollmentStep, chunk: number, beside: boolean): Promise<number> {
  // two runs that both plan to create, or to take over, would send it twice
  if (beside && !run.dryRun && (await ctx.store.sentSincePlan(run.runId, chunk))) await planEnrollments(ctx, run, chunk, step)
  const items = await ctx.store.readPlanned<Plan>(run.runId, step, chunk)
  const waves = groupBy(items, (item) => item.enrollment.wave)
  for (const wave of [...waves.keys()].toSorted((a, b) => a - b)) await pushWave(ctx, run, step, chunk, waves.get(wave)!)
  return items.length
}

async function pushWave(ctx: JobContext, run: Run, step: EnrollmentStep, chunk: number, items: readonly Planned[]): Promise<void> {
  const metadata = await ctx.metadata(run)
  const there = await eventsThere(ctx, items)
  const made = items.map((item) => prepareEnrollment(ctx, run, item, metadata, there))
  const outcomes = made.flatMap((m) => m.outcomes)
  let prepared = made.flatMap((m) => (m.prepared ? [m.prepared] : []))
  if (run.resync) prepared = await leaveOutUnchanged(ctx, prepared, outcomes)
  outcomes.push(...prepared.filter(isEmpty).flatMap((p) => settledEnrollment(p, { state: 'unchanged', warnings: [] })))
  prepared = prepared.filter((p) => !isEmpty(p))
  await ctx.store.recordOutcomes(run.runId, step, outcomes)

  await ctx.store.markSending(run.runId, prepared.flatMap(sendingOf))
  const { results, refusesEverything } = await deliver(
    prepared.map((p) => p.payload),
    {
      post: (payloads, divisible) => send(ctx, run, step, chunk, prepared, payloads, divisible),
      size: () => ctx.requestSize(run),
      uids: uidsOf,
      split: onePartEach,
    },
  )
  await recordDelivered(
    ctx,
    run,
    step,
    prepared.flatMap((p) => outcomesOf(p, results, run, metadata)),
    refusesEverything,
  )
}

async function send(
  ctx: JobContext,
  run: Run,
  step: EnrollmentStep,
  chunk: number,
  prepared: readonly Prepared[],
  payloads: readonly EnrollmentPayload[],
  divisible: boolean,
): Promise<ImportReport> {
  if (!run.dryRun) return ctx.client.importEnrollments(payloads, { divisible })
  if (!ctx.client.canValidate) return assumeEnrollments(payloads)
  return ctx.client.importEnrollments(payloads, { divisible, validateOnly: await dryRunContext(ctx, run, step, chunk, prepared) })
}

/**
 * A legacy API treats new events otherwise than those that are there. The tracker API does not: there only enrollments that others made are read, which may
 * have events to take over.
 */
async function eventsThere(ctx: JobContext, items: readonly Planned[]): Promise<EventsThere> {
  const asking = items.flatMap(({ enrollment, events, trackedEntity }) => {
    const { program, plan } = enrollment
    if ('rejection' in plan || plan.existing === null || program === null || events.length === 0) return []
    const needed = !ctx.client.addsEventsToAnyEnrollment || (!isOurs(ctx, enrollment) && events.some((event) => event.tracker === null))
    return needed ? [{ program, enrollment: plan.enrollment, trackedEntity }] : []
  })
  const events: Dhis2Event[] = []
  for (const [program, ofProgram] of groupBy(asking, (e) => e.program)) events.push(...(await ctx.client.readEvents(program, ofProgram)))
  return { events, tracked: await ctx.store.trackedEvents(events.map(({ event }) => event)) }
}

/** A re-sync sends only what differs from what DHIS2 has. */
async function leaveOutUnchanged(ctx: JobContext, prepared: readonly Prepared[], outcomes: Outcome[]): Promise<Prepared[]> {
  const there = new Map<string, Dhis2Event>()
  for (const [program, ofProgram] of groupBy(prepared, (p) => p.payload.program)) {
    const known = ofProgram.filter((p) => p.payload.existing && p.events.some((e) => e.payload.exists)).map((p) => p.payload)
    for (const event of known.length > 0 ? await ctx.client.readEvents(program, known) : []) there.set(event.event, event)
  }
  return prepared.map((p) => {
    const same = p.events.filter((e) => equalsEvent(e.payload, p.payload.enrollment, there.get(e.payload.event)))
    outcomes.push(...same.map((e) => settledEvent(p, e, { state: 'unchanged', warnings: [] })))
    const events = p.events.filter((e) => !same.includes(e))
    const fields = p.payload.fields && equalsEnrollment(p.payload.fields, p.payload.existing) ? null : p.payload.fields
    return { ...p, events, payload: { ...p.payload, fields, events: events.map((e) => e.payload) } }
  })
}

const isEmpty = ({ payload }: Prepared) => payload.fields === null && payload.events.length === 0

function sendingOf({ item, payload, events }: Prepared) {
  const enrollment = payload.fields && item.enrollment.pending ? [{ rowId: item.enrollment.rowId, uid: payload.enrollment, sent: [] }] : []
  return [
    ...enrollment,
    ...events.map((e) => ({ rowId: e.row.rowId, uid: e.payload.event, sent: [...new Set([...e.row.sent, ...e.sent])] })),
  ]
}

const uidsOf = (payload: EnrollmentPayload) => [...(payload.fields ? [payload.enrollment] : []), ...payload.events.map((e) => e.event)]

/** The enrollment alone, then each event alone. */
function onePartEach(payload: EnrollmentPayload): EnrollmentPayload[] {
  const { fields } = payload
  if (fields === null) return payload.events.map((event) => ({ ...payload, events: [event] }))
  const { enrollment, trackedEntity, program } = payload
  const now = { enrollment, trackedEntity, program, completedAt: null, ...fields }
  return [{ ...payload, events: [] }, ...payload.events.map((event) => ({ ...payload, fields: null, existing: now, events: [event] }))]
}

function outcomesOf(p: Prepared, results: ReadonlyMap<string, ObjectResult>, run: Run, metadata: Metadata): Outcome[] {
  const { item, payload } = p
  const enrollmentResult = payload.fields ? results.get(payload.enrollment)! : null
  const refused = enrollmentResult?.state === 'refused' || enrollmentResult?.state === 'parentRefused'
  const patientId = item.enrollment.patientId
  const enrollment =
    enrollmentResult === null
      ? settledEnrollment(p, { state: 'unchanged', warnings: [] })
      : enrollmentResult.state === 'created' || enrollmentResult.state === 'updated'
        ? settledEnrollment(p, enrollmentResult)
        : [
            rejected(
              item.enrollment.rowId,
              rejectionOf(errorsOf(enrollmentResult), {
                kind: 'enrollment',
                patientId,
                relation: run.mapping.enrollments.table,
                columns: {},
                payload,
                metadata,
              }),
            ),
          ]
  const events = p.events.map((event) => {
    const result = results.get(event.payload.event)!
    if (result.state === 'created' || result.state === 'updated') return settledEvent(p, event, result)
    if (refused)
      return rejected(
        event.row.rowId,
        reject(
          'parent-rejected',
          `Patient ${patientId}: event ${event.row.eventUniqueId} was not sent, because its enrollment was rejected.`,
        ),
      )
    const { table: relation, columns } = run.mapping.events[event.row.source]!
    const about = { kind: 'event', patientId, relation, columns } as const
    return rejected(event.row.rowId, rejectionOf(errorsOf(result), { ...about, payload: event.payload, metadata }))
  })
  return [...enrollment, ...events]
}

const errorsOf = (result: ObjectResult) => (result.state === 'refused' ? result.errors : [])

type Settled = { state: 'created' | 'updated' | 'unchanged'; warnings: readonly { message: string }[] }

/** Nothing for an enrollment that this run only brings events to. */
function settledEnrollment({ item, payload }: Prepared, result: Settled): Outcome[] {
  if (!item.enrollment.pending) return []
  return [
    settled(
      item.enrollment.rowId,
      payload.enrollment,
      item.trackedEntity,
      result,
      [],
      payload.fields?.status ?? payload.existing?.status ?? null,
      'adopted' in item.enrollment.plan && item.enrollment.plan.adopted,
    ),
  ]
}

function settledEvent(p: Prepared, event: PreparedEvent, result: Settled): Outcome {
  const { plan } = p.item.enrollment
  const linked = 'rejection' in plan ? undefined : plan.linkWarnings[event.row.rowId]
  const warnings = linked === undefined ? result.warnings : [...result.warnings, { message: linked }]
  return settled(event.row.rowId, event.payload.event, p.item.trackedEntity, { ...result, warnings }, event.sent, null, event.adopted)
}

function settled(
  rowId: string,
  uid: string,
  trackedEntity: string,
  result: Settled,
  sent: readonly string[],
  status: EnrollmentStatus | null,
  adopted: boolean,
): Outcome {
  const warnings = result.warnings.map((w) => w.message)
  return { rowId, state: result.state, uid, trackedEntity, status, adopted, sent, rejection: null, warnings }
}
