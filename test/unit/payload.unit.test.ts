/** Mart rows → payloads, or one plain sentence. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Mapping } from '../../src/core/mapping.ts'
import type { EnrollmentRow, EventRow, Metadata, PatientRow } from '../../src/core/model.ts'
import {
  enrollmentFields,
  eventPayload,
  trackedEntityPayload,
  trackedEntityTypeOf,
  type EventContext,
  type PatientContext,
} from '../../src/core/payload.ts'
import { REJECTION_CATALOGUE, type RejectionCode } from '../../src/core/rejection.ts'
import { enrollment, event, HTS, MAPPING, METADATA, patient, withProgram } from '../support/clinic.ts'
import { withColumns } from '../support/with-columns.ts'

const TODAY = '2024-06-30'
const PERSON = METADATA.trackedEntityTypes.get('TETPerson01')!

const toPatient = (row: PatientRow, over: Partial<PatientContext> = {}) =>
  trackedEntityPayload(row, {
    mapping: MAPPING,
    metadata: METADATA,
    trackedEntityType: PERSON,
    timeZone: 'Africa/Harare',
    uid: 'TeOfPatient',
    isNew: true,
    ...over,
  })
const toEnrollment = (row: EnrollmentRow, metadata: Metadata = METADATA) =>
  enrollmentFields(row, { mapping: MAPPING, metadata, today: TODAY })
const toEvent = (row: EventRow, over: Partial<EventContext> = {}) =>
  eventPayload(row, {
    mapping: MAPPING,
    metadata: METADATA,
    today: TODAY,
    timeZone: 'Africa/Harare',
    enrollment: enrollment(),
    uid: 'EventOfThem',
    ...over,
  })

/** A made payload fails the test with its content. */
function rejectionOf(made: object) {
  if (!('rejection' in made)) throw new Error(`not rejected: ${JSON.stringify(made)}`)
  return (made as { rejection: { code: RejectionCode; message: string; column: string | null; value: string | null } }).rejection
}

