/** A clinic's week for the in-memory API: names are the demo's. */
import type { z } from 'zod'
import type { AllOperations } from '../../../dashboard/operations.ts'
import type { Body } from '../../../src/api/contract/operation.ts'
import type { mappingBody } from '../../../src/api/contract/mappings.ts'
import { REJECTION_CATALOGUE, type RejectionCode } from '../../../src/core/rejection.ts'

export type Answer<Name extends keyof AllOperations> = Body<AllOperations[Name]>
export type Mapping = z.output<typeof mappingBody>
export type Sync = Answer<'startSync'>
export type Detail = Answer<'readSync'>
export type Rejected = Answer<'listRejected'>['rows'][number]

const none = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }
export const noCounts = () => ({ trackedEntity: { ...none }, enrollment: { ...none }, event: { ...none } })

export const mapping = (name: string, prefix: string, over: Partial<Mapping> = {}): Mapping => ({
  name,
  instance: {
    table: `${prefix}_instance_table`,
    columns: { UIC: 'TEAUicCode1', 'First Name': 'TEAFirstNm1', 'Last Name': 'TEALastNam1', 'Date of Birth': 'TEABirthDt1' },
    constants: {},
    translations: {},
  },
  enrollments: { table: `${prefix}_program_enrollment_table`, constants: {} },
  events: [
    {
      table: `${prefix}_program_events_table`,
      columns: { 'Date of HIV test': 'DEHtsTstDt1', 'HIV result given to client ?': 'DEHtsResul1', 'Visit number': 'DEFupVisNo1' },
      constants: {},
      translations: {},
    },
  ],
  searchable: ['UIC'],
  comparable: ['Date of Birth'],
  openLatestCompletedEnrollment: 'no',
  onRejected: 'continue',
  chunkSize: null,
  ...over,
})

const field = (uid: string, name: string, valueType: string | null, over = {}) => ({
  uid,
  name,
  code: null,
  valueType,
  optionSet: false,
  unique: false,
  program: null,
  ...over,
})
export const DHIS2 = {
  attribute: [
    field('TEAUicCode1', 'Unique identifier code', 'TEXT', { unique: true, code: 'UIC' }),
    field('TEAFirstNm1', 'First name', 'TEXT'),
    field('TEALastNam1', 'Last name', 'TEXT'),
    field('TEABirthDt1', 'Date of birth', 'DATE'),
    field('TEAGenderS1', 'Gender', 'TEXT', { optionSet: true }),
    field('TEAPhoneNo1', 'Phone number', 'PHONE_NUMBER'),
  ],
  dataElement: [
    field('DEHtsTstDt1', 'HTS: date of HIV test', 'DATE'),
    field('DEHtsEntry1', 'HTS: entry point', 'TEXT', { optionSet: true }),
    field('DEHtsResul1', 'HTS: result given to client', 'TEXT', { optionSet: true }),
    field('DEHtsCouns1', 'HTS: client was counselled', 'BOOLEAN'),
    field('DEHtsTests1', 'HTS: tests in the last 12 months', 'INTEGER_ZERO_OR_POSITIVE'),
    field('DEFupNextD1', 'Next appointment', 'DATE'),
    field('DEFupVisNo1', 'Visit number', 'INTEGER_POSITIVE'),
  ],
  program: [field('PRGHtsServ1', 'HIV testing service', null), field('PRGTbServi1', 'TB service', null)],
  programStage: [field('PSHtsTest11', 'HIV test', null, { program: 'PRGHtsServ1' })],
  orgUnit: [field('OUClinicC01', 'New Africa House', null, { code: 'C-01' })],
}

const PATIENT = [
  'Patient_Identifier',
  'OrgUnit',
  'date_created',
  'UIC',
  'First Name',
  'Last Name',
  'Gender',
  'Phone Number',
  'Date of Birth',
  'Next of kin',
  "Guardian's phone",
]
const EVENT = [
  'Patient_Identifier',
  'OrgUnit',
  'date_created',
  'program',
  'program_stage',
  'event_unique_id',
  'event_date',
  'Date of HIV test',
  'Entry point',
  'HIV result given to client ?',
  'Was the client counselled?',
  'Tests in the last 12 months',
  'Next appointment',
  'Visit number',
]
const ENROLLMENT = [
  'Patient_Identifier',
  'OrgUnit',
  'date_created',
  'program',
  'program_unique_id',
  'enrollment_date',
  'incident_date',
  'status',
]
export const RELATIONS: Readonly<Record<string, readonly string[]>> = {
  hts_instance_table: PATIENT,
  hts_program_enrollment_table: ENROLLMENT,
  hts_program_events_table: EVENT,
  tb_instance_table: PATIENT,
  tb_program_enrollment_table: ENROLLMENT,
  tb_program_events_table: EVENT,
  wide_instance_table: [...PATIENT, ...Array.from({ length: 100 }, (_, i) => `Question ${i + 1} of the long form`)],
  patient_allergy_status_default: ['patient_id', 'allergy_status'],
}

export const because = (code: RejectionCode) => ({ code, ...REJECTION_CATALOGUE[code] })

export const rejectedRecords = (syncId: string, at: string): Rejected[] => {
  const base = {
    mapping: 'HTS Service',
    relation: 'hts_program_events_table',
    dhis2Code: null,
    state: 'open' as const,
    attempts: 2,
    syncId,
    firstAt: at,
    lastAt: at,
    dismissedBy: null,
    dismissedReason: null,
    dismissedAt: null,
    erased: false,
    cause: 'a1b2c3d4e5f6',
  }
  const one = (n: number, over: Partial<Rejected>): Rejected => ({
    ...base,
    id: String(n),
    kind: 'event',
    recordKey: `visit-${n}`,
    patientId: `NAH${String(n).padStart(6, '0')}`,
    ...because('value-not-an-option'),
    message: `Patient NAH${String(n).padStart(6, '0')}: column "HIV result given to client ?" of hts_program_events_table has "Maybe", which is not an option of "HTS: result given to client".`,
    column: 'HIV result given to client ?',
    dhis2Uid: 'DEHtsResul1',
    dhis2Name: 'HTS: result given to client',
    value: 'Maybe',
    ...over,
  })
  const orgUnit = {
    kind: 'trackedEntity' as const,
    relation: 'hts_instance_table',
    ...because('org-unit-unknown'),
    column: 'OrgUnit',
    dhis2Uid: null,
    dhis2Name: null,
    value: 'C-99',
  }
  return [
    ...[11, 12, 13, 14].map((n) => one(n, {})),
    ...[21, 22].map((n) =>
      one(n, {
        ...orgUnit,
        message: `Patient NAH0000${n}: column "OrgUnit" of hts_instance_table has "C-99", which is no org unit's code in DHIS2.`,
      }),
    ),
    one(31, {
      ...because('enrollment-not-found'),
      message: 'Patient NAH000031: no enrollment of the Mart fits this event.',
      column: null,
      dhis2Uid: null,
      dhis2Name: null,
      value: null,
    }),
  ]
}
