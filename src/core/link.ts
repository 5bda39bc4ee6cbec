/** Which of the patient's enrollments does an event belong to? */
import type { Mapping } from './mapping.ts'
import type { EnrollmentRow, EventLink } from './model.ts'
import { isBlank } from './fixed-columns.ts'
import { quoted, reject, type Rejection } from './rejection.ts'

export type Link = { enrollment: EnrollmentRow; warning: string | null } | { rejection: Rejection }

/**
 * By patient_program_id = program_unique_id where the event has a value, otherwise by equal enrollment_date, in the same program. The Mart's
 * enrollments use min(date_enrolled) and its events max: events without an enrollment are real, and are never dropped.
 */
export function linkEvent(event: EventLink, enrollments: readonly EnrollmentRow[], mapping: Mapping): Link {
  const tables = { enrollments: mapping.enrollments.table, event: mapping.events[event.source]!.table }
  const column = isBlank(event.patientProgramId) ? 'enrollment_date' : 'patient_program_id'
  const value = column === 'enrollment_date' ? day(event.enrollmentDate) : event.patientProgramId!.trim()
  const found = enrollments.filter((row) => {
    const own = column === 'enrollment_date' ? day(row.enrollmentDate) : (row.programUniqueId?.trim() ?? null)
    return row.program === event.program && value !== null && own === value
  })
  const [newest] = found.toSorted(newestFirst)
  if (newest) {
    const warning =
      found.length > 1
        ? `${found.length} enrollments of ${tables.enrollments} fit this event of ${tables.event} by ${column} ${quoted(value)}: the newest was taken.`
        : null
    return { enrollment: newest, warning }
  }
  const name = `event ${event.eventUniqueId ?? 'without an id'} of ${event.eventDate ?? 'no date'}`
  const message = `Patient ${event.patientId}: ${name} in ${tables.event} has ${value === null ? `no ${column}` : `${column} ${quoted(value)}`}, and so fits no enrollment of the patient in ${tables.enrollments}.`
  return { rejection: reject('enrollment-not-found', message, { column, value }) }
}

/** The date, without a time; null for a blank. */
const day = (text: string | null) => (isBlank(text) ? null : text.trim().slice(0, 10))

/** By date, then Bahmni's id (as a number where it is one), then the snapshot's order: the order of the input never matters. */
function newestFirst(a: EnrollmentRow, b: EnrollmentRow): number {
  return (
    compareText(day(b.enrollmentDate), day(a.enrollmentDate)) ||
    byNumbers.compare(b.programUniqueId ?? '', a.programUniqueId ?? '') ||
    compareText(b.programUniqueId, a.programUniqueId) ||
    compareText(b.rowId, a.rowId)
  )
}

const byNumbers = new Intl.Collator('en', { numeric: true })
const compareText = (a: string | null, b: string | null) => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0)