describe('patient → tracked entity', () => {
  test('every mapped column that has a value, converted; what is empty and was never sent is left out', () => {
    expect(toPatient(patient({ 'Date of Birth': '1990-01-31 00:00:00', Gender: 'f', 'First Name': '' }))).toEqual({
      payload: {
        trackedEntity: 'TeOfPatient',
        trackedEntityType: 'TETPerson01',
        orgUnit: 'OUClinHre01',
        attributes: [
          { attribute: 'TEABirthDt1', value: '1990-01-31' },
          { attribute: 'TEAGenderS1', value: 'Female' },
          { attribute: 'TEAUicCode1', value: 'UIC-1' },
        ],
        exists: false,
      },
      sent: ['TEABirthDt1', 'TEAGenderS1', 'TEAUicCode1'],
    })
  })
  test('what we sent before and is empty now is cleared', () => {
    expect(toPatient(patient({ 'First Name': ' ' }, { sent: ['TEAFirstNm1', 'TEAUicCode1'] }), { isNew: false })).toMatchObject({
      payload: { attributes: [{ attribute: 'TEAFirstNm1', value: null }, { attribute: 'TEAUicCode1' }], exists: true },
      sent: ['TEAUicCode1'],
    })
  })
  test('an attribute that is not mapped any more is left as DHIS2 has it', () => {
    expect(toPatient(patient({}, { sent: ['TEAPhoneNo1'] }))).toMatchObject({ payload: { attributes: [{ attribute: 'TEAUicCode1' }] } })
  })
  test.each([
    ['new', true, false, false],
    ['known', false, false, true],
    ['sent, but never answered', true, true, true],
  ])('exists: %s', (_name, isNew, unconfirmed, exists) => {
    expect(toPatient(patient({}, { unconfirmed }), { isNew })).toHaveProperty('payload.exists', exists)
  })
  test('zero and false are values', () => {
    const mapping = withColumns(MAPPING, { instance: { UIC: 'TEAUicCode1', Zero: 'TEAFirstNm1' } })
    expect(toPatient(patient({ Zero: '0' }, {}, mapping), { mapping })).toMatchObject({ sent: ['TEAUicCode1', 'TEAFirstNm1'] })
  })

  const known = { isNew: false }
  test.each<[string, PatientRow, Partial<PatientContext>, RejectionCode, string]>([
    [
      'no org unit',
      patient({}, { orgUnitCode: null }),
      {},
      'org-unit-missing',
      'Patient NAH009786: column "OrgUnit" of hts_instance_table is empty.',
    ],
    [
      'a blank org unit',
      patient({}, { orgUnitCode: ' ' }),
      {},
      'org-unit-missing',
      'Patient NAH009786: column "OrgUnit" of hts_instance_table is empty.',
    ],
    [
      'an unknown org unit',
      patient({}, { orgUnitCode: 'ZWNSC-?' }),
      {},
      'org-unit-unknown',
      'Patient NAH009786: column "OrgUnit" of hts_instance_table has "ZWNSC-?", which is no org unit\'s code in DHIS2.',
    ],
    [
      'a value of the wrong type',
      patient({ 'Date of Birth': '31/01/1990' }),
      {},
      'value-invalid',
      'Patient NAH009786: column "Date of Birth" of hts_instance_table has "31/01/1990", which is not a date for "Date of birth".',
    ],
    [
      'not an option',
      patient({ Gender: 'Femle' }),
      {},
      'value-not-an-option',
      'Patient NAH009786: column "Gender" of hts_instance_table has "Femle", which is not an option for "Gender" (Male, Female).',
    ],
    [
      'too long',
      patient({ 'First Name': 'x'.repeat(10_000) }),
      {},
      'value-too-long',
      `Patient NAH009786: column "First Name" of hts_instance_table has "${'x'.repeat(80)}…", which is too long for "First name" (10000 characters, DHIS2 takes 1200).`,
    ],
    [
      'a mandatory attribute is empty on a new one',
      patient({ UIC: null }),
      {},
      'mandatory-missing',
      'Patient NAH009786: column "UIC" of hts_instance_table is empty, but DHIS2 requires "UIC".',
    ],
    [
      'a mandatory attribute would be cleared',
      patient({ UIC: null }, { sent: ['TEAUicCode1'] }),
      known,
      'mandatory-missing',
      'Patient NAH009786: column "UIC" of hts_instance_table is empty, but DHIS2 requires "UIC".',
    ],
    [
      'a mandatory attribute is not mapped',
      patient(),
      { metadata: withProgram({ attributes: new Map([['TEAPhoneNo1', { mandatory: true, searchable: true }]]) }) },
      'mandatory-missing',
      'Patient NAH009786: DHIS2 requires "Phone", and the mapping has no column of hts_instance_table for it.',
    ],
    [
      'mandatory for the type',
      patient(),
      { trackedEntityType: { ...PERSON, attributes: new Map([['TEAFirstNm1', { mandatory: true, searchable: true }]]) } },
      'mandatory-missing',
      'Patient NAH009786: column "First Name" of hts_instance_table is empty, but DHIS2 requires "First name".',
    ],
    [
      'no tracked entity type',
      patient(),
      { trackedEntityType: null },
      'type-unknown',
      'Patient NAH009786: the tracked entity type is not known, because DHIS2 has several, or not the one that is set, or none for our account.',
    ],
  ])('rejected: %s', (_name, row, over, code, message) => {
    expect(rejectionOf(toPatient(row, over))).toMatchObject({ code, message })
  })
  test('a mandatory attribute that is empty and was never sent is left to DHIS2 for a known one', () => {
    expect(toPatient(patient({ UIC: null }), known)).toHaveProperty('payload.attributes', [])
  })
  test('an unknown attribute is rejected when it has a value, and no matter otherwise', () => {
    const mapping = withColumns(MAPPING, { instance: { Odd: 'TEANowhere1', UIC: 'TEAUicCode1' } })
    expect(rejectionOf(toPatient(patient({ Odd: 'x' }, {}, mapping), { mapping }))).toMatchObject({
      code: 'field-unknown',
      column: 'Odd',
      message:
        'Patient NAH009786: column "Odd" of hts_instance_table has "x" and is mapped to "TEANowhere1", which is no attribute in DHIS2.',
    })
    expect(toPatient(patient({ Odd: ' ' }, {}, mapping), { mapping })).toHaveProperty('sent', ['TEAUicCode1'])
  })
  test('the whole value is kept beside the sentence', () => {
    const value = `${'🎗'.repeat(41)}\n"quoted" \\ it's`
    const rejection = rejectionOf(toPatient(patient({ Gender: `x${value}` })))
    expect(rejection.value).toBe(`x${value}`)
    // cut at 80 the sentence would end in half an emoji, which PostgreSQL refuses
    expect(rejection.message).toContain(`has "x${'🎗'.repeat(39)}…", which`)
  })
})

