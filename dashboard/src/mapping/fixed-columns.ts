/** Columns that a sync reads by itself; they may be mapped too, and are not proposed. */
export const FIXED_COLUMNS: ReadonlySet<string> = new Set([
  'Patient_Identifier',
  'OrgUnit',
  'date_created',
  'program',
  'program_stage',
  'program_unique_id',
  'patient_program_id',
  'enrollment_date',
  'incident_date',
  'event_unique_id',
  'event_date',
  'status',
])
