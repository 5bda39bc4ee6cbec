/** Is a patient without a tracked entity already in DHIS2? (the document, 3.1.1) */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Mapping } from '../../src/core/mapping.ts'
import { matchPatient, searchFilters } from '../../src/core/match.ts'
import type { Dhis2TrackedEntity, PatientRow } from '../../src/core/model.ts'
import { MAPPING, METADATA, patient } from '../support/clinic.ts'
import { withColumns } from '../support/with-columns.ts'

const context = (over: Partial<Mapping> = {}) => ({ mapping: { ...MAPPING, ...over }, metadata: METADATA, timeZone: 'Africa/Harare' })
const twoSearchable = context({ searchable: ['UIC', 'Date of Birth'] })

const person = (trackedEntity: string, attributes: Readonly<Record<string, string>>): Dhis2TrackedEntity => ({
  trackedEntity,
  trackedEntityType: 'TETPerson01',
  orgUnit: 'OUClinHre01',
  attributes: new Map(Object.entries({ TEAUicCode1: 'UIC-1', ...attributes })),
})
const match = (
  row: PatientRow,
  hits: readonly Dhis2TrackedEntity[],
  owners: Readonly<Record<string, readonly string[]>> = {},
  ctx = context(),
) => {
  const found = matchPatient(row, hits, new Map(Object.entries(owners)), ctx)
  return found === 'new' ? 'new' : 'uid' in found ? found.uid : found.rejection.code
}

describe('what is asked', () => {
  test('one filter for each searchable attribute, each value once, as DHIS2 has it', () => {
    const rows = [
      patient({ UIC: ' A ', 'Date of Birth': '1990-01-31 00:00:00' }),
      patient({ UIC: 'B', 'Date of Birth': '1990-01-31' }),
      patient({ UIC: 'A', 'Date of Birth': '1980-05-05' }),
    ]
    expect(searchFilters(rows, twoSearchable)).toEqual([
      { attribute: 'TEABirthDt1', values: ['1990-01-31', '1980-05-05'] },
      { attribute: 'TEAUicCode1', values: ['A', 'B'] },
    ])
  })
  test('what is translated is looked for as it is sent', () => {
    const ctx = context({ instance: { ...MAPPING.instance, translations: { UIC: { 'no code': '', old: 'NEW' } } } })
    const rows = [patient({ UIC: 'old ' }), patient({ UIC: 'no code' })]
    expect(searchFilters(rows, ctx)).toEqual([{ attribute: 'TEAUicCode1', values: ['NEW'] }])
    expect(match(rows[0]!, [person('FoundPerson', { TEAUicCode1: 'NEW' })], {}, ctx)).toBe('FoundPerson')
  })
  test.each<[string, Readonly<Record<string, string | null>>]>([
    ['an empty one', { UIC: null, 'Date of Birth': '1990-01-31' }],
    ['a blank one', { UIC: '  ', 'Date of Birth': '1990-01-31' }],
    // it is rejected for that value, and DHIS2 would refuse the search of the whole chunk
    ['one that is no date', { UIC: 'A', 'Date of Birth': '31/01/1990' }],
  ])('a patient whose searchable columns have %s is not searched for', (_name, values) => {
    expect(searchFilters([patient(values)], twoSearchable)).toEqual([])
    expect(match(patient(values), [person('FoundPerson', {})], {}, twoSearchable)).toBe('new')
  })
  test('an attribute that DHIS2 does not have is not asked for', () => {
    const ctx = context(withColumns(MAPPING, { instance: { UIC: 'TEANowhere1' } }))
    expect(searchFilters([patient({}, {}, ctx.mapping)], ctx)).toEqual([])
  })
  test.each([
    ['no searchable columns', []],
    ['a searchable column that is not mapped', ['Not mapped']],
    ['a searchable column that is gone from the mapping', ['Village']],
  ])('%s: nobody is searched for, everybody is new', (_name, searchable) => {
    expect(searchFilters([patient()], context({ searchable }))).toEqual([])
    expect(match(patient(), [person('FoundPerson', {})], {}, context({ searchable }))).toBe('new')
  })
})

const ann = patient({ 'First Name': 'Ann', Gender: 'f', 'Date of Birth': '1990-01-31' })