describe('two columns for one UID', () => {
  const mapping = withColumns(MAPPING, { instance: { A: 'TEAFirstNm1', B: 'TEAFirstNm1', UIC: 'TEAUicCode1' } })
  const names = (a: string | null, b: string | null, sent: string[] = []) => {
    const made = toPatient(patient({ A: a, B: b }, { sent }, mapping), { mapping })
    return 'rejection' in made ? made.rejection.message : made.payload.attributes.find((x) => x.attribute === 'TEAFirstNm1')?.value
  }
  test.each<[string, string | null, string | null, string | undefined]>([
    ['equal values', 'Ann', ' Ann ', 'Ann'],
    ['only the first has one', 'Ann', null, 'Ann'],
    ['only the second has one', '', 'Ann', 'Ann'],
    ['none has one', null, null, undefined],
    [
      'they differ',
      'Ann',
      'Eve',
      'Patient NAH009786: column "B" of hts_instance_table has "Eve" for "First name", but column "A", mapped to the same, has "Ann".',
    ],
  ])('%s', (_name, a, b, expected) => expect(names(a, b)).toBe(expected))
  test.each<[string, string | null, string | null, string | null]>([
    ['only the first', 'Ann', null, 'Ann'],
    ['only the second', null, 'Ann', 'Ann'],
    ['none', null, null, null],
  ])('sent before, now %s', (_name, a, b, expected) => expect(names(a, b, ['TEAFirstNm1'])).toBe(expected))
})

describe('translations', () => {
  const translate = (table: Record<string, string>): Mapping => ({
    ...MAPPING,
    instance: { ...MAPPING.instance, translations: { Gender: table } },
  })
  const gender = (text: string | null, table: Record<string, string>, sent: string[] = []) => {
    const made = toPatient(patient({ Gender: text }, { sent }), { mapping: translate(table) })
    return 'rejection' in made ? made.rejection.message : made.payload.attributes.find((a) => a.attribute === 'TEAGenderS1')?.value
  }
  test.each<[string, string | null, Record<string, string>, string | undefined]>([
    ['exactly', 'W', { W: 'Female' }, 'Female'],
    ['blanks around', ' W\n', { W: 'Female' }, 'Female'],
    ['converted after it', 'W', { W: ' f ' }, 'Female'],
    ['not in the table: as it is', 'Male', { W: 'Female' }, 'Male'],
    ['once only', 'W', { W: 'Male', Male: 'Female' }, 'Male'],
    ['what would do by itself', 'Male', { Male: 'Female' }, 'Female'],
    ['to nothing', 'unknown', { unknown: '' }, undefined],
    ['nothing stays nothing', null, { W: 'Female' }, undefined],
    ['nor is an empty text translated', ' ', { '': 'Female' }, undefined],
  ])('%s', (_name, text, table, value) => expect(gender(text, table)).toBe(value))
  test('upper and lower case are not alike', () => {
    expect(gender('w', { W: 'Female' })).toContain('has "w", which is not an option')
  })
  test('a value that every object has is no translation', () => {
    expect(gender('constructor', { W: 'Female' })).toContain('has "constructor", which is not an option')
  })
  test('one to nothing empties what was sent', () => expect(gender('unknown', { unknown: '' }, ['TEAGenderS1'])).toBeNull())
  test('a sentence has both, and the value is the Mart’s', () => {
    const made = toPatient(patient({ Gender: 'W' }), { mapping: translate({ W: 'Femle' }) })
    expect(rejectionOf(made)).toMatchObject({
      code: 'value-not-an-option',
      column: 'Gender',
      value: 'W',
      message:
        'Patient NAH009786: column "Gender" of hts_instance_table has "W" (translated to "Femle"), which is not an option for "Gender" (Male, Female).',
    })
  })
})

