/** How many requests at a time, and how large: against a DHIS2 in virtual time, so that a machine's speed changes nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterAnswer, afterFailure, startPace, ticketOf, type Pace, type PaceBounds, type Ticket } from '../../src/core/pace.ts'
import { bestFixed, VirtualSync, type Capacity } from '../support/virtual-dhis2.ts'

const BOUNDS: PaceBounds = { least: 1, start: 2, most: 6, leastShare: 1 / 16 }
const REQUEST = { perRequest: 50, perPatient: 10 }
/** The same number each time, in no order. */
function chance(n: number): number {
  let x = Math.imul(n + 1, 0x9e37_79b1)
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35)
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32
}

/** × the rate that the best number of requests reaches when it is set, and how many requests may fail on the way. */
const CASES: readonly { name: string; capacity: Capacity; from: number; best: readonly number[]; failures: number }[] = [
  { name: 'one core', capacity: { cores: 1, ...REQUEST }, from: 0.97, best: [1, 2], failures: 0 },
  { name: 'two', capacity: { cores: 2, ...REQUEST }, from: 0.97, best: [2], failures: 0 },
  { name: 'four', capacity: { cores: 4, ...REQUEST }, from: 0.93, best: [4], failures: 0 },
  { name: 'more than we use', capacity: { cores: 16, ...REQUEST }, from: 0.88, best: [6], failures: 0 },
  { name: 'two that suffer from a third', capacity: { cores: 2, ...REQUEST, thrash: 0.3 }, from: 0.9, best: [2], failures: 0 },
  { name: 'one that suffers from a second', capacity: { cores: 1, ...REQUEST, thrash: 0.5 }, from: 0.85, best: [1], failures: 0 },
  { name: 'a limit of three', capacity: { cores: 4, ...REQUEST, admits: 3 }, from: 0.9, best: [2, 3], failures: 8 },
  { name: 'a limit of one', capacity: { cores: 4, ...REQUEST, admits: 1 }, from: 0.97, best: [1], failures: 8 },
  {
    name: 'requests that differ much',
    capacity: { cores: 4, ...REQUEST, varies: (n) => 0.3 + 1.4 * chance(n) },
    from: 0.9,
    best: [3, 4, 5, 6],
    failures: 0,
  },
  {
    name: 'a line that breaks at one request of forty',
    capacity: { cores: 4, ...REQUEST, fails: (n) => n % 40 === 39 },
    from: 0.7,
    best: [2, 3, 4, 5],
    failures: 10,
  },
]

describe('the best rate is found, without being told, in 400 requests', () => {
  test.each(CASES)('$name', ({ capacity, from, best, failures }) => {
    const sync = new VirtualSync(BOUNDS)
    const rate = sync.run(capacity, 400)
    expect(rate / bestFixed(capacity, BOUNDS, 400).rate).toBeGreaterThan(from)
    expect(best).toContain(sync.pace.inFlight)
    expect(sync.seen.filter((one) => one.failed).length).toBeLessThanOrEqual(failures)
  })
})

describe('the capacity changes in mid-run', () => {
  const four: Capacity = { cores: 4, ...REQUEST }
  test.each<[string, Capacity, number]>([
    ['fewer cores', { cores: 1, ...REQUEST }, 0.95],
    ['fewer cores, which suffer', { cores: 1, ...REQUEST, thrash: 0.5 }, 0.9],
    ['more cores', { cores: 16, ...REQUEST }, 0.93],
    ['a limit', { cores: 4, ...REQUEST, admits: 2 }, 0.9],
    ['everything takes thirty times as long', { cores: 4, perRequest: 200, perPatient: 300 }, 0.9],
    ['everything takes so long, with one core', { cores: 1, perRequest: 200, perPatient: 300 }, 0.9],
  ])('%s: the new best is found within 100 requests, and the old one again', (_name, capacity, from) => {
    const sync = new VirtualSync(BOUNDS)
    sync.run(four, 200)
    sync.run(capacity, 100)
    expect(sync.run(capacity, 200) / bestFixed(capacity, BOUNDS, 200).rate).toBeGreaterThan(from)
    sync.run(four, 100)
    expect(sync.run(four, 200) / bestFixed(four, BOUNDS, 200).rate).toBeGreaterThan(0.93)
    expect(sync.pace.share).toBe(1)
  })

  test('requests end after a minute: they get smaller until they pass, and few are lost on the way', () => {
    const sync = new VirtualSync(BOUNDS)
    sync.run(four, 200)
    const slow: Capacity = { cores: 4, perRequest: 200, perPatient: 900, limitMs: 60_000 }
    expect(bestFixed(slow, BOUNDS, 20).rate).toBe(0)
    sync.run(slow, 100)
    const lost = sync.seen.slice(200).filter((one) => one.failed)
    // those that were on their way when it began, and one try after
    expect(lost.length).toBeLessThanOrEqual(5)
    const after = sync.seen.slice(-50)
    expect(after.every((one) => !one.failed && one.patients * 900 < 30_000)).toBe(true)
    sync.run(four, 100)
    expect(sync.seen.at(-1)!.patients).toBe(100)
  })

  test('DHIS2 is away for a while: one small request at a time, and soon after as before', () => {
    const sync = new VirtualSync(BOUNDS)
    sync.run(four, 200)
    sync.run({ ...four, fails: () => true }, 20)
    expect(sync.pace).toMatchObject({ inFlight: 1, share: 1 / 16 })
    expect(sync.seen.slice(-10).every((one) => one.inFlight === 1)).toBe(true)
    sync.run(four, 80)
    expect(sync.pace).toMatchObject({ inFlight: expect.toSatisfy((n: number) => n >= 3), share: 1 })
  })
})

