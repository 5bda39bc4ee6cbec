/** Has DHIS2 what we would send? A re-sync leaves such records alone. */
import type {
  Dhis2Enrollment,
  Dhis2Event,
  Dhis2TrackedEntity,
  EnrollmentFields,
  EventPayload,
  FieldValue,
  TrackedEntityPayload,
} from './model.ts'

/** DHIS2 prints dates with a time; what we send is the day. */
const day = (text: string | null) => text?.slice(0, 10) ?? null

const sameValue = (sent: FieldValue, there: string | undefined) => (sent ?? '') === (there ?? '')

export function equalsTrackedEntity(payload: TrackedEntityPayload, there: Dhis2TrackedEntity | undefined): boolean {
  return (
    there !== undefined &&
    payload.orgUnit === there.orgUnit &&
    payload.attributes.every((a) => sameValue(a.value, there.attributes.get(a.attribute)))
  )
}

export function equalsEnrollment(fields: EnrollmentFields, there: Dhis2Enrollment | null): boolean {
  return (
    there !== null &&
    fields.orgUnit === there.orgUnit &&
    fields.status === there.status &&
    fields.enrolledAt === day(there.enrolledAt) &&
    fields.occurredAt === day(there.occurredAt)
  )
}

export function equalsEvent(payload: EventPayload, enrollment: string, there: Dhis2Event | undefined): boolean {
  return (
    there !== undefined &&
    enrollment === there.enrollment &&
    payload.orgUnit === there.orgUnit &&
    payload.status === there.status &&
    payload.occurredAt === day(there.occurredAt) &&
    payload.dataValues.every((d) => sameValue(d.value, there.dataValues.get(d.dataElement)))
  )
}