describe('several event relations', () => {
  const followUp = {
    table: 'hts_follow_up_table',
    columns: { Answer: 'DEFupNotes1' },
    constants: { program: HTS.uid, program_stage: 'PSTHtsFoll1' },
    translations: { Answer: { '1': 'fine' } },
  }
  const mapping: Mapping = { ...MAPPING, events: [...MAPPING.events, followUp] }
  const row = event({ Answer: '1' }, { source: 1, programStage: 'PSTHtsFoll1' }, mapping)
  test('each has its own columns and translations', () => {
    expect(toEvent(row, { mapping })).toMatchObject({
      payload: { programStage: 'PSTHtsFoll1', dataValues: [{ dataElement: 'DEFupNotes1', value: 'fine' }] },
      sent: ['DEFupNotes1'],
    })
    expect(toEvent(event({}, {}, mapping), { mapping })).toMatchObject({ sent: ['DEHtsResul1', 'DEHtsTstDt1'] })
  })
  test.each<[Partial<EventRow>, string]>([
    [{ eventDate: null }, 'column "event_date" of hts_follow_up_table is empty.'],
    [
      { programStage: 'PSTHtsOther' },
      'the mapping\'s constant "program_stage" for hts_follow_up_table has "PSTHtsOther", which is no stage of program "HTS - HIV testing".',
    ],
    [
      { program: 'PRGNowhere1' },
      'the mapping\'s constant "program" for hts_follow_up_table has "PRGNowhere1", which is no program in DHIS2.',
    ],
    [{ orgUnitCode: 'C-99' }, 'column "OrgUnit" of hts_follow_up_table has "C-99", which is no org unit\'s code in DHIS2.'],
  ])('its table, and what the mapping gives, is named: %j', (over, sentence) => {
    expect(rejectionOf(toEvent({ ...row, ...over }, { mapping })).message).toBe(`Patient NAH009786: ${sentence}`)
  })
  test('an org unit that the mapping gives to patients and enrollments', () => {
    const given: Mapping = {
      ...MAPPING,
      instance: { ...MAPPING.instance, constants: { OrgUnit: 'C-99' } },
      enrollments: { ...MAPPING.enrollments, constants: { OrgUnit: 'C-03' } },
    }
    expect(rejectionOf(toPatient(patient({}, { orgUnitCode: 'C-99' }), { mapping: given })).message).toBe(
      'Patient NAH009786: the mapping\'s constant "OrgUnit" for hts_instance_table has "C-99", which is no org unit\'s code in DHIS2.',
    )
    expect(
      rejectionOf(enrollmentFields(enrollment({ orgUnitCode: 'C-03' }), { mapping: given, metadata: METADATA, today: TODAY })).message,
    ).toBe(
      'Patient NAH009786: the mapping\'s constant "OrgUnit" for hts_program_enrollment_table has "C-03", but program "HTS - HIV testing" is not assigned to org unit "Cedar Clinic".',
    )
  })
})

describe('the tracked entity type', () => {
  const two = {
    ...METADATA,
    trackedEntityTypes: new Map([...METADATA.trackedEntityTypes, ['TETThing001', { ...PERSON, uid: 'TETThing001' }]]),
  }
  test.each<[string, Metadata, string | null, string | undefined]>([
    ['what the programs agree on', two, null, 'TETPerson01'],
    ['the setting before the programs', two, 'TETThing001', 'TETThing001'],
    ['a setting that DHIS2 does not have', two, 'TETNowhere1', undefined],
    ['the only one, without programs', { ...METADATA, programs: new Map() }, null, 'TETPerson01'],
    ['two, without programs', { ...two, programs: new Map() }, null, undefined],
    [
      'programs that disagree',
      {
        ...two,
        programs: new Map([...METADATA.programs, ['PRGTbTreat1', { ...HTS, uid: 'PRGTbTreat1', trackedEntityType: 'TETThing001' }]]),
      },
      null,
      undefined,
    ],
  ])('%s', (_name, metadata, setting, uid) => expect(trackedEntityTypeOf(metadata, setting)?.uid).toBe(uid))
})

