/** UIDs that follow from what they stand for. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KINDS } from '../../src/core/model.ts'
import { createUidFactory, enrollmentKey, eventKey, isUid } from '../../src/core/uid.ts'

const uidOf = createUidFactory('clinic-1')

test('the same thing has the same uid for ever', () => {
  // a change here would duplicate every record of every site
  expect(uidOf('trackedEntity', 'NAH009786')).toBe('RDYp0wt6cxN')
  expect(uidOf('enrollment', enrollmentKey('PRGHtsTest1', '7'))).toBe('tIBuKY2RPJT')
  expect(uidOf('event', eventKey('PRGHtsTest1', 'PSTHtsInit1', '55'), 1)).toBe('yuT3Iwvbov2')
})

test('the keys are those that SQL builds', () => {
  expect(enrollmentKey('PRGHtsTest1', '7')).toBe('PRGHtsTest1/7')
  expect(eventKey('PRGHtsTest1', 'PSTHtsInit1', '55')).toBe('PRGHtsTest1/PSTHtsInit1/55')
})

test('a million keys, a million valid uids', () => {
  const uids = new Set<string>()
  let invalid = 0
  for (let i = 0; i < 1_000_000; i++) {
    const uid = uidOf(KINDS[i % 3]!, `NAH${i}`)
    if (!isUid(uid)) invalid++
    uids.add(uid)
  }
  expect([invalid, uids.size]).toEqual([0, 1_000_000])
}, 60_000)

test('site, kind, key and generation each make another uid; nothing runs into its neighbour', () => {
  const part = fc.tuple(fc.string(), fc.constantFrom(...KINDS), fc.string(), fc.nat(3))
  fc.assert(
    fc.property(part, part, (a, b) => {
      const uid = ([site, kind, key, generation]: typeof a) => createUidFactory(`s${site}`)(kind, key, generation)
      expect(uid(a)).toMatch(/^[A-Za-z][A-Za-z0-9]{10}$/)
      expect(uid(a) === uid(b)).toBe(a.join('\u0001') === b.join('\u0001'))
    }),
  )
  expect(createUidFactory('a')('event', 'b/1')).not.toBe(createUidFactory('a')('event', 'b/', 1))
})

test('every character is about as frequent as another', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 20_000; i++) for (const letter of uidOf('event', `${i}`).slice(1)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  const expected = 200_000 / 62
  expect(counts.size).toBe(62)
  for (const count of counts.values()) expect(Math.abs(count - expected) / expected).toBeLessThan(0.1)
})

test.each([
  ['PRGHtsTest1', true],
  ['aaaaaaaaaaa', true],
  ['1aaaaaaaaaa', false],
  ['aaaaaaaaaa', false],
  ['aaaaaaaaaaaa', false],
  ['aaaaaaaaaa-', false],
  ['äaaaaaaaaaa', false],
  ['aaaaaaaaaaa\n', false],
  ['', false],
])('isUid(%j) is %s', (text, is) => expect(isUid(text)).toBe(is))
