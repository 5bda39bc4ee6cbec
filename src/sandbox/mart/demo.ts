/** The demo's clinic: three services, dirt included, always the same. Counts its dirt, so that the demo knows what a right sync rejects. */
import type { EventRelation, Mapping } from '../../core/mapping.ts'
import type { RejectionCode } from '../../core/rejection.ts'
import { relationNames, type MartColumn, type MartEnrollment, type MartPatient, type MartService, type MartVisit } from './service.ts'

export interface DemoService {
  data: MartService
  mapping: Mapping
  /** records that a first sync rejects, by code */
  rejected: Readonly<Partial<Record<RejectionCode, number>>>
}

const text = (...names: string[]): MartColumn[] => names.map((name) => ({ name, type: 'text' }))
const PERSON_COLUMNS: MartColumn[] = [
  ...text(
    'UIC',
    'First Name',
    'Last Name',
    'Gender',
    'Phone Number',
    'Marital Status',
    'Occupation',
    'Education',
    'Religion',
    'Address',
    'Ward',
    'District',
  ),
  { name: 'Date of Birth', type: 'date' },
  { name: 'Age at registration', type: 'integer' },
  { name: 'Is the date of birth estimated?', type: 'boolean' },
  ...text('Mother’s first name', 'Next of kin', "Guardian's phone"),
]
const PERSON_MAPPING = {
  UIC: 'TEAUicCode1',
  'First Name': 'TEAFirstNm1',
  'Last Name': 'TEALastNam1',
  'Date of Birth': 'TEABirthDt1',
  Gender: 'TEAGenderS1',
  'Phone Number': 'TEAPhoneNo1',
}

const HTS_COLUMNS: MartColumn[] = [
  { name: 'Date of HIV test', type: 'date' },
  ...text(
    'Entry point',
    'HIV result given to client ?',
    'Reason for testing',
    'Approach',
    'Test kit 1',
    'Test kit 2',
    'Comments on the test',
  ),
  { name: 'Was the client counselled?', type: 'boolean' },
  { name: 'Tests in the last 12 months', type: 'integer' },
  { name: 'Have you had a cough?', type: 'boolean' },
  { name: 'Fever for more than 3 weeks?', type: 'boolean' },
  { name: 'Night sweats - HST', type: 'boolean' },
  ...text(
    'If couple testing yes,capture the registration no.',
    'Referred For STI treatment centre ? - HST',
    'Disability',
    'Key population',
  ),
  { name: 'Next appointment', type: 'date' },
  ...text('Re-test result', 'ART no. (if linked)', "Counsellor's notes"),
  { name: 'Linked to care?', type: 'boolean' },
  { name: 'Visit number', type: 'integer' },
  ...text('Referred to', 'Transport', 'Consent', 'Form version'),
]
const HTS_MAPPING = {
  'Date of HIV test': 'DEHtsTstDt1',
  'Entry point': 'DEHtsEntry1',
  'HIV result given to client ?': 'DEHtsResul1',
  'Was the client counselled?': 'DEHtsCouns1',
  'Tests in the last 12 months': 'DEHtsTests1',
  'Comments on the test': 'DEHtsNotes1',
  'Next appointment': 'DEFupNextD1',
  'Re-test result': 'DEFupReslt1',
  'Linked to care?': 'DEFupLinkd1',
  'Visit number': 'DEFupVisNo1',
  'ART no. (if linked)': 'DEFupArtNo1',
  "Counsellor's notes": 'DEFupNotes1',
}

/** Patients of the service with the demo's main job. */
const DEMO_PATIENTS = 320
const FIRST_NAMES = [
  'Tariro',
  'Chipo',
  'Farai',
  "N'Dumiso",
  'Rudo',
  'Tendai',
  'Nyasha',
  'Kudzai',
  'Anesu',
  'Thandiwe',
  'Blessing',
  'Zoë',
  'Tafadzwa 🌻',
  'Mary-Jane',
]
const LAST_NAMES = ['Moyo', 'Ncube', "O'Brien", 'Dube', 'Sibanda', 'Chiweshe', 'van der Merwe', 'Ndlovu', 'Mutasa "Junior"']