describe('enrollment', () => {
  test.each<[string, Partial<EnrollmentRow>, object]>([
    ['as it is', {}, { orgUnit: 'OUClinHre01', enrolledAt: '2024-03-01', occurredAt: '2024-02-28', status: 'ACTIVE' }],
    [
      'dates with a time',
      { enrollmentDate: '2024-03-01 10:00:00', incidentDate: '2024-02-28 23:59:59+02' },
      { enrolledAt: '2024-03-01', occurredAt: '2024-02-28' },
    ],
    ['no incident date: the enrollment date', { incidentDate: null }, { occurredAt: '2024-03-01' }],
    ['a blank incident date too', { incidentDate: '' }, { occurredAt: '2024-03-01' }],
    ['today', { enrollmentDate: TODAY }, { enrolledAt: TODAY }],
    ['the first day that counts', { enrollmentDate: '1900-01-01' }, { enrolledAt: '1900-01-01' }],
    ['a status in any case, with blanks', { status: ' Completed ' }, { status: 'COMPLETED' }],
    ['cancelled', { status: 'CANCELLED' }, { status: 'CANCELLED' }],
    ['a code with blanks', { orgUnitCode: ' C-02 ' }, { orgUnit: 'OUClinHre02' }],
  ])('%s', (_name, over, expected) => expect(toEnrollment(enrollment(over))).toMatchObject(expected))

  const column = (name: string) => `Patient NAH009786: column "${name}" of hts_program_enrollment_table`
  test.each<[string, Partial<EnrollmentRow>, RejectionCode, string]>([
    ['no program', { program: null }, 'program-missing', `${column('program')} is empty.`],
    [
      'an unknown program',
      { program: 'PRGNowhere1' },
      'program-unknown',
      `${column('program')} has "PRGNowhere1", which is no program in DHIS2.`,
    ],
    [
      'no id',
      { programUniqueId: null },
      'identifier-missing',
      `${column('program_unique_id')} is empty for an enrollment in "HTS - HIV testing".`,
    ],
    [
      'a blank id',
      { programUniqueId: ' ' },
      'identifier-missing',
      `${column('program_unique_id')} is empty for an enrollment in "HTS - HIV testing".`,
    ],
    ['no org unit', { orgUnitCode: null }, 'org-unit-missing', `${column('OrgUnit')} is empty.`],
    [
      'an unknown org unit',
      { orgUnitCode: 'X' },
      'org-unit-unknown',
      `${column('OrgUnit')} has "X", which is no org unit's code in DHIS2.`,
    ],
    [
      'an org unit without the program',
      { orgUnitCode: 'C-03' },
      'org-unit-not-in-program',
      `${column('OrgUnit')} has "C-03", but program "HTS - HIV testing" is not assigned to org unit "Cedar Clinic".`,
    ],
    ['no enrollment date', { enrollmentDate: null }, 'date-missing', `${column('enrollment_date')} is empty.`],
    [
      'no such date',
      { enrollmentDate: '2024-02-30' },
      'date-invalid',
      `${column('enrollment_date')} has "2024-02-30", which is not a date since 1900.`,
    ],
    [
      'an absurd date',
      { enrollmentDate: '0001-01-01' },
      'date-invalid',
      `${column('enrollment_date')} has "0001-01-01", which is not a date since 1900.`,
    ],
    [
      'the day before it counts',
      { enrollmentDate: '1899-12-31' },
      'date-invalid',
      `${column('enrollment_date')} has "1899-12-31", which is not a date since 1900.`,
    ],
    [
      'tomorrow',
      { enrollmentDate: '2024-07-01' },
      'date-in-future',
      `${column('enrollment_date')} has "2024-07-01", which is after today (2024-06-30).`,
    ],
    [
      'an incident date in the future',
      { incidentDate: '2099-01-01' },
      'date-in-future',
      `${column('incident_date')} has "2099-01-01", which is after today (2024-06-30).`,
    ],
    [
      'an incident date that is none',
      { incidentDate: 'soon' },
      'date-invalid',
      `${column('incident_date')} has "soon", which is not a date since 1900.`,
    ],
    ['no status', { status: null }, 'status-unknown', `${column('status')} is empty, and is not one of ACTIVE, COMPLETED, CANCELLED.`],
    [
      'an unknown status',
      { status: 'DEFAULTED' },
      'status-unknown',
      `${column('status')} has "DEFAULTED", which is not one of ACTIVE, COMPLETED, CANCELLED.`,
    ],
  ])('rejected: %s', (_name, over, code, message) => expect(rejectionOf(toEnrollment(enrollment(over)))).toMatchObject({ code, message }))

  test('a program may allow future dates, each of its own', () => {
    const row = enrollment({ enrollmentDate: '2024-07-01', incidentDate: '2024-07-02' })
    expect(rejectionOf(toEnrollment(row, withProgram({ selectEnrollmentDatesInFuture: true }))).column).toBe('incident_date')
    expect(rejectionOf(toEnrollment(row, withProgram({ selectIncidentDatesInFuture: true }))).column).toBe('enrollment_date')
    expect(toEnrollment(row, withProgram({ selectEnrollmentDatesInFuture: true, selectIncidentDatesInFuture: true }))).toMatchObject({
      enrolledAt: '2024-07-01',
      occurredAt: '2024-07-02',
    })
  })
})

