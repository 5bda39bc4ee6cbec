/** A dry run saves nothing, so DHIS2 has to be shown, in each request, what a real run would have saved before it. */
import type { EnrollmentPayload, TrackedEntityPayload } from '../src/core/model.ts'
import { trackedEntityPayload, trackedEntityTypeOf } from '../src/core/payload.ts'
import { ENROLLMENT_STEPS, type EnrollmentStep } from '../src/core/reconcile.ts'
import type { Run } from '../sql/store/store.ts'
import type { JobContext } from './context.ts'
import type { Plan } from './plan-enrollments.ts'
import { NOT_ASKED, prepareEnrollment, type Prepared } from './prepare-enrollment.ts'

export async function dryRunContext(
  ctx: JobContext,
  run: Run,
  step: EnrollmentStep,
  chunk: number,
  prepared: readonly Prepared[],
): Promise<{ trackedEntities: TrackedEntityPayload[]; enrollments: EnrollmentPayload[] }> {
  const metadata = await ctx.metadata(run)
  const trackedEntityOf = new Map(prepared.map((p) => [p.item.enrollment.patientId, p.item.trackedEntity]))
  const waveOf = new Map(prepared.map((p) => [p.item.enrollment.patientId, p.item.enrollment.wave]))

  const patients = await ctx.store.readPatients(run.runId, chunk, 'all')
  const trackedEntities = patients.flatMap((row) => {
    const uid = trackedEntityOf.get(row.patientId)
    if (uid === undefined) return []
    const trackedEntityType = trackedEntityTypeOf(metadata, ctx.settings.trackedEntityType)
    const made = trackedEntityPayload(row, {
      mapping: run.mapping,
      metadata,
      trackedEntityType,
      timeZone: ctx.settings.timeZone,
      uid,
      isNew: false,
    })
    return 'rejection' in made ? [] : [made.payload]
  })

  const enrollments: EnrollmentPayload[] = []
  for (const earlier of ENROLLMENT_STEPS.slice(0, ENROLLMENT_STEPS.indexOf(step) + 1)) {
    for (const item of await ctx.store.readPlanned<Plan>(run.runId, earlier, chunk, 'all')) {
      const wave = waveOf.get(item.enrollment.patientId)
      if (wave === undefined || (earlier === step && item.enrollment.wave >= wave)) continue
      const made = prepareEnrollment(ctx, run, item, metadata, NOT_ASKED).prepared
      if (made) enrollments.push(made.payload)
    }
  }
  return { trackedEntities, enrollments }
}
