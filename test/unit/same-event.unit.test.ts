/** When is an event that DHIS2 has, and that no tracker row names, an event of the Mart? */
import { describe, expect, test } from 'vitest'
import type { Dhis2Event, EventPayload } from '../../src/core/model.ts'
import { sameEvents } from '../../src/core/same-event.ts'
import { METADATA } from '../support/clinic.ts'

const ours = (rowId: string, over: Partial<EventPayload> = {}) => ({
  rowId,
  mapped: ['DEHtsResul1', 'DEHtsCouns1', 'DEHtsTests1'],
  payload: {
    event: `derived-${rowId}`,
    programStage: 'PSTHtsInit1',
    orgUnit: 'OU1',
    occurredAt: '2024-03-02',
    status: 'COMPLETED' as const,
    dataValues: [
      { dataElement: 'DEHtsResul1', value: 'NEGATIVE' },
      { dataElement: 'DEHtsCouns1', value: 'true' },
    ],
    exists: false,
    ...over,
  },
})
const theirs = (event: string, over: Partial<Dhis2Event> = {}, values: Record<string, string> = {}): Dhis2Event => ({
  event,
  enrollment: 'E',
  programStage: 'PSTHtsInit1',
  orgUnit: 'OU1',
  occurredAt: '2024-03-02T00:00:00.000',
  status: 'COMPLETED',
  dataValues: new Map(Object.entries({ DEHtsResul1: 'NEGATIVE', DEHtsCouns1: 'true', ...values })),
  ...over,
})
const CONTEXT = {
  metadata: METADATA,
  timeZone: 'UTC',
  enrollmentOrgUnits: ['OU0', null],
}
const same = (news: ReturnType<typeof ours>[], there: Dhis2Event[]) => Object.fromEntries(sameEvents(news, there, CONTEXT))

test.each<[string, Dhis2Event]>([
  ['equal', theirs('X')],
  ['at the enrollment’s org unit', theirs('X', { orgUnit: 'OU0' })],
  ['with another status', theirs('X', { status: 'ACTIVE' })],
  ['with a value written otherwise', theirs('X', {}, { DEHtsCouns1: 'yes', DEHtsResul1: 'negative' })],
  ['with a value that the mapping does not fill', theirs('X', {}, { DEHtsEntry1: 'ANC' })],
])('taken over: %s', (_name, there) => expect(same([ours('1')], [there])).toEqual({ '1': 'X' }))

test.each<[string, Dhis2Event]>([
  ['another day', theirs('X', { occurredAt: '2024-03-03' })],
  ['no day: only planned', theirs('X', { occurredAt: null })],
  ['another stage', theirs('X', { programStage: 'PSTHtsFoll1' })],
  ['another org unit', theirs('X', { orgUnit: 'OU2' })],
  ['another value', theirs('X', {}, { DEHtsResul1: 'POSITIVE' })],
  ['a mapped value that we do not have', theirs('X', {}, { DEHtsTests1: '2' })],
  ['a value less', theirs('X', { dataValues: new Map([['DEHtsResul1', 'NEGATIVE']]) })],
])('not taken over: %s', (_name, there) => expect(same([ours('1')], [there])).toEqual({}))

test('without any value there is nothing to tell it by', () => {
  expect(same([ours('1', { dataValues: [] })], [theirs('X', { dataValues: new Map() })])).toEqual({})
})

test('what another relation of the mapping fills is no matter', () => {
  const fewer = { ...ours('1'), mapped: ['DEHtsResul1', 'DEHtsCouns1'] }
  expect(same([fewer], [theirs('X', {}, { DEHtsTests1: '2' })])).toEqual({ '1': 'X' })
})

describe('twins', () => {
  test('as many as there are in the Mart: each one', () => {
    expect(same([ours('1'), ours('2')], [theirs('Y'), theirs('X')])).toEqual({ '1': 'X', '2': 'Y' })
  })
  test('more or fewer: none', () => {
    expect(same([ours('1'), ours('2')], [theirs('X')])).toEqual({})
    expect(same([ours('1')], [theirs('X'), theirs('Y')])).toEqual({})
  })
  test('one that fits only some of them: none', () => {
    const elsewhere = ours('2', { orgUnit: 'OU2' })
    expect(same([ours('1'), elsewhere], [theirs('X', { orgUnit: 'OU0' }), theirs('Y')])).toEqual({})
  })
})