describe('event', () => {
  test('the stage’s own values', () => {
    expect(toEvent(event({ 'Was counselled': 'f', 'Tests, last year': '3.0', 'Couple tested?': 'no' }))).toEqual({
      payload: {
        event: 'EventOfThem',
        programStage: 'PSTHtsInit1',
        orgUnit: 'OUClinHre01',
        occurredAt: '2024-03-02',
        status: 'COMPLETED',
        dataValues: [
          { dataElement: 'DEHtsResul1', value: 'NEGATIVE' },
          { dataElement: 'DEHtsTstDt1', value: '2024-03-02' },
          { dataElement: 'DEHtsTests1', value: '3' },
          { dataElement: 'DEHtsCouns1', value: 'false' },
        ],
        exists: false,
      },
      sent: ['DEHtsResul1', 'DEHtsTstDt1', 'DEHtsTests1', 'DEHtsCouns1'],
    })
  })
  test('cleared: sent before, empty now; only of its own stage', () => {
    const made = toEvent(event({}, { tracker: 'EventOfThem', sent: ['DEHtsCouns1', 'DEHtsOnlyT1', 'DEFupNotes1'] }))
    expect(made).toMatchObject({
      payload: {
        dataValues: [
          { dataElement: 'DEHtsOnlyT1', value: null },
          { dataElement: 'DEHtsResul1' },
          { dataElement: 'DEHtsTstDt1' },
          { dataElement: 'DEHtsCouns1', value: null },
        ],
        exists: true,
      },
      sent: ['DEHtsResul1', 'DEHtsTstDt1'],
    })
  })
  test.each<[string, Partial<EventRow>, Partial<EventContext>, object]>([
    ['its own org unit before the enrollment’s', { orgUnitCode: 'C-02' }, {}, { orgUnit: 'OUClinHre02' }],
    [
      'the enrollment’s where it has none',
      { orgUnitCode: null },
      { enrollment: enrollment({ orgUnitCode: 'C-02' }) },
      { orgUnit: 'OUClinHre02' },
    ],
    ['the enrollment’s for a blank', { orgUnitCode: '' }, { enrollment: enrollment({ orgUnitCode: 'C-02' }) }, { orgUnit: 'OUClinHre02' }],
    ['no status: completed', { status: null }, {}, { status: 'COMPLETED' }],
    ['a blank status: completed', { status: ' ' }, {}, { status: 'COMPLETED' }],
    ['another status', { status: 'active' }, {}, { status: 'ACTIVE' }],
    ['a date with a time', { eventDate: '2024-03-02 08:15:00' }, {}, { occurredAt: '2024-03-02' }],
    ['known by its tracker', { tracker: 'EventOfThem' }, {}, { exists: true }],
    ['known by a send without an answer', { unconfirmed: true }, {}, { exists: true }],
  ])('%s', (_name, over, context, expected) =>
    expect(toEvent(event({}, over), context)).toHaveProperty('payload', expect.objectContaining(expected)),
  )

  const column = (name: string) => `Patient NAH009786: column "${name}" of hts_program_events_table`
  const compulsory = `${column('HIV result')} is empty, but DHIS2 requires "HTS test result".`
  const onUpdateToo = withProgram({
    stages: new Map([...HTS.stages].map(([uid, stage]) => [uid, { ...stage, validationStrategy: 'ON_UPDATE_AND_INSERT' }])),
  })
  test.each<[string, EventRow, RejectionCode, string, Metadata?]>([
    ['no program', event({}, { program: ' ' }), 'program-missing', `${column('program')} is empty.`],
    [
      'an unknown program',
      event({}, { program: 'PRGNowhere1' }),
      'program-unknown',
      `${column('program')} has "PRGNowhere1", which is no program in DHIS2.`,
    ],
    ['no stage', event({}, { programStage: null }), 'stage-missing', `${column('program_stage')} is empty.`],
    [
      'a stage of another program',
      event({}, { programStage: 'PSTTbVisit1' }),
      'stage-unknown',
      `${column('program_stage')} has "PSTTbVisit1", which is no stage of program "HTS - HIV testing".`,
    ],
    [
      'an unknown org unit',
      event({}, { orgUnitCode: 'X' }),
      'org-unit-unknown',
      `${column('OrgUnit')} has "X", which is no org unit's code in DHIS2.`,
    ],
    [
      'an org unit without the program',
      event({}, { orgUnitCode: 'C-03' }),
      'org-unit-not-in-program',
      `${column('OrgUnit')} has "C-03", but program "HTS - HIV testing" is not assigned to org unit "Cedar Clinic".`,
    ],
    ['no date', event({}, { eventDate: null }), 'date-missing', `${column('event_date')} is empty.`],
    [
      'a date in the future',
      event({}, { eventDate: '2024-07-01' }),
      'date-in-future',
      `${column('event_date')} has "2024-07-01", which is after today (2024-06-30).`,
    ],
    [
      'an unknown status',
      event({}, { status: 'DONE' }),
      'status-unknown',
      `${column('status')} has "DONE", which is not one of ACTIVE, COMPLETED, VISITED, SCHEDULE, OVERDUE, SKIPPED.`,
    ],
    [
      'a wrong option',
      event({ 'HIV result': 'maybe' }),
      'value-not-an-option',
      `${column('HIV result')} has "maybe", which is not an option for "HTS test result" (POSITIVE, NEGATIVE, INCONCLUSIVE).`,
    ],
    [
      'a wrong number',
      event({ 'Tests, last year': '0' }),
      'value-invalid',
      `${column('Tests, last year')} has "0", which is not a whole number from 1 to 2147483647 for "HTS tests in the last 12 months".`,
    ],
    [
      'a value of another stage',
      event({ Notes: 'came alone' }),
      'field-not-in-stage',
      `${column('Notes')} has "came alone" for "HTS follow-up notes", which does not belong to stage "Initial test".`,
    ],
    [
      'a value of another stage, and not even of its type',
      event({ 'HIV result': 'maybe' }, { programStage: 'PSTHtsFoll1' }),
      'field-not-in-stage',
      `${column('HIV result')} has "maybe" for "HTS test result", which does not belong to stage "Follow-up visit".`,
    ],
    ['compulsory on a new completed one', event({ 'HIV result': null }), 'mandatory-missing', compulsory],
    ['compulsory, sent without an answer', event({ 'HIV result': null }, { unconfirmed: true }), 'mandatory-missing', compulsory],
    [
      'compulsory and to be cleared',
      event({ 'HIV result': null }, { tracker: 'EventOfThem', sent: ['DEHtsResul1'] }),
      'mandatory-missing',
      compulsory,
    ],
    [
      'compulsory, the stage always asks',
      event({ 'HIV result': null }, { status: 'ACTIVE' }),
      'mandatory-missing',
      compulsory,
      onUpdateToo,
    ],
  ])('rejected: %s', (_name, row, code, message, metadata = METADATA) =>
    expect(rejectionOf(toEvent(row, { metadata }))).toMatchObject({ code, message }),
  )
  test('nobody has an org unit', () => {
    const made = toEvent(event({}, { orgUnitCode: null }), { enrollment: enrollment({ orgUnitCode: null }) })
    expect(rejectionOf(made).code).toBe('org-unit-missing')
  })
  test('compulsory is asked of a completed event only', () => {
    expect(toEvent(event({ 'HIV result': null }, { status: 'ACTIVE' }))).toHaveProperty('sent', ['DEHtsTstDt1'])
  })
  test('compulsory, of a known event that we never sent it for: DHIS2 has it', () => {
    expect(toEvent(event({ 'HIV result': null }, { tracker: 'EventOfThem' }))).toHaveProperty('sent', ['DEHtsTstDt1'])
  })
  test('compulsory and not mapped', () => {
    const { 'HIV result': _, ...columns } = MAPPING.events[0]!.columns
    const mapping = withColumns(MAPPING, { event: columns })
    expect(rejectionOf(toEvent(event({}, {}, mapping), { mapping })).message).toBe(
      'Patient NAH009786: DHIS2 requires "HTS test result", and the mapping has no column of hts_program_events_table for it.',
    )
  })
  test('an unknown data element is rejected when it has a value', () => {
    const mapping = withColumns(MAPPING, { event: { ...MAPPING.events[0]!.columns, Odd: 'DENowhere01' } })
    // the columns of a mapping are sorted: the odd one comes after "Notes"
    const values = (odd: string | null) => {
      const row = event({})
      return { ...row, values: [...row.values.slice(0, 3), odd, ...row.values.slice(3)] }
    }
    expect(rejectionOf(toEvent(values('x'), { mapping }))).toMatchObject({ code: 'field-unknown', column: 'Odd', value: 'x' })
    expect(toEvent(values(null), { mapping })).toHaveProperty('payload')
  })
})

