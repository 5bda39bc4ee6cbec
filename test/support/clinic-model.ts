/**
 * A small clinic's Mart, and a separate, simple model of what DHIS2 has after it was synced from nothing. Imports none of the program's logic: it says
 * again, plainly, what a value, a date and a status become.
 */
import type { EventRelation, Mapping } from '../../src/core/mapping.ts'
import type { MartColumn, MartEnrollment, MartPatient, MartService, MartView, MartVisit } from '../../src/sandbox/mart/service.ts'
import { canonical, type Found, type FoundEvent } from './read-back.ts'

export const HTS = 'PRGHtsTest1'
export const INITIAL = 'PSTHtsInit1'
export const FOLLOW_UP = 'PSTHtsFoll1'

const PERSON_COLUMNS: readonly MartColumn[] = [
  { name: 'UIC', type: 'text' },
  { name: 'First Name', type: 'text' },
  { name: 'Mother\'s "last" name, 100%', type: 'text' },
  { name: 'Date of Birth', type: 'text' },
  { name: 'Gender', type: 'text' },
  { name: 'Phone', type: 'text' },
]
const VISIT_COLUMNS: readonly MartColumn[] = [
  { name: 'Date of HIV test', type: 'text' },
  { name: 'HIV result given to client ?', type: 'text' },
  { name: 'Have you had a cough?', type: 'boolean' },
  { name: 'Tests in the last 12 months', type: 'text' },
  { name: 'Notes', type: 'text' },
  { name: 'Next appointment', type: 'date' },
  { name: 'Visit number', type: 'integer' },
]
export const COLUMN_OF_NAME = 'Mother\'s "last" name, 100%'

const PERSON_MAPPING = {
  UIC: 'TEAUicCode1',
  'First Name': 'TEAFirstNm1',
  [COLUMN_OF_NAME]: 'TEALastNam1',
  'Date of Birth': 'TEABirthDt1',
  Gender: 'TEAGenderS1',
  Phone: 'TEAPhoneNo1',
}
const VISIT_MAPPING = {
  'Date of HIV test': 'DEHtsTstDt1',
  'HIV result given to client ?': 'DEHtsResul1',
  'Have you had a cough?': 'DEHtsCouns1',
  'Tests in the last 12 months': 'DEHtsTests1',
  Notes: 'DEHtsNotes1',
  'Next appointment': 'DEFupNextD1',
  'Visit number': 'DEFupVisNo1',
}

export function mappingOf(service: string, over: Partial<Mapping> = {}): Mapping {
  return {
    name: `Mapping ${service}`,
    instance: { table: `${service}_instance_table`, columns: PERSON_MAPPING, constants: {}, translations: {} },
    enrollments: { table: `${service}_program_enrollment_table`, constants: {} },
    events: [{ table: `${service}_program_events_table`, columns: VISIT_MAPPING, constants: {}, translations: {} }],
    searchable: ['UIC'],
    comparable: ['First Name'],
    openLatestCompletedEnrollment: 'no',
    onRejected: 'stop',
    chunkSize: null,
    ...over,
  }
}

const INITIAL_COLUMNS = [
  'Date of HIV test',
  'HIV result given to client ?',
  'Have you had a cough?',
  'Tests in the last 12 months',
  'Notes',
]
const only = (columns: readonly string[], stage: boolean) =>
  Object.fromEntries(Object.entries(VISIT_MAPPING).filter(([column]) => columns.includes(column) === stage))

/** The same as real Marts have it: a form table for each stage, no column for what is the same in every row, and answers in the clinic's own words. */
export function formsMappingOf(service: string, over: Partial<Mapping> = {}): Mapping {
  const { instance, ...mapping } = mappingOf(service)
  return {
    ...mapping,
    instance: { ...instance, translations: { Gender: { Neither: 'Male', W: 'Female' }, Phone: { '+263 77 456': '' } } },
    enrollments: { table: `${service}_enrollments_table`, constants: { program: HTS } },
    events: [
      {
        table: `${service}_initial_table`,
        columns: only(INITIAL_COLUMNS, true),
        constants: { program: HTS, program_stage: INITIAL },
        // the last one does not help
        translations: { 'HIV result given to client ?': { 'no idea': 'INCONCLUSIVE', positive: 'POSITIVE', Inconclusive: 'unclear' } },
      },
      {
        table: `${service}_follow_up_table`,
        columns: only(INITIAL_COLUMNS, false),
        constants: { OrgUnit: 'C-02', program: HTS, program_stage: FOLLOW_UP },
        translations: { 'Visit number': { '0': '', '2': '22' } },
      },
    ],
    ...over,
  }
}

/** The relations of formsMappingOf. */
export const formViews = (service: string): MartView[] => [
  { name: `${service}_enrollments_table`, of: 'enrollments', without: ['program'] },
  {
    name: `${service}_initial_table`,
    of: 'event',
    stage: INITIAL,
    without: ['program', 'program_stage', ...Object.keys(only(INITIAL_COLUMNS, false))],
  },
  {
    name: `${service}_follow_up_table`,
    of: 'event',
    stage: FOLLOW_UP,
    without: ['OrgUnit', 'program', 'program_stage', ...INITIAL_COLUMNS],
  },
]

let counter = 0
/** Ids that are unlike all others of this process. */
const nextId = () => String(++counter + 10_000)

/** Collects a Mart, patient by patient. */
export class Clinic {
  readonly patients: MartPatient[] = []
  readonly enrollments: MartEnrollment[] = []
  readonly visits: MartVisit[] = []
  readonly tag: string
  constructor(tag: string) {
    this.tag = tag
  }

