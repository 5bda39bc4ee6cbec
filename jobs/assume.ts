/** A dry run on the legacy API, which saves in spite of dryRun=true (2.30, case 22): what passed our own checks is taken for accepted. */
import type { EnrollmentPayload, ImportReport, ObjectResult, TrackedEntityPayload } from '../src/core/model.ts'

const accepted = (exists: boolean): ObjectResult => ({ state: exists ? 'updated' : 'created', warnings: [] })

export const assumeTrackedEntities = (items: readonly TrackedEntityPayload[]): ImportReport =>
  new Map(items.map((te) => [te.trackedEntity, accepted(te.exists)]))

export const assumeEnrollments = (items: readonly EnrollmentPayload[]): ImportReport =>
  new Map(
    items.flatMap((e) => [
      [e.enrollment, accepted(e.existing !== null)] as const,
      ...e.events.map((v) => [v.event, accepted(v.exists)] as const),
    ]),
  )