describe('what is found', () => {
  test.each<[string, Dhis2TrackedEntity[], string]>([
    ['nobody: new', [], 'new'],
    ['one: the patient, whatever the comparable columns say', [person('FoundPerson', { TEAFirstNm1: 'Eve' })], 'FoundPerson'],
    ['one in another case, with blanks', [person('FoundPerson', { TEAUicCode1: ' uic-1 ' })], 'FoundPerson'],
    ['one with another value, for a wider search than asked', [person('FoundPerson', { TEAUicCode1: 'UIC-10' })], 'new'],
    ['one without the attribute', [{ ...person('FoundPerson', {}), attributes: new Map() }], 'new'],
    ['the same one twice, over two pages', [person('FoundPerson', {}), person('FoundPerson', {})], 'FoundPerson'],
    ['several, one with the exact spelling', [person('LowerPerson', { TEAUicCode1: 'uic-1' }), person('ExactPerson', {})], 'ExactPerson'],
    [
      'several: the comparable columns tell, in any case',
      [
        person('EvePerson01', { TEAFirstNm1: 'Eve', TEAGenderS1: 'Female' }),
        person('AnnPerson01', { TEAFirstNm1: 'ANN ', TEAGenderS1: 'female' }),
      ],
      'AnnPerson01',
    ],
    [
      'all comparable columns have to agree',
      [
        person('AnnMale0001', { TEAFirstNm1: 'Ann', TEAGenderS1: 'Male' }),
        person('EvePerson01', { TEAFirstNm1: 'Eve', TEAGenderS1: 'Female' }),
      ],
      'new',
    ],
    ['several and none agrees: new', [person('EvePerson01', { TEAFirstNm1: 'Eve' }), person('IdaPerson01', { TEAFirstNm1: 'Ida' })], 'new'],
    [
      'several and two agree: new',
      [
        person('AnnPerson01', { TEAFirstNm1: 'Ann', TEAGenderS1: 'Female' }),
        person('AnnPerson02', { TEAFirstNm1: 'Ann', TEAGenderS1: 'Female' }),
      ],
      'new',
    ],
  ])('%s', (_name, hits, expected) => {
    expect(match(ann, hits)).toBe(expected)
    expect(match(ann, hits.toReversed())).toBe(expected)
  })
  test('all searchable columns have to agree', () => {
    expect(match(ann, [person('FoundPerson', { TEABirthDt1: '1990-02-01' })], {}, twoSearchable)).toBe('new')
    expect(match(ann, [person('FoundPerson', { TEABirthDt1: '1990-01-31' })], {}, twoSearchable)).toBe('FoundPerson')
  })
  test('several and nothing to compare: new', () => {
    const hits = [person('EvePerson01', {}), person('IdaPerson01', {})]
    expect(match(ann, hits, {}, context({ comparable: [] }))).toBe('new')
  })
  test('a comparable value that is empty on both sides agrees', () => {
    const hits = [person('EvePerson01', { TEAFirstNm1: 'Eve' }), person('NoNamePers1', { TEAGenderS1: 'Female' })]
    expect(match(patient({ Gender: 'F' }), hits)).toBe('NoNamePers1')
  })
})

describe('whose it is', () => {
  const twins = [
    person('AnnPerson01', { TEAFirstNm1: 'Ann', TEAGenderS1: 'Female' }),
    person('EvePerson01', { TEAFirstNm1: 'Eve', TEAGenderS1: 'Female' }),
  ]
  test.each<[string, Dhis2TrackedEntity[], Record<string, string[]>, string]>([
    ['nobody’s', [person('FoundPerson', {})], {}, 'FoundPerson'],
    ['the patient’s own', [person('FoundPerson', {})], { FoundPerson: ['NAH009786'] }, 'FoundPerson'],
    ['another patient’s', [person('FoundPerson', {})], { FoundPerson: ['NAH000001'] }, 'taken-by-other-patient'],
    ['the patient’s and another’s', [person('FoundPerson', {})], { FoundPerson: ['NAH009786', 'NAH000001'] }, 'taken-by-other-patient'],
    ['another’s, after narrowing', twins, { AnnPerson01: ['NAH000001'] }, 'taken-by-other-patient'],
    ['the one that narrowing left out is another’s', twins, { EvePerson01: ['NAH000001'] }, 'AnnPerson01'],
  ])('%s', (_name, hits, owners, expected) => expect(match(ann, hits, owners)).toBe(expected))

  test('the sentence names both patients, the column and the value', () => {
    const owners = new Map([['FoundPerson', ['NAH000002', 'NAH000001']]])
    expect(matchPatient(ann, [person('FoundPerson', {})], owners, context())).toEqual({
      rejection: {
        code: 'taken-by-other-patient',
        message:
          'Patient NAH009786: column "UIC" of hts_instance_table has "UIC-1" for "UIC", and so has tracked entity FoundPerson in DHIS2, which is patient NAH000001, NAH000002: same identifier, different person.',
        dhis2Code: null,
        column: 'UIC',
        dhis2Uid: 'FoundPerson',
        dhis2Name: 'UIC',
        value: 'UIC-1',
      },
    })
  })
})

test('the order of what is found never matters, and odd values break nothing', () => {
  const name = fc.constantFrom('Ann', 'ANN', 'Eve', '', `O'Neil`, '"\\', '🎗')
  const uic = fc.oneof(fc.constantFrom('UIC-1', 'uic-1', 'UIC-2', '(', '[', '\\'), fc.string({ unit: 'grapheme' }))
  const hit = fc.tuple(fc.constantFrom('HitPerson01', 'HitPerson02', 'HitPerson03'), uic, name)
  fc.assert(
    fc.property(fc.uniqueArray(hit, { selector: ([uid]) => uid }), uic, name, fc.boolean(), (list, own, first, taken) => {
      const hits = list.map(([uid, value, called]) => person(uid, { TEAUicCode1: value, TEAFirstNm1: called }))
      const owners: Record<string, string[]> = taken ? { HitPerson01: ['NAH000001'] } : {}
      const row = patient({ UIC: own, 'First Name': first })
      const ctx = context({ comparable: ['First Name'] })
      const found = match(row, hits, owners, ctx)
      expect(match(row, hits.toReversed(), owners, ctx)).toBe(found)
      expect(match(row, [...hits, ...hits], owners, ctx)).toBe(found)
      if (taken) expect(found).not.toBe('HitPerson01')
      if (hits.length === 0) expect(found).toBe('new')
    }),
  )
})
