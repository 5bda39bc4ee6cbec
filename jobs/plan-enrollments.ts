/**
 * Step 3, one chunk: what enrollments has DHIS2, and where does each of Bahmni's go? Sends nothing; the four steps after it act on the plan, and plan anew
 * when another run has sent enrollments of the chunk's patients meanwhile. Newcomers to DHIS2 are planned by step 2.
 */
import { linkEvent } from '../src/core/link.ts'
import type { Dhis2Enrollment, EnrollmentFields, EnrollmentRow, EventLink, Metadata } from '../src/core/model.ts'
import { enrollmentFields } from '../src/core/payload.ts'
import { ENROLLMENT_STEPS, reconcile, type EnrollmentPlan, type EnrollmentStep, type Episode } from '../src/core/reconcile.ts'
import { reject, type Rejection } from '../src/core/rejection.ts'
import { enrollmentKey } from '../src/core/uid.ts'
import type { Outcome, PatientWork, PlannedEnrollment, Run } from '../sql/store/store.ts'
import { dayOf, type JobContext } from './context.ts'
import { rejected } from './outcomes.ts'

/** Carried out by push-enrollments; a rejection waits for its step, so that `stop` ends the run after that step (decided 14). */
export type Plan = (EnrollmentPlan & { linkWarnings: Readonly<Record<string, string>> }) | { rejection: Rejection }

const FIRST = ENROLLMENT_STEPS[0]

/** @param anew the step that the chunk is in: what is planned for an earlier one goes now @returns how many patients were planned for */
export async function planEnrollments(ctx: JobContext, run: Run, chunk: number, anew: EnrollmentStep | null = null): Promise<number> {
  const work = await ctx.store.readEnrollmentWork(run.runId, chunk, anew === null ? 'unplanned' : 'all')
  if (work.length === 0) return 0
  const metadata = await ctx.metadata(run)
  const there = await readEnrollments(ctx, work, metadata)

  const planned: PlannedEnrollment<Plan>[] = []
  const outcomes: Outcome[] = []
  for (const patient of work) {
    const made = planPatient(ctx, run, patient, there.get(patient.trackedEntity ?? '') ?? [], metadata)
    planned.push(...inWaves(made.planned, anew ?? FIRST))
    outcomes.push(...made.outcomes)
  }
  // before the plan: a patient who has one is not looked at again
  await ctx.store.recordOutcomes(run.runId, 'enrollments', outcomes)
  await ctx.store.savePlan(run.runId, chunk, planned, anew === null ? 'add' : 'instead')
  return work.length
}

/**
 * Of patients whom this run has created DHIS2 has no enrollments: nothing to ask, so that step 2 can plan for them while other chunks are with DHIS2. It was a
 * twentieth of a first sync. Whoever has a record to be rejected is left to step 3, which it counts for and may never come.
 */
export async function planNewcomers(ctx: JobContext, run: Run, chunk: number): Promise<void> {
  const work = await ctx.store.readEnrollmentWork(run.runId, chunk, 'newcomers')
  const newcomers = work.filter(isNewcomer)
  if (newcomers.length === 0) return
  const metadata = await ctx.metadata(run)
  const made = newcomers.map((patient) => planPatient(ctx, run, patient, [], metadata))
  await ctx.store.savePlan(
    run.runId,
    chunk,
    made.flatMap(({ planned, outcomes }) => (outcomes.length > 0 ? [] : inWaves(planned, FIRST))),
  )
}

/** No run of ours has sent enrollments of theirs meanwhile. */
const isNewcomer = ({ createdNow, trackers }: PatientWork) => createdNow && trackers.length === 0

/** DHIS2's enrollments of the chunk's patients by tracked entity; those that this run created have none but what our runs sent. */
async function readEnrollments(ctx: JobContext, work: readonly PatientWork[], metadata: Metadata): Promise<Map<string, Dhis2Enrollment[]>> {
  const asked = new Map<string, Set<string>>()
  for (const patient of work) {
    if (patient.trackedEntity === null || isNewcomer(patient)) continue
    for (const { program } of patient.enrollments) {
      if (program !== null && metadata.programs.has(program))
        asked.set(program, (asked.get(program) ?? new Set()).add(patient.trackedEntity))
    }
  }
  const there = new Map<string, Dhis2Enrollment[]>()
  for (const [program, trackedEntities] of asked) {
    for (const enrollment of await ctx.client.readEnrollments(program, [...trackedEntities])) {
      there.set(enrollment.trackedEntity, [...(there.get(enrollment.trackedEntity) ?? []), enrollment])
    }
  }
  return there
}

