/** The steps of a run with DHIS2 only read: what they would send is caught at the port, and taken for accepted. */
import type { EnrollmentPayload, EventPayload, TrackedEntityPayload } from '../src/core/model.ts'
import { ENROLLMENT_STEPS } from '../src/core/reconcile.ts'
import type { Dhis2Client } from '../src/dhis2/client.ts'
import type { Run } from '../sql/store/store.ts'
import { assumeEnrollments, assumeTrackedEntities } from './assume.ts'
import type { JobContext } from './context.ts'
import { planEnrollments } from './plan-enrollments.ts'
import { pushEnrollments } from './push-enrollments.ts'
import { pushPatients } from './push-patients.ts'

/** By their UIDs. */
export interface Caught {
  trackedEntities: ReadonlyMap<string, TrackedEntityPayload>
  enrollments: ReadonlyMap<string, EnrollmentPayload>
  events: ReadonlyMap<string, EventPayload>
}

export async function rehearseSteps(ctx: JobContext, run: Run, chunk: number): Promise<Caught> {
  const trackedEntities = new Map<string, TrackedEntityPayload>()
  const enrollments = new Map<string, EnrollmentPayload>()
  const events = new Map<string, EventPayload>()
  const client: Dhis2Client = {
    ...ctx.client,
    // asked to validate, it would be asked over the network
    canValidate: true,
    importTrackedEntities: (payloads) => {
      for (const payload of payloads) trackedEntities.set(payload.trackedEntity, payload)
      return Promise.resolve(assumeTrackedEntities(payloads))
    },
    importEnrollments: (payloads) => {
      for (const payload of payloads) {
        if (payload.fields) enrollments.set(payload.enrollment, payload)
        for (const event of payload.events) events.set(event.event, event)
      }
      return Promise.resolve(assumeEnrollments(payloads))
    },
  }
  const rehearsing: JobContext = { ...ctx, client }
  await pushPatients(rehearsing, run, chunk)
  await planEnrollments(rehearsing, run, chunk)
  for (const step of ENROLLMENT_STEPS) await pushEnrollments(rehearsing, run, step, chunk, false)
  return { trackedEntities, enrollments, events }
}
