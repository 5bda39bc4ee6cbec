/** A Bahmni Mart service in plain data, shaped like those of real clinics: relations with quoted human column names. */
export interface MartColumn {
  name: string
  type: 'text' | 'date' | 'boolean' | 'integer' | 'numeric'
}

/** Values are texts that PostgreSQL casts to the column's type. */
export type MartValues = Readonly<Record<string, string | null>>

export interface MartPatient {
  patientId: string | null
  orgUnit: string | null
  dateCreated: string | null
  values: MartValues
}

export interface MartEnrollment {
  patientId: string | null
  orgUnit: string | null
  program: string | null
  programUniqueId: string | null
  enrollmentDate: string | null
  incidentDate: string | null
  status: string | null
  dateCreated: string | null
}

export interface MartVisit {
  patientId: string | null
  orgUnit: string | null
  program: string | null
  programStage: string | null
  eventUniqueId: string | null
  patientProgramId: string | null
  enrollmentDate: string | null
  eventDate: string | null
  status: string | null
  dateCreated: string | null
  values: MartValues
}

export interface MartService {
  /** short name: relations are <name>_instance_table, <name>_program_enrollment_table, <name>_program_events_table */
  name: string
  personColumns: readonly MartColumn[]
  visitColumns: readonly MartColumn[]
  patients: readonly MartPatient[]
  enrollments: readonly MartEnrollment[]
  visits: readonly MartVisit[]
  views?: readonly MartView[]
}

/** A relation that shows rows of another one, without some of its columns: real Marts have one form table for each program stage. */
export interface MartView {
  name: string
  of: keyof ReturnType<typeof relationNames>
  /** only rows of this stage */
  stage?: string
  without: readonly string[]
}

export const relationNames = (service: string) => ({
  instance: `${service}_instance_table`,
  enrollments: `${service}_program_enrollment_table`,
  event: `${service}_program_events_table`,
})