function planPatient(
  ctx: JobContext,
  run: Run,
  patient: PatientWork,
  there: readonly Dhis2Enrollment[],
  metadata: Metadata,
): { planned: PlannedEnrollment<Plan>[]; outcomes: Outcome[] } {
  const outcomes: Outcome[] = []
  const pending = [...patient.enrollments.filter((row) => row.pending), ...patient.events]
  if (patient.trackedEntity === null || patient.patientRejected) {
    const rejection = withoutPatient(patient, run)
    return { planned: [], outcomes: pending.map((row) => rejected(row.rowId, rejection)) }
  }
  const trackedEntity = patient.trackedEntity

  const events = new Map<string, EventLink[]>()
  /** by the event's rowId */
  const linkWarnings: Record<string, string> = {}
  for (const event of patient.events) {
    const link = linkEvent(event, patient.enrollments, run.mapping)
    if ('rejection' in link) outcomes.push(rejected(event.rowId, link.rejection))
    else {
      if (link.warning !== null) linkWarnings[event.rowId] = link.warning
      events.set(link.enrollment.rowId, [...(events.get(link.enrollment.rowId) ?? []), event])
    }
  }

  const planned: PlannedEnrollment<Plan>[] = []
  const plan = (row: EnrollmentRow, step: EnrollmentStep, made: Plan) =>
    planned.push({ rowId: row.rowId, step, wave: 0, plan: made, events: (events.get(row.rowId) ?? []).map((e) => e.rowId) })

  const byProgram = new Map<string, { row: EnrollmentRow; episode: Episode }[]>()
  for (const row of patient.enrollments) {
    const hasEvents = events.has(row.rowId)
    const made = enrollmentFields(row, { mapping: run.mapping, metadata, today: dayOf(run) })
    const problem = foreignTracker(row, trackedEntity) ?? ('rejection' in made ? made.rejection : null)
    if (problem && row.pending) plan(row, 'new-completed', { rejection: problem })
    if (problem && row.pending) continue
    if (row.program === null || row.programUniqueId === null) continue
    const episode: Episode = {
      rowId: row.rowId,
      programUniqueId: row.programUniqueId,
      fields: 'rejection' in made ? asTheMartSays(row) : made,
      work: row.pending ? 'decide' : hasEvents ? 'events' : 'context',
      tracker: row.tracker,
      sending: row.sending,
      derived: ctx.uidOf('enrollment', enrollmentKey(row.program, row.programUniqueId)),
    }
    byProgram.set(row.program, [...(byProgram.get(row.program) ?? []), { row, episode }])
  }

  for (const [program, entries] of byProgram) {
    const decisions = reconcile({
      patientId: patient.patientId,
      trackedEntity,
      program,
      openLatestCompletedEnrollment: run.mapping.openLatestCompletedEnrollment === 'yes',
      addsEventsToAnyEnrollment: ctx.client.addsEventsToAnyEnrollment,
      episodes: entries.map((entry) => entry.episode),
      vanished: vanished(
        patient,
        program,
        entries.map((entry) => entry.episode),
      ),
      dhis2: there.filter((enrollment) => enrollment.program === program),
    })
    for (const decision of decisions) {
      const { row } = entries.find((entry) => entry.row.rowId === decision.rowId)!
      plan(row, decision.step, 'rejection' in decision ? { rejection: decision.rejection } : { ...decision.plan, linkWarnings })
    }
  }
  return { planned, outcomes }
}

/** At most one enrollment of a patient in a request: the earlier one's answer has to be there first. */
function inWaves(planned: readonly PlannedEnrollment<Plan>[], from: EnrollmentStep): PlannedEnrollment<Plan>[] {
  const steps = ENROLLMENT_STEPS.slice(ENROLLMENT_STEPS.indexOf(from))
  const late = planned.map((p) => (steps.some((step) => step === p.step) ? p : { ...p, step: from }))
  return steps.flatMap((step) => late.filter((p) => p.step === step).map((p, wave) => ({ ...p, wave })))
}

/** A row that is here only because its patient is, and whose own fields would not pass now. */
function asTheMartSays(row: EnrollmentRow): EnrollmentFields {
  const date = row.enrollmentDate?.slice(0, 10) ?? ''
  const status = row.status === 'COMPLETED' || row.status === 'CANCELLED' ? row.status : 'ACTIVE'
  return { orgUnit: '', enrolledAt: date, occurredAt: date, status }
}

/** Bound ones that take no part in the decision stay ours: their rows are gone from the Mart, or were rejected. */
function vanished(patient: PatientWork, program: string, episodes: readonly Episode[]): { enrollment: string; programUniqueId: string }[] {
  const deciding = new Set(episodes.map((episode) => episode.programUniqueId))
  return patient.trackers.filter((t) => t.program === program && !deciding.has(t.programUniqueId))
}

function foreignTracker(row: EnrollmentRow, trackedEntity: string): Rejection | null {
  if (row.trackerInstance === null || row.trackerInstance === trackedEntity) return null
  const message = `Patient ${row.patientId}: enrollment ${row.programUniqueId} is bound to tracked entity ${row.trackerInstance} in enrollment_tracker, but the patient is ${trackedEntity}.`
  return reject('belongs-to-other-patient', message, {
    column: 'program_unique_id',
    value: row.programUniqueId,
    dhis2Uid: row.trackerInstance,
  })
}

function withoutPatient(patient: PatientWork, run: Run): Rejection {
  return patient.patientRejected
    ? reject('parent-rejected', `Patient ${patient.patientId}: not sent, because the patient's own record was rejected.`)
    : reject('patient-not-found', `Patient ${patient.patientId} has no row in ${run.mapping.instance.table} and was never sent before.`)
}
