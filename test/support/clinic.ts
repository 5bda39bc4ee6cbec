/** A small DHIS2 and the rows of a small Mart, for tests of the pure core. */
import type { Mapping } from '../../src/core/mapping.ts'
import type { EnrollmentRow, EventRow, Field, Metadata, PatientRow, Program, ProgramStage } from '../../src/core/model.ts'

const field = (uid: string, name: string, valueType: string, over: Partial<Field> = {}): [string, Field] => [
  uid,
  { uid, name, code: null, valueType, unique: false, options: null, ...over },
]
const RESULTS = ['POSITIVE', 'NEGATIVE', 'INCONCLUSIVE'].map((code) => ({ code, name: code.toLowerCase() }))

const stage = (uid: string, name: string, dataElements: [string, boolean][], over: Partial<ProgramStage> = {}): [string, ProgramStage] => [
  uid,
  {
    uid,
    name,
    repeatable: false,
    validationStrategy: 'ON_COMPLETE',
    dataElements: new Map(dataElements.map(([element, compulsory]) => [element, { compulsory }])),
    ...over,
  },
]

export const HTS: Program = {
  uid: 'PRGHtsTest1',
  name: 'HTS - HIV testing',
  trackedEntityType: 'TETPerson01',
  onlyEnrollOnce: false,
  selectEnrollmentDatesInFuture: false,
  selectIncidentDatesInFuture: false,
  orgUnits: new Set(['OUClinHre01', 'OUClinHre02']),
  attributes: new Map([
    ['TEAUicCode1', { mandatory: true, searchable: true }],
    ['TEAFirstNm1', { mandatory: false, searchable: false }],
  ]),
  stages: new Map([
    stage('PSTHtsInit1', 'Initial test', [
      ['DEHtsTstDt1', true],
      ['DEHtsResul1', true],
      ['DEHtsCouns1', false],
      ['DEHtsTests1', false],
      ['DEHtsOnlyT1', false],
    ]),
    stage('PSTHtsFoll1', 'Follow-up visit', [['DEFupNotes1', false]], { repeatable: true }),
  ]),
}

export const METADATA: Metadata = {
  orgUnitsByCode: new Map(
    [
      { uid: 'OUClinHre01', code: 'C-01', name: 'Acacia Clinic' },
      { uid: 'OUClinHre02', code: 'C-02', name: 'Baobab Clinic' },
      { uid: 'OUClinHre03', code: 'C-03', name: 'Cedar Clinic' },
    ].map((o) => [o.code, o]),
  ),
  attributes: new Map([
    field('TEAUicCode1', 'UIC', 'TEXT', { unique: true }),
    field('TEAFirstNm1', 'First name', 'TEXT'),
    field('TEABirthDt1', 'Date of birth', 'DATE'),
    field('TEAGenderS1', 'Gender', 'TEXT', {
      options: [
        { code: 'Male', name: 'M' },
        { code: 'Female', name: 'F' },
      ],
    }),
    field('TEAPhoneNo1', 'Phone', 'PHONE_NUMBER'),
  ]),
  dataElements: new Map([
    field('DEHtsTstDt1', 'HTS test date', 'DATE'),
    field('DEHtsResul1', 'HTS test result', 'TEXT', { options: RESULTS }),
    field('DEHtsCouns1', 'HTS counselled', 'BOOLEAN'),
    field('DEHtsTests1', 'HTS tests in the last 12 months', 'INTEGER_POSITIVE'),
    field('DEHtsOnlyT1', 'HTS couple test', 'TRUE_ONLY'),
    field('DEFupNotes1', 'HTS follow-up notes', 'LONG_TEXT'),
  ]),
  programs: new Map([[HTS.uid, HTS]]),
  trackedEntityTypes: new Map([['TETPerson01', { uid: 'TETPerson01', name: 'Person', attributes: new Map() }]]),
}

export const withProgram = (over: Partial<Program>): Metadata => ({ ...METADATA, programs: new Map([[HTS.uid, { ...HTS, ...over }]]) })

/** Columns are in alphabetical order, as a row's values are. */
export const MAPPING: Mapping = {
  name: 'HTS Service',
  instance: {
    table: 'hts_instance_table',
    columns: { 'Date of Birth': 'TEABirthDt1', 'First Name': 'TEAFirstNm1', Gender: 'TEAGenderS1', 'Not mapped': '', UIC: 'TEAUicCode1' },
    constants: {},
    translations: {},
  },
  enrollments: { table: 'hts_program_enrollment_table', constants: {} },
  events: [
    {
      table: 'hts_program_events_table',
      columns: {
        'Couple tested?': 'DEHtsOnlyT1',
        'HIV result': 'DEHtsResul1',
        'Not mapped': '',
        Notes: 'DEFupNotes1',
        'Test date': 'DEHtsTstDt1',
        'Tests, last year': 'DEHtsTests1',
        'Was counselled': 'DEHtsCouns1',
      },
      constants: {},
      translations: {},
    },
  ],
  searchable: ['UIC'],
  comparable: ['First Name', 'Gender'],
  openLatestCompletedEnrollment: 'no',
  onRejected: 'stop',
  chunkSize: null,
}

const valuesOf = (columns: Record<string, string>, values: Readonly<Record<string, string | null>>) =>
  Object.keys(columns)
    .filter((column) => columns[column] !== '')
    .map((column) => values[column] ?? null)

export function patient(
  values: Readonly<Record<string, string | null>> = {},
  over: Partial<PatientRow> = {},
  mapping: Mapping = MAPPING,
): PatientRow {
  return {
    rowId: '1',
    patientId: 'NAH009786',
    orgUnitCode: 'C-01',
    sent: [],
    values: valuesOf(mapping.instance.columns, { UIC: 'UIC-1', ...values }),
    trackedEntity: null,
    unconfirmed: false,
    sharesTrackedEntityWith: [],
    sameValueAs: null,
    ...over,
  }
}

export function enrollment(over: Partial<EnrollmentRow> = {}): EnrollmentRow {
  return {
    rowId: '1',
    patientId: 'NAH009786',
    orgUnitCode: 'C-01',
    sent: [],
    program: HTS.uid,
    programUniqueId: '7',
    enrollmentDate: '2024-03-01',
    incidentDate: '2024-02-28',
    status: 'ACTIVE',
    pending: true,
    tracker: null,
    trackerInstance: null,
    trackerStatus: null,
    sending: null,
    ...over,
  }
}

export function event(
  values: Readonly<Record<string, string | null>> = {},
  over: Partial<EventRow> = {},
  mapping: Mapping = MAPPING,
): EventRow {
  return {
    rowId: '1',
    source: 0,
    patientId: 'NAH009786',
    orgUnitCode: 'C-01',
    sent: [],
    values: valuesOf(mapping.events[over.source ?? 0]!.columns, { 'HIV result': 'NEGATIVE', 'Test date': '2024-03-02', ...values }),
    program: HTS.uid,
    programStage: 'PSTHtsInit1',
    eventUniqueId: '55',
    patientProgramId: '7',
    enrollmentDate: '2024-03-01',
    eventDate: '2024-03-02',
    status: 'COMPLETED',
    tracker: null,
    trackerInstance: null,
    sending: null,
    unconfirmed: false,
    ...over,
  }
}