/** 2024-01-01 and days after it */
const day = (n: number) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!
const clinic = (i: number) => `C-${String((i % 12) + 1).padStart(2, '0')}`

function patients(prefix: string, count: number): MartPatient[] {
  return Array.from({ length: count }, (_, i) => ({
    patientId: `${prefix}${String(i + 1).padStart(6, '0')}`,
    orgUnit: clinic(i),
    dateCreated: `${day(i % 300)} 08:${String(i % 60).padStart(2, '0')}:00`,
    values: {
      UIC: `${prefix}-UIC-${i + 1}`,
      'First Name': pick(FIRST_NAMES, i * 7),
      'Last Name': pick(LAST_NAMES, i * 5),
      Gender: pick(['Female', 'Male', 'female'], i),
      'Date of Birth': `${1950 + (i % 60)}-0${(i % 9) + 1}-1${i % 10}`,
      'Phone Number': i % 4 === 0 ? null : `+263 77 ${100000 + i}`,
      'Marital Status': pick(['Single', 'Married', 'Widowed'], i),
      Occupation: pick(['Farmer', 'Teacher', 'Trader'], i),
      Ward: `Ward ${(i % 20) + 1}`,
      'Age at registration': String(20 + (i % 40)),
      'Is the date of birth estimated?': String(i % 3 === 0),
    },
  }))
}

function enrollment(patient: MartPatient, i: number, program: string, offset = 0): MartEnrollment {
  return {
    patientId: patient.patientId,
    orgUnit: patient.orgUnit,
    program,
    programUniqueId: String(1000 + i + offset),
    enrollmentDate: day(i % 300),
    incidentDate: i % 5 === 0 ? null : day(i % 300),
    status: pick(['ACTIVE', 'COMPLETED', 'ACTIVE', 'COMPLETED', 'CANCELLED', 'ACTIVE'], i),
    dateCreated: `${day(i % 300)} 09:00:00`,
  }
}

function visit(of: MartEnrollment, i: number, programStage: string, afterDays: number, values: MartVisit['values']): MartVisit {
  return {
    patientId: of.patientId,
    orgUnit: i % 9 === 0 ? null : of.orgUnit,
    program: of.program,
    programStage,
    eventUniqueId: String(50_000 + i),
    patientProgramId: i % 6 === 0 ? null : of.programUniqueId,
    enrollmentDate: of.enrollmentDate,
    eventDate: day((i % 300) + afterDays),
    status: i % 7 === 0 ? null : 'COMPLETED',
    dateCreated: `${day((i % 300) + afterDays)} 12:00:00`,
    values,
  }
}

const testForm = (i: number): MartVisit['values'] => ({
  'Date of HIV test': day(i % 300),
  'Entry point': pick(['OPD', 'ANC', 'tb', 'Community outreach'], i),
  'HIV result given to client ?': pick(['NEGATIVE', 'POSITIVE', 'negative', 'Inconclusive'], i),
  'Was the client counselled?': String(i % 8 !== 0),
  'Tests in the last 12 months': i % 3 === 0 ? null : String((i % 4) + 1),
  'Comments on the test': i % 10 === 0 ? 'Client said: "no more"\nsecond line, it’s \\ fine' : null,
  'Have you had a cough?': String(i % 5 === 0),
})
const followUpForm = (i: number): MartVisit['values'] => ({
  'Next appointment': day((i % 300) + 90),
  'Re-test result': pick(['NEGATIVE', null, 'POSITIVE'], i),
  'Linked to care?': String(i % 2 === 0),
  'Visit number': '2',
  'ART no. (if linked)': i % 2 === 0 ? `ART/${i}` : null,
})

/** Replaces one item of a list. */
const soil = <T>(list: T[], i: number, dirt: Partial<T>) => void (list[i] = { ...list[i]!, ...dirt })

