/** The mapping form's state: what each action makes of it, what is sent, what is asked before. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mappingBody } from '../../src/api/contract/mappings.ts'
import { checkForm } from '../../dashboard/src/mapping/check-form.ts'
import { findingsOf, generalFindings, type Finding } from '../../dashboard/src/mapping/findings.ts'
import { bodyOf, EMPTY_MAPPING, formOf, proposalsOf, reduce, type Action, type FormState } from '../../dashboard/src/mapping/form-state.ts'
import { similarity, suggest } from '../../dashboard/src/mapping/suggest.ts'
import { en } from '../../dashboard/src/i18n/en.ts'

const INSTANCE = { part: 'instance', at: 0 } as const
const EVENT = { part: 'events', at: 0 } as const
const after = (...actions: Action[]): FormState => actions.reduce(reduce, EMPTY_MAPPING)
const FILLED: Action[] = [
  { do: 'set', changed: { name: 'HTS Service', openLatest: 'yes' } },
  { do: 'table', place: INSTANCE, table: 'hts_instance' },
  { do: 'table', place: { part: 'enrollments', at: 0 }, table: 'hts_enrollments' },
  { do: 'table', place: EVENT, table: 'hts_events' },
  { do: 'map', place: INSTANCE, column: 'UIC', uid: 'TEAUicCode1' },
  { do: 'map', place: EVENT, column: 'Result', uid: 'DEHtsResul1' },
]

describe('what is sent', () => {
  test('a filled form is what the server takes, and comes back as it was', () => {
    const body = bodyOf(after(...FILLED, { do: 'tick', which: 'searchable', column: 'UIC', on: true }))
    expect(mappingBody.parse(body)).toEqual(body)
    expect(bodyOf(formOf(body))).toEqual(body)
  })
  test('a proposal is nobody’s decision until it is accepted', () => {
    const proposed = after(...FILLED, { do: 'propose', place: INSTANCE, proposals: { Gender: 'TEAGenderS1', Phone: 'TEAPhoneNo1' } })
    expect([Object.keys(bodyOf(proposed).instance.columns), proposalsOf(proposed)]).toEqual([['UIC'], 2])
    const accepted = reduce(proposed, { do: 'decide', place: INSTANCE, columns: ['Gender'], accept: true })
    const refused = reduce(accepted, { do: 'decide', place: INSTANCE, columns: ['Phone'], accept: false })
    expect([bodyOf(refused).instance.columns, proposalsOf(refused)]).toEqual([{ UIC: 'TEAUicCode1', Gender: 'TEAGenderS1' }, 0])
  })
  test('a tick and a translation go with their column', () => {
    const state = after(
      ...FILLED,
      { do: 'tick', which: 'comparable', column: 'UIC', on: true },
      { do: 'translate', place: INSTANCE, column: 'UIC', to: { a: 'b' } },
      { do: 'map', place: INSTANCE, column: 'UIC', uid: '' },
    )
    expect([bodyOf(state).comparable, bodyOf(state).instance.translations]).toEqual([[], {}])
  })
  test('another table keeps what it has too', () => {
    const state = after(
      ...FILLED,
      { do: 'map', place: INSTANCE, column: 'Gone', uid: 'TEAGenderS1' },
      { do: 'prune', place: INSTANCE, columns: ['UIC'] },
    )
    expect(bodyOf(state).instance.columns).toEqual({ UIC: 'TEAUicCode1' })
  })
  test('event relations come and go, each with its own columns', () => {
    const two = after(...FILLED, { do: 'add-event' }, { do: 'table', place: { part: 'events', at: 1 }, table: 'second' })
    expect(bodyOf(two).events.map(({ table }) => table)).toEqual(['hts_events', 'second'])
    expect(bodyOf(reduce(two, { do: 'remove-event', at: 0 })).events).toEqual([
      { table: 'second', columns: {}, constants: {}, translations: {} },
    ])
    expect(new Set(two.events.map(({ key }) => key)).size).toBe(2)
  })
  test('no action changes what was before it', () => {
    const frozen = structuredClone(EMPTY_MAPPING)
    after(...FILLED, { do: 'add-event' }, { do: 'constant', place: EVENT, name: 'program', value: 'x' })
    expect(EMPTY_MAPPING).toEqual(frozen)
  })
})

describe('the original’s checks before saving, in its order', () => {
  const check = (actions: Action[], taken: string[] = []) => checkForm(after(...actions), taken, en.form)?.message
  test.each<[string, Action[], string | undefined]>([
    ['no name', [], 'Please provide a mapping name'],
    ['a sign in the name', [{ do: 'set', changed: { name: 'HTS/2' } }], 'Please provide only letters, numbers and spaces in Mapping Name'],
    [
      'no patient column',
      FILLED.filter((a) => !(a.do === 'map' && a.place.part === 'instance')),
      'Please provide at least one mapping for patient instance',
    ],
    [
      'no enrollment table',
      FILLED.filter((a) => !(a.do === 'table' && a.place.part === 'enrollments')),
      'Please select a table for program enrollment',
    ],
    [
      'no answer',
      [...FILLED, { do: 'set', changed: { openLatest: null } }],
      "Please provide value for 'Open Latest Completed Enrollment' config",
    ],
    ['no event column', FILLED.slice(0, -1), 'Please provide at least one mapping for program event'],
    ['a wrong chunk size', [...FILLED, { do: 'set', changed: { chunkSize: '0' } }], 'A whole number from 1 to 1,000'],
    ['all well', FILLED, undefined],
  ])('%s', (_, actions, message) => expect(check(actions)).toBe(message))
  test('a name that another mapping has', () => expect(check(FILLED, ['HTS Service'])).toBe('Please provide unique mapping name'))
})

describe('proposals', () => {
  const field = (uid: string, name: string, code: string | null = null) => ({ uid, name, code })
  test.each([
    ['Date of Birth', 'Date of birth', 1],
    ['HIV result given to client ?', 'HIV result given to client', 1],
    ['Prénom', 'prenom', 1],
  ])('%s is %s', (a, b, score) => expect(similarity(a, b)).toBe(score))
  test('strangers have little in common', () => expect(similarity('Next of kin', 'Tests in the last 12 months')).toBeLessThan(0.4))
  test('likeness is mutual, and between nothing and one', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const score = similarity(a, b)
        return score === similarity(b, a) && score >= 0 && score <= 1
      }),
    )
  })
  test('a service’s prefix is no matter, a code counts, and what is used is not proposed again', () => {
    const fields = [field('DE1', 'HTS: entry point'), field('DE2', 'Something else', 'UIC'), field('DE3', 'Entry point')]
    expect(suggest(['Entry point', 'UIC', 'Shoe size'], fields, new Set(['DE3']))).toEqual({ 'Entry point': 'DE1', UIC: 'DE2' })
  })
  test('no field is proposed twice, and the better match has it', () => {
    expect(suggest(['First name of mother', 'First name'], [field('A', 'First name')], new Set())).toEqual({ 'First name': 'A' })
  })
})

test('what the server says stands beside what it is about', () => {
  const finding = (over: Partial<Finding>): Finding => ({
    severity: 'error',
    part: 'events',
    index: 1,
    relation: null,
    field: 'uid',
    column: 'Result',
    message: 'Wrong.',
    remedy: 'Mend.',
    ...over,
  })
  const all = [
    finding({}),
    finding({ severity: 'warning', message: 'Odd.', remedy: '' }),
    finding({ field: 'table', column: null, message: 'No such table.' }),
    finding({ part: 'config', index: null, field: 'searchable', column: 'UIC', message: 'Not mapped.' }),
    finding({ part: 'name', index: null, field: 'value', column: null, message: 'Taken.' }),
  ]
  const events = findingsOf(all, { part: 'events', at: 1 })
  expect(events.byColumn.get('Result')).toEqual({ errors: 'Wrong. Mend.', warnings: 'Odd.' })
  expect(events.table.errors).toBe('No such table. Mend.')
  expect(findingsOf(all, { part: 'events', at: 0 }).byColumn.size).toBe(0)
  expect(findingsOf(all, { part: 'instance', at: 0 }).byColumn.get('UIC')?.errors).toBe('Not mapped. Mend.')
  expect(generalFindings(all).errors).toBe('Taken. Mend.')
})
