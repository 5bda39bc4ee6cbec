import { sql } from 'slonik'

/** An event (r) of an enrollment (e) of the same patient, as src/core/link.ts finds it. */
export const BELONGS = sql.fragment`(
  e.program = r.program and case when r.patient_program_id is not null then e.unique_id = r.patient_program_id
    else left(e.enrollment_date, 10) = left(r.enrollment_date, 10) end)`