describe('always', () => {
  const text = fc.oneof(
    fc.constant(null),
    fc.constantFrom(
      '',
      ' ',
      '2024-03-01',
      'ACTIVE',
      'C-01',
      'PRGHtsTest1',
      'PSTHtsInit1',
      'POSITIVE',
      'true',
      '5',
      `O'Neil`,
      '"; drop',
      '\\',
      '🎗',
    ),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )
  const sent = fc.subarray(['TEAUicCode1', 'TEAFirstNm1', 'DEHtsResul1', 'DEHtsCouns1', 'DEFupNotes1'])
  const plain = (made: object, patientId: string, relation: string) => {
    const { code, message, column } = rejectionOf(made)
    expect(Object.keys(REJECTION_CATALOGUE)).toContain(code)
    expect(message.startsWith(`Patient ${patientId}: `)).toBe(true)
    expect(message).toContain(relation)
    if (column !== null) expect(message).toContain(relation)
    expect(message).toMatch(/\.$/)
    expect(message).not.toMatch(/\n|undefined|\[object|null/)
    expect(message.length).toBeLessThan(500)
    expect(Buffer.from(message).toString()).toBe(message)
  }
  const patientId = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).filter((id) => !/null|undefined/.test(id))

  test('any patient row is a payload with what was sent, or one plain sentence', () => {
    fc.assert(
      fc.property(
        patientId,
        fc.array(text, { minLength: 4, maxLength: 4 }),
        text,
        sent,
        fc.boolean(),
        (id, values, orgUnitCode, before, isNew) => {
          const made = toPatient({ ...patient(), patientId: id, values, orgUnitCode, sent: before }, { isNew })
          if ('rejection' in made) return plain(made, id, MAPPING.instance.table)
          const { attributes } = made.payload
          expect(new Set(attributes.map((a) => a.attribute)).size).toBe(attributes.length)
          expect(attributes.filter((a) => a.value !== null).map((a) => a.attribute)).toEqual(made.sent)
          for (const { attribute, value } of attributes) if (value === null) expect(before).toContain(attribute)
        },
      ),
    )
  })
  test('any enrollment row is fields or one plain sentence', () => {
    const row = fc.record({
      orgUnitCode: text,
      program: text,
      programUniqueId: text,
      enrollmentDate: text,
      incidentDate: text,
      status: text,
    })
    fc.assert(
      fc.property(row, fc.boolean(), (over, good) => {
        const made = toEnrollment(enrollment(good ? { ...over, program: HTS.uid, orgUnitCode: 'C-01', status: 'ACTIVE' } : over))
        if ('rejection' in made) return plain(made, 'NAH009786', MAPPING.enrollments.table)
        expect(made.enrolledAt <= TODAY && made.enrolledAt >= '1900-01-01').toBe(true)
      }),
    )
  })
  test('any event row is a payload of its stage or one plain sentence', () => {
    const row = fc.record({ orgUnitCode: text, program: text, programStage: text, eventDate: text, status: text })
    fc.assert(
      fc.property(row, fc.boolean(), fc.array(text, { minLength: 6, maxLength: 6 }), sent, (over, good, values, before) => {
        const fixed = good ? {} : over
        const made = toEvent(event({}, { ...fixed, values, sent: before, status: 'ACTIVE' }))
        if ('rejection' in made) return plain(made, 'NAH009786', MAPPING.events[0]!.table)
        const own = HTS.stages.get(made.payload.programStage)!.dataElements
        for (const { dataElement } of made.payload.dataValues) expect(own.has(dataElement)).toBe(true)
        expect(made.payload.dataValues.filter((d) => d.value !== null).map((d) => d.dataElement)).toEqual(made.sent)
      }),
    )
  })
})
