/** DHIS2's words about a refused object → what a data clerk needs. The texts are those of 2.41 to 2.43, and 2.30's where it is the legacy API's. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EnrollmentPayload, EventPayload, ImportError, TrackedEntityPayload } from '../../src/core/model.ts'
import { isCollision, rejectionOf, type About } from '../../src/core/outcome.ts'
import { REJECTION_CATALOGUE } from '../../src/core/rejection.ts'
import { MAPPING, METADATA } from '../support/clinic.ts'

const person: TrackedEntityPayload = {
  trackedEntity: 'TeOfPatient',
  trackedEntityType: 'TETPerson01',
  orgUnit: 'OUClinHre01',
  attributes: [
    { attribute: 'TEABirthDt1', value: '1990-01-31' },
    { attribute: 'TEAGenderS1', value: 'Female' },
    { attribute: 'TEAUicCode1', value: 'UIC-1' },
    { attribute: 'TEAFirstNm1', value: null },
  ],
  exists: false,
}
const enrolled: EnrollmentPayload = {
  enrollment: 'Enrollment1',
  trackedEntity: 'TeOfPatient',
  program: 'PRGHtsTest1',
  fields: { orgUnit: 'OUClinHre03', enrolledAt: '2024-03-01', occurredAt: '2024-03-01', status: 'ACTIVE' },
  existing: null,
  events: [],
}
const visit: EventPayload = {
  event: 'EventOfThem',
  programStage: 'PSTHtsInit1',
  orgUnit: 'OUClinHre01',
  occurredAt: '2024-03-02',
  status: 'COMPLETED',
  dataValues: [
    { dataElement: 'DEHtsResul1', value: 'NEGATIVE' },
    { dataElement: 'DEHtsTests1', value: '3' },
    { dataElement: 'DEHtsCouns1', value: 'true' },
    { dataElement: 'DEHtsOnlyT1', value: 'true' },
  ],
  exists: false,
}
const EVENTS = MAPPING.events[0]!
const ABOUT = {
  trackedEntity: { relation: MAPPING.instance.table, columns: MAPPING.instance.columns, payload: person },
  enrollment: { relation: MAPPING.enrollments.table, columns: {}, payload: enrolled },
  event: { relation: EVENTS.table, columns: EVENTS.columns, payload: visit },
}
const about = (kind: keyof typeof ABOUT, over: Partial<About> = {}): About => ({
  kind,
  patientId: 'NAH009786',
  metadata: METADATA,
  ...ABOUT[kind],
  ...over,
})
const error = (code: string, message: string, field: string | null = null): ImportError => ({ code, message, field })

describe('which column, which DHIS2 name, which value', () => {
  const nothing = { column: null, dhis2Uid: null, dhis2Name: null, value: null }
  const uic = { column: 'UIC', dhis2Uid: 'TEAUicCode1', dhis2Name: 'UIC', value: 'UIC-1' }
  const gender = { column: 'Gender', dhis2Uid: 'TEAGenderS1', dhis2Name: 'Gender', value: 'Female' }
  const birth = { column: 'Date of Birth', dhis2Uid: 'TEABirthDt1', dhis2Name: 'Date of birth', value: '1990-01-31' }
  const tests = { column: 'Tests, last year', dhis2Uid: 'DEHtsTests1', dhis2Name: 'HTS tests in the last 12 months', value: '3' }
  test.each<[kind: keyof typeof ABOUT, ImportError, code: string, object]>([
    ['trackedEntity', error('E1064', 'Non-unique attribute value `UIC-1` for attribute `TEAUicCode1`'), 'unique-taken', uic],
    ['trackedEntity', error('E1064', 'Non-unique attribute value', 'TEAUicCode1'), 'unique-taken', uic],
    ['trackedEntity', error('E1064', 'Not unique'), 'unique-taken', uic],
    [
      'trackedEntity',
      error('E1125', 'Value `Female` is not a valid option code in option set `OPSGender00`'),
      'value-not-an-option',
      gender,
    ],
    [
      'trackedEntity',
      error('E1007', 'Error validating attribute value type: `DATE`; Error: `Value type is DATE but the value `1990-01-31` is not.`.'),
      'value-invalid',
      birth,
    ],
    ['trackedEntity', error('E1007', 'Attribute `DATE` is not valid.'), 'value-invalid', birth],
    ['trackedEntity', error('E1006', 'Attribute: `TEANowhere1` does not exist.'), 'field-unknown', nothing],
    [
      'trackedEntity',
      error('E1049', 'Could not find OrganisationUnit: `OUClinHre01` linked to TrackedEntity.'),
      'org-unit-unknown',
      { column: 'OrgUnit', dhis2Uid: 'OUClinHre01', dhis2Name: 'Acacia Clinic', value: 'C-01' },
    ],
    [
      'trackedEntity',
      error('E1000', 'User: `USERsync001` has no write access to OrganisationUnit: `OUClinHre01`.'),
      'no-access',
      { column: 'OrgUnit', dhis2Name: 'Acacia Clinic' },
    ],
    ['trackedEntity', error('E1114', 'TrackedEntity: `TeOfPatient` is already deleted and cannot be modified.'), 'gone', nothing],
    [
      'enrollment',
      error('E1018', 'Attribute: `TEAUicCode1` is mandatory in Program `PRGHtsTest1` but not declared in Enrollment `Enrollment1`.'),
      'mandatory-missing',
      { column: null, dhis2Name: 'UIC', value: null },
    ],
    [
      'enrollment',
      error('E1041', 'Enrollment OrganisationUnit: `OUClinHre03` and Program: `PRGHtsTest1` do not match.'),
      'org-unit-not-in-program',
      { column: 'OrgUnit', dhis2Name: 'Cedar Clinic', value: 'C-03' },
    ],
    [
      'enrollment',
      error('E1015', 'TrackedEntity: `TeOfPatient` already has an active Enrollment in Program `PRGHtsTest1`.'),
      'several-active',
      { column: 'status' },
    ],
    [
      'enrollment',
      error('E1020', 'Enrollment date: `2099-01-01T00:00:00.000` cannot be a future date.'),
      'date-in-future',
      { column: 'enrollment_date' },
    ],
    ['enrollment', error('E1068', 'Could not find TrackedEntity: `TeOfPatient` linked to Enrollment.'), 'gone', nothing],
    [
      'event',
      error('E1302', 'DataElement `INTEGER_POSITIVE` is not valid: `Value type is INTEGER_POSITIVE but the value `3` is not.`.'),
      'value-invalid',
      tests,
    ],
    [
      'event',
      error('E1302', 'DataElement `` is not valid: `Value type is INTEGER_POSITIVE but the value `3` is not.`'),
      'value-invalid',
      tests,
    ],
    // two values are the same: the type tells
    [
      'event',
      error('E1302', 'DataElement `` is not valid: `Value type is BOOLEAN but the value `true` is not.`'),
      'value-invalid',
      { column: 'Was counselled' },
    ],
    ['event', error('E1302', 'DataElement is not valid'), 'value-invalid', nothing],
    [
      'event',
      error('E1303', 'Mandatory DataElement `DEHtsTstDt1` is not present.'),
      'mandatory-missing',
      { column: 'Test date', dhis2Name: 'HTS test date', value: null },
    ],
    ['event', error('E1305', 'DataElement `DEHtsTests1` is not part of ProgramStage `PSTHtsInit1`.'), 'field-not-in-stage', tests],
    [
      'event',
      error('E1039', 'ProgramStage: `PSTHtsInit1` is not repeatable and an Event already exists.'),
      'second-in-single-stage',
      { column: 'program_stage' },
    ],
    ['event', error('E1082', 'Event: `EventOfThem`, is already deleted and cannot be modified.'), 'gone', nothing],
    ['event', error('E1300', 'Generated by program rule (`rule`) - `come back`'), 'refused-by-dhis2', nothing],
    ['event', error('UNDIGESTIBLE', 'boom'), 'undigestible', nothing],
  ])('%s: %o → %s', (kind, said, code, place) => {
    expect(rejectionOf([said], about(kind))).toMatchObject({ code, dhis2Code: said.code, ...place })
  })
})

test.each<[string, ImportError[], keyof typeof ABOUT, string]>([
  [
    'with all that is known',
    [error('E1064', 'Non-unique attribute value `UIC-1` for attribute `TEAUicCode1`.')],
    'trackedEntity',
    'Patient NAH009786: the patient of hts_instance_table was refused by DHIS2: Non-unique attribute value `UIC-1` for attribute `TEAUicCode1`. It is about column "UIC", value "UIC-1", in DHIS2 "UIC".',
  ],
  [
    'with DHIS2’s sentence alone',
    [error('E1300', 'Come back')],
    'event',
    'Patient NAH009786: the event of hts_program_events_table was refused by DHIS2: Come back.',
  ],
  [
    'dots inside stay',
    [error('E1300', 'a..b... c...')],
    'event',
    'Patient NAH009786: the event of hts_program_events_table was refused by DHIS2: a..b... c.',
  ],
  [
    'several: the first by its weight, the others by their codes',
    [
      error('E5000', 'event `EventOfThem` cannot be created because enrollment `Enrollment1` referenced by it could not be created.'),
      error('E9999', 'something new'),
      error('E1303', 'Mandatory DataElement `DEHtsTstDt1` is not present.'),
      error('E1303', 'Mandatory DataElement `DEHtsResul1` is not present.'),
    ],
    'event',
    'Patient NAH009786: the event of hts_program_events_table was refused by DHIS2: Mandatory DataElement `DEHtsResul1` is not present. It is about column "HIV result", value "NEGATIVE", in DHIS2 "HTS test result". (Also: E1303, E9999, E5000.)',
  ],
  [
    'nothing was said: its parent was refused',
    [],
    'event',
    'Patient NAH009786: the event of hts_program_events_table was not sent, because what it belongs to was rejected.',
  ],
])('the sentence, %s', (_name, errors, kind, message) => {
  expect(rejectionOf(errors, about(kind)).message).toBe(message)
})

test('nothing said has a code of its own', () => {
  expect(rejectionOf([], about('event'))).toMatchObject({ code: 'parent-rejected', dhis2Code: null })
})

test('DHIS2 repeating a long value makes no long sentence', () => {
  const { message } = rejectionOf([error('E1077', `Attribute: \`${'🎗'.repeat(5000)}\` is too long`)], about('trackedEntity'))
  expect(message.length).toBeLessThan(700)
  expect(Buffer.from(message).toString()).toBe(message)
})

test.each(['E1064', 'E1015', 'E1016', 'E1039', 'UNREPORTED'])('%s may be a neighbour’s fault', (code) =>
  expect(isCollision(code)).toBe(true),
)
test.each(['E1125', 'E1049', 'E5000', 'E1114', 'UNDIGESTIBLE', ''])('%s is the object’s own', (code) =>
  expect(isCollision(code)).toBe(false),
)

test('the order of the errors never matters, and every refusal has a catalogue code and a sentence', () => {
  const code = fc.constantFrom(
    'E1064',
    'E1125',
    'E1007',
    'E1302',
    'E1303',
    'E1000',
    'E5000',
    'E1114',
    'LEGACY',
    'E1300',
    '__proto__',
    'constructor',
  )
  const message = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('Value `Female` is wrong', 'Attribute `TEAUicCode1`', 'BOOLEAN', '`` `$&` .*+?^${}()|[]\\', ''),
  )
  const said = fc.record({ code, message, field: fc.constantFrom(null, null, 'TEAUicCode1', 'DEHtsResul1', 'Unknown0001') })
  const shuffled = fc
    .array(said, { minLength: 1, maxLength: 5 })
    .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  fc.assert(
    fc.property(shuffled, fc.constantFrom('trackedEntity', 'enrollment', 'event'), ([list, other], kind) => {
      const rejection = rejectionOf(list, about(kind))
      expect(rejectionOf(other, about(kind))).toEqual(rejection)
      expect(Object.keys(REJECTION_CATALOGUE)).toContain(rejection.code)
      expect(rejection.message.startsWith('Patient NAH009786: the ')).toBe(true)
      expect(list.map((e) => e.code)).toContain(rejection.dhis2Code)
    }),
    { numRuns: 500 },
  )
})