function hts(): DemoService {
  const people = patients('HTS', DEMO_PATIENTS)
  const enrollments = people.map((p, i) => enrollment(p, i, 'PRGHtsTest1'))
  const visits = enrollments.flatMap((e, i) => [
    visit(e, i, 'PSTHtsInit1', 0, testForm(i)),
    ...(i % 2 === 0 ? [visit(e, i, 'PSTHtsFoll1', 30, followUpForm(i))] : []),
  ])
  const initial = (i: number) => visits.findIndex((v) => v.eventUniqueId === String(50_000 + i) && v.programStage === 'PSTHtsInit1')
  const withValue = (i: number, column: string, value: string | null) => ({ values: { ...visits[initial(i)]!.values, [column]: value } })

  // patients: each takes one enrollment and one or two events with it
  soil(people, 10, { orgUnit: null }) // 1 enrollment, 2 events
  soil(people, 21, { orgUnit: 'ZWNSC-UNKNOWN' }) // 1 enrollment, 1 event
  soil(people, 33, { values: { ...people[33]!.values, UIC: null } }) // 1, 1
  soil(people, 45, { values: { ...people[45]!.values, UIC: people[46]!.values['UIC']! } }) // both: 2 patients, 2 enrollments, 3 events
  soil(people, 57, { values: { ...people[57]!.values, Gender: 'Unknown' } }) // 1, 1
  soil(people, 60, { dateCreated: null })
  soil(people, 61, { dateCreated: '0001-01-01 00:00:00' })
  people.push(people[70]!) // the same row twice is one record
  soil(enrollments, 81, { orgUnit: 'ZWNSC-UNKNOWN' }) // 1 enrollment, 1 event
  soil(enrollments, 83, { enrollmentDate: null }) // 1 enrollment, 1 event (its own date is gone too, but not its id)
  soil(enrollments, 85, { status: 'Double entry' }) // 1, 1
  soil(visits, initial(101), withValue(101, 'HIV result given to client ?', 'maybe'))
  soil(visits, initial(103), withValue(103, 'Date of HIV test', null))
  soil(visits, initial(105), { eventDate: '2099-01-01' })
  soil(visits, initial(107), withValue(107, 'Tests in the last 12 months', '0'))
  soil(visits, initial(109), { patientProgramId: '999999' }) // an event without its enrollment
  soil(visits, initial(111), { programStage: 'PSTNowhere1' })
  soil(visits, initial(113), { dateCreated: null })
  visits.push({ ...visits[initial(115)]!, eventUniqueId: '90000' }) // a second one in a stage that is there once

  return {
    data: { name: 'hts', personColumns: PERSON_COLUMNS, visitColumns: HTS_COLUMNS, patients: people, enrollments, visits },
    mapping: mappingOf('HTS Service', 'hts', HTS_MAPPING),
    rejected: {
      'org-unit-missing': 1,
      'org-unit-unknown': 2,
      'mandatory-missing': 2,
      'same-value-in-run': 2,
      'value-not-an-option': 2,
      'date-missing': 1,
      'status-unknown': 1,
      'date-in-future': 1,
      'value-invalid': 1,
      'enrollment-not-found': 1,
      'stage-unknown': 1,
      'second-in-single-stage': 1,
      'parent-rejected': 14 + 3,
    },
  }
}

const TB_COLUMNS: MartColumn[] = [
  ...text('TB registration no.', 'Outcome of treatment', 'Regimen', 'Sputum', 'Treatment supporter'),
  { name: 'Date of smear', type: 'date' },
  { name: 'Weight (kg)', type: 'numeric' },
  { name: 'Doses supplied', type: 'integer' },
  { name: 'Adherence good?', type: 'boolean' },
]
const TB_MAPPING = {
  'TB registration no.': 'DETbRegNum1',
  'Date of smear': 'DETbVisDat1',
  'Weight (kg)': 'DETbWeight1',
  'Doses supplied': 'DETbDosesN1',
  'Adherence good?': 'DETbAdhere1',
  'Outcome of treatment': 'DETbOutcom1',
}

