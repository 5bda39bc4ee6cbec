/** Which of the patient's enrollments does an event belong to? */
import type { Mapping } from './mapping.ts'
import type { EnrollmentRow, EventRow } from './model.ts'
import { reject, type Rejection } from './rejection.ts'

export type Link = { enrollment: EnrollmentRow; warning: string | null } | { rejection: Rejection }

/**
 * By patient_program_id = program_unique_id where the event has a value, otherwise by equal enrollment_date, in the same program. The Mart's
 * enrollments use min(date_enrolled) and its events max: events without an enrollment are real, and are never dropped.
 */
export function linkEvent(event: EventRow, enrollments: readonly EnrollmentRow[], tables: Mapping['tables']): Link {
  const inProgram = enrollments.filter((row) => row.program === event.program)
  const byId = event.patientProgramId !== null
  const found = inProgram.filter((row) =>
    byId
      ? row.programUniqueId === event.patientProgramId
      : event.enrollmentDate !== null && day(row.enrollmentDate) === day(event.enrollmentDate),
  )
  const [newest] = found.toSorted((a, b) => compare(b.enrollmentDate, a.enrollmentDate) || compare(b.programUniqueId, a.programUniqueId))
  if (newest) {
    const warning =
      found.length > 1 ? `${found.length} enrollments in ${tables.enrollments} fit events of ${tables.event}: the newest was taken` : null
    return { enrollment: newest, warning }
  }
  const column = byId ? 'patient_program_id' : 'enrollment_date'
  const value = byId ? event.patientProgramId : event.enrollmentDate
  const message = `Patient ${event.patientId}: event ${event.eventUniqueId} of ${event.eventDate} in ${tables.event} has ${column} "${value ?? ''}", and no enrollment of the patient in ${tables.enrollments} has it.`
  return { rejection: reject('enrollment-not-found', message, { column, value }) }
}

const day = (text: string | null) => text?.slice(0, 10) ?? null
const compare = (a: string | null, b: string | null) => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0)