describe('what is set stays', () => {
  test('the number at a time, whatever happens; only requests get smaller', () => {
    const sync = new VirtualSync({ least: 3, start: 3, most: 3, leastShare: 1 / 16 })
    sync.run({ cores: 1, ...REQUEST, thrash: 0.5 }, 100)
    sync.run({ cores: 4, ...REQUEST, fails: () => true }, 20)
    expect(sync.pace).toMatchObject({ inFlight: 3, share: 1 / 16, moves: 0 })
  })
  test('the size; only fewer go at a time', () => {
    const sync = new VirtualSync({ ...BOUNDS, leastShare: 1 })
    sync.run({ cores: 4, ...REQUEST, fails: () => true }, 20)
    expect(sync.pace).toMatchObject({ inFlight: 1, share: 1 })
  })
})

describe('a failure', () => {
  const pace = { ...startPace(BOUNDS), inFlight: 6 }
  test('halves the number and the size; one that only says "busy" the number', () => {
    expect(afterFailure(pace, BOUNDS, ticketOf(pace, 6), 'broke')).toMatchObject({ inFlight: 3, share: 0.5 })
    expect(afterFailure(pace, BOUNDS, ticketOf(pace, 6), 'busy')).toMatchObject({ inFlight: 3, share: 1 })
  })
  test('counts once, however many requests of the same moment fail', () => {
    const tickets = [1, 2, 3, 4, 5, 6].map((n) => ticketOf(pace, n))
    expect(tickets.reduce((now, ticket) => afterFailure(now, BOUNDS, ticket, 'broke'), pace)).toMatchObject({ inFlight: 3, share: 0.5 })
  })
  test('is not forgotten because of the good answers of the same moment', () => {
    const [first, ...rest] = [1, 2, 3, 4, 5, 6].map((n) => ticketOf(pace, n))
    const cut = afterFailure(pace, BOUNDS, first!, 'broke')
    const after = rest.reduce((now, ticket) => afterAnswer(now, BOUNDS, { ticket, full: true, ms: 10, bytes: 1e6 }), cut)
    expect(after).toMatchObject({ inFlight: 3, share: 0.5 })
  })
})

type Happens = { what: 'begin' } | { what: 'answer'; ms: number; bytes: number } | { what: 'busy' | 'broke' }
const happens: fc.Arbitrary<Happens> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ what: 'begin' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('answer' as const), ms: fc.integer({ min: 0, max: 40_000 }), bytes: fc.nat(1e6) }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ what: 'busy' } as const, { what: 'broke' } as const) },
)

test('a struggling DHIS2 is never made worse: whatever happens, within the bounds, and after a failure no more until enough went well', () => {
  fc.assert(
    fc.property(fc.array(happens, { minLength: 50, maxLength: 400 }), fc.integer({ min: 1, max: 2 }), (all, least) => {
      const bounds = { ...BOUNDS, least }
      let pace: Pace = startPace(bounds)
      const going: Ticket[] = []
      let sinceFailure = Infinity
      for (const one of all) {
        const before = pace
        if (one.what === 'begin') {
          if (going.length < pace.inFlight) going.push(ticketOf(pace, going.length + 1))
          continue
        }
        const ticket = going.shift()
        if (!ticket) continue
        const full = going.length + 1 >= pace.inFlight
        if (one.what === 'answer') {
          pace = afterAnswer(pace, bounds, { ticket, full, ms: one.ms, bytes: one.bytes })
          sinceFailure++
        } else {
          pace = afterFailure(pace, bounds, ticket, one.what)
          expect(pace.inFlight).toBeLessThanOrEqual(before.inFlight)
          expect(pace.share).toBeLessThanOrEqual(before.share)
          if (ticket.cuts === before.cuts && before.inFlight > least) expect(pace.inFlight).toBeLessThan(before.inFlight)
          sinceFailure = 0
        }
        if (pace.inFlight > before.inFlight) expect(sinceFailure).toBeGreaterThanOrEqual(8)
        expect(pace.inFlight).toBeGreaterThanOrEqual(least)
        expect(pace.inFlight).toBeLessThanOrEqual(bounds.most)
        expect(Math.abs(pace.inFlight - before.inFlight) <= 1 || pace.inFlight < before.inFlight).toBe(true)
        expect(pace.share).toBeGreaterThanOrEqual(bounds.leastShare)
        expect(pace.share).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 300 },
  )
})