  patient(id: string, over: Partial<MartPatient> = {}, values: MartPatient['values'] = {}): MartPatient {
    const patient: MartPatient = {
      patientId: `${this.tag}-${id}`,
      orgUnit: 'C-01',
      dateCreated: '2024-03-01 10:00:00',
      ...over,
      values: {
        UIC: `${this.tag}-UIC-${id}`,
        'First Name': `Asha ${id}`,
        [COLUMN_OF_NAME]: "O'Neil",
        'Date of Birth': '1990-02-03',
        Gender: 'Female',
        Phone: null,
        ...values,
      },
    }
    this.patients.push(patient)
    return patient
  }

  enroll(patient: MartPatient, over: Partial<MartEnrollment> = {}): MartEnrollment {
    const enrollment: MartEnrollment = {
      patientId: patient.patientId,
      orgUnit: patient.orgUnit,
      program: HTS,
      programUniqueId: nextId(),
      enrollmentDate: '2024-03-01',
      incidentDate: '2024-02-28',
      status: 'ACTIVE',
      dateCreated: '2024-03-01 10:00:00',
      ...over,
    }
    this.enrollments.push(enrollment)
    return enrollment
  }

  visit(enrollment: MartEnrollment, stage: string, over: Partial<MartVisit> = {}, values: MartVisit['values'] = {}): MartVisit {
    const form: MartVisit['values'] =
      stage === INITIAL
        ? {
            'Date of HIV test': '2024-03-01',
            'HIV result given to client ?': 'NEGATIVE',
            'Have you had a cough?': 'true',
            'Tests in the last 12 months': '2',
          }
        : { 'Visit number': '1', 'Next appointment': '2024-06-01' }
    const visit: MartVisit = {
      patientId: enrollment.patientId,
      orgUnit: enrollment.orgUnit,
      program: enrollment.program,
      programStage: stage,
      eventUniqueId: nextId(),
      patientProgramId: enrollment.programUniqueId,
      enrollmentDate: enrollment.enrollmentDate,
      eventDate: '2024-03-02',
      status: null,
      dateCreated: '2024-03-02 10:00:00',
      ...over,
      values: { ...form, ...values },
    }
    this.visits.push(visit)
    return visit
  }

  /** a healthy patient with an enrollment and two visits */
  healthy(id: string, status = 'ACTIVE'): MartPatient {
    const patient = this.patient(id)
    const enrollment = this.enroll(patient, { status })
    this.visit(enrollment, INITIAL)
    this.visit(enrollment, FOLLOW_UP)
    return patient
  }

  service(name: string, views: readonly MartView[] = []): MartService {
    return {
      name,
      personColumns: PERSON_COLUMNS,
      visitColumns: VISIT_COLUMNS,
      patients: this.patients,
      enrollments: this.enrollments,
      visits: this.visits,
      views,
    }
  }
}

const ORG_UNITS: Readonly<Record<string, string>> = {
  'C-01': 'OUClinHre01',
  'C-02': 'OUClinHre02',
  'C-03': 'OUClinHre03',
  'C-07': 'OUClinByo01',
}
const STAGE_ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  [INITIAL]: ['DEHtsTstDt1', 'DEHtsResul1', 'DEHtsCouns1', 'DEHtsTests1', 'DEHtsNotes1'],
  [FOLLOW_UP]: ['DEFupNextD1', 'DEFupVisNo1'],
}

/** Healthy Marts only: every patient their own tracked entity, every enrollment and event its own. */
export function expectedOf(clinic: Clinic, mapping: Mapping): Found {
  const mapped = (
    values: Readonly<Record<string, string | null>>,
    { columns, translations }: Pick<EventRelation, 'columns' | 'translations'>,
  ) =>
    Object.fromEntries(
      Object.entries(columns)
        .flatMap(([column, uid]): [string, string][] => {
          const own = (values[column] ?? '').trim()
          const sent = translations[column]?.[own] ?? own
          return sent === '' ? [] : [[uid, sent]]
        })
        .toSorted(),
    )
  const formOf = (stage: string) => mapping.events.find(({ constants }) => (constants.program_stage ?? stage) === stage)!
  const found: Found = {}
  for (const patient of clinic.patients) {
    const enrollments = clinic.enrollments
      .filter((e) => e.patientId === patient.patientId)
      .map((e) => ({
        program: mapping.enrollments.constants.program ?? e.program!,
        status: e.status!,
        enrolledAt: e.enrollmentDate!,
        occurredAt: e.incidentDate ?? e.enrollmentDate!,
        orgUnit: ORG_UNITS[mapping.enrollments.constants.OrgUnit ?? e.orgUnit!]!,
        events: clinic.visits
          .filter(
            (v) =>
              v.patientId === e.patientId &&
              (v.patientProgramId === null ? v.enrollmentDate === e.enrollmentDate : v.patientProgramId === e.programUniqueId),
          )
          .map((v): FoundEvent => {
            const form = formOf(v.programStage!)
            const all = Object.entries(mapped(v.values, form))
            return {
              stage: v.programStage!,
              date: v.eventDate!,
              status: v.status ?? 'COMPLETED',
              orgUnit: ORG_UNITS[form.constants.OrgUnit ?? v.orgUnit ?? mapping.enrollments.constants.OrgUnit ?? e.orgUnit!]!,
              values: Object.fromEntries(all.filter(([uid]) => STAGE_ELEMENTS[v.programStage!]!.includes(uid))),
            }
          }),
      }))
    found[patient.values['UIC']!] = [
      {
        orgUnit: ORG_UNITS[mapping.instance.constants.OrgUnit ?? patient.orgUnit!]!,
        attributes: mapped(patient.values, mapping.instance),
        enrollments: canonical(enrollments),
      },
    ]
  }
  return found
}