function tb(): DemoService {
  const people = patients('TB', 60)
  const enrollments = people.map((p, i) => enrollment(p, i, 'PRGTbTreat1', 5000))
  const visits = enrollments.flatMap((e, i) =>
    [0, 30, 60].map((after, k) =>
      visit(e, i * 3 + k, 'PSTTbVisit1', after, {
        'TB registration no.': `TB/${i}`,
        'Date of smear': day((i % 300) + after),
        'Weight (kg)': `${50 + (i % 30)}.${k}0`,
        'Doses supplied': String(28),
        'Adherence good?': String(k !== 1),
        'Outcome of treatment': k === 2 ? 'CURED' : 'ON_TREATMENT',
      }),
    ),
  )
  return {
    data: { name: 'tb', personColumns: PERSON_COLUMNS, visitColumns: TB_COLUMNS, patients: people, enrollments, visits },
    mapping: mappingOf('TB Service', 'tb', TB_MAPPING),
    rejected: {},
  }
}

const ART_COLUMNS: MartColumn[] = [
  { name: 'ART start date', type: 'date' },
  ...text('First regimen', 'Notes'),
  { name: 'Baseline CD4', type: 'integer' },
  { name: 'WHO stage', type: 'integer' },
  { name: 'Visit date', type: 'date' },
  { name: 'Weight', type: 'numeric' },
  { name: 'Viral load', type: 'integer' },
]
const ART_START_MAPPING = {
  'ART start date': 'DEArtStart1',
  'First regimen': 'DEArtRegim1',
  'Baseline CD4': 'DEArtCd4No1',
  'WHO stage': 'DEArtStage1',
}
const ART_VISIT_MAPPING = { 'Visit date': 'DEArtVisDt1', Weight: 'DEArtWeigh1', 'Viral load': 'DEArtViral1', Notes: 'DEArtNotes1' }
/** as the clinic writes them → DHIS2's options */
const REGIMENS = { 'TDF/3TC/DTG': 'TLD', 'TDF/3TC/EFV': 'TLE' }

/** One form table for each stage, which therefore names neither program nor stage. */
function art(): DemoService {
  const people = patients('ART', 50)
  const enrollments = people.map((p, i) => enrollment(p, i, 'PRGArtCare1', 8000))
  const visits = enrollments.flatMap((e, i) => [
    visit(e, i, 'PSTArtInit1', 0, {
      'ART start date': day(i),
      'First regimen': pick(Object.keys(REGIMENS), i),
      'Baseline CD4': String(200 + i),
      'WHO stage': '2',
    }),
    visit(e, i, 'PSTArtVisit', 30, { 'Visit date': day(i + 30), Weight: '61.50', 'Viral load': '0' }),
  ])
  const given = ['program', 'program_stage']
  const [start, visited] = [Object.keys(ART_START_MAPPING), Object.keys(ART_VISIT_MAPPING)]
  const form = (table: string, columns: Record<string, string>, stage: string, translations: EventRelation['translations'] = {}) => ({
    table,
    columns,
    constants: { program: 'PRGArtCare1', program_stage: stage },
    translations,
  })
  return {
    data: {
      name: 'art',
      personColumns: PERSON_COLUMNS,
      visitColumns: ART_COLUMNS,
      patients: people,
      enrollments,
      visits,
      views: [
        { name: 'art_initiation_table', of: 'event', stage: 'PSTArtInit1', without: [...given, ...visited] },
        { name: 'art_visit_table', of: 'event', stage: 'PSTArtVisit', without: [...given, ...start] },
      ],
    },
    mapping: {
      ...mappingOf('ART Service', 'art', {}),
      events: [
        form('art_initiation_table', ART_START_MAPPING, 'PSTArtInit1', { 'First regimen': REGIMENS }),
        form('art_visit_table', ART_VISIT_MAPPING, 'PSTArtVisit'),
      ],
    },
    rejected: {},
  }
}

function mappingOf(name: string, service: string, columns: Record<string, string>): Mapping {
  const { instance, enrollments, event } = relationNames(service)
  return {
    name,
    instance: { table: instance, columns: PERSON_MAPPING, constants: {}, translations: {} },
    enrollments: { table: enrollments, constants: {} },
    events: [{ table: event, columns, constants: {}, translations: {} }],
    searchable: ['UIC'],
    comparable: ['First Name', 'Last Name'],
    openLatestCompletedEnrollment: 'no',
    onRejected: 'continue',
    chunkSize: null,
  }
}

export const demoServices = (): DemoService[] => [hts(), tb(), art()]
