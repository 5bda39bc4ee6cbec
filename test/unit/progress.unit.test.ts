/** How far a sync is, how fast, and for how long yet: only what its own steps tell. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { progressOf, type StepProgress } from '../../src/core/progress.ts'

const NAMES = ['snapshot', 'patients', 'enrollments', 'new-completed', 'updated-completed', 'new-active', 'updated-active', 'finish']
const RUNNING = { state: 'running', cancelRequested: false } as const
const at = (seconds: number) => new Date(Date.UTC(2024, 2, 1) + seconds * 1000)

/** Steps by name, the others queued. */
function steps(given: Partial<Record<string, Partial<StepProgress>>>): StepProgress[] {
  return NAMES.map((step) => {
    const base: StepProgress = { step, state: 'queued', chunks: 0, chunksDone: 0, records: 0, startedAt: null, endedAt: null }
    return { ...base, ...given[step] }
  })
}
const done = (chunks: number, from: number, to: number, records = 0): Partial<StepProgress> => ({
  state: 'succeeded',
  chunks,
  chunksDone: chunks,
  records,
  startedAt: at(from),
  endedAt: at(to),
})
const going = (chunks: number, chunksDone: number, from: number, records = 0): Partial<StepProgress> => ({
  state: 'running',
  chunks,
  chunksDone,
  records,
  startedAt: at(from),
})
const waiting = (chunks: number): Partial<StepProgress> => ({ chunks })

describe('seconds left', () => {
  const before = { snapshot: done(1, 0, 5), patients: done(10, 5, 105, 1000), enrollments: done(10, 105, 115) }
  test.each([
    ['queued', { state: 'queued', cancelRequested: false } as const, {}, null],
    [
      'while patients are sent nobody knows what their enrollments will take',
      RUNNING,
      { snapshot: done(1, 0, 5), patients: going(10, 5, 5) },
      null,
    ],
    [
      'nor before the first chunk of them is done',
      RUNNING,
      { ...before, 'new-completed': going(4, 0, 115), 'new-active': waiting(4) },
      null,
    ],
    ['a step goes on as it did', RUNNING, { ...before, 'new-completed': going(4, 1, 115) }, 3 * 10],
    ['and those after it as those before', RUNNING, { ...before, 'new-completed': going(4, 1, 115), 'new-active': waiting(6) }, 9 * 10],
    [
      'one that has begun has a pace of its own',
      RUNNING,
      { ...before, 'new-completed': done(5, 115, 120), 'new-active': going(4, 2, 121) },
      2 * 2,
    ],
    ['nothing is to be sent', RUNNING, { ...before, 'new-completed': done(0, 115, 115) }, 0],
    ['all is sent', RUNNING, { ...before, 'new-active': done(5, 115, 120), finish: going(1, 0, 120) }, 0],
    ['cancelled, it ends soon', { state: 'running', cancelRequested: true } as const, { ...before, 'new-active': going(9, 1, 115) }, null],
    ['ended', { state: 'failed', cancelRequested: false } as const, { ...before, 'new-active': going(9, 1, 115) }, null],
  ])('%s', (_name, run, given, left) => {
    expect(progressOf(run, steps(given), at(125)).secondsLeft).toBe(left)
  })
})

describe('records per second', () => {
  test('of the time that sending took, not of what the snapshot found unchanged', () => {
    const given = {
      snapshot: done(1, 0, 50, 100_000),
      patients: done(10, 50, 60, 100),
      enrollments: done(10, 60, 90),
      'new-active': going(2, 1, 90, 100),
    }
    expect(progressOf(RUNNING, steps(given), at(100)).recordsPerSecond).toBe(10)
  })
  test('none without records or time', () => {
    expect(progressOf(RUNNING, steps({ snapshot: done(1, 0, 50, 100_000) }), at(60)).recordsPerSecond).toBeNull()
    expect(progressOf(RUNNING, steps({ patients: going(2, 1, 10, 5) }), at(10)).recordsPerSecond).toBeNull()
    // another machine's clock
    expect(progressOf(RUNNING, steps({ patients: going(2, 1, 10, 5) }), at(9)).recordsPerSecond).toBeNull()
  })
})

describe('percent', () => {
  test.each([
    ['nothing yet', {}, 0],
    ['the snapshot is there', { snapshot: done(1, 0, 1) }, 5],
    ['half of the patients', { snapshot: done(1, 0, 1), patients: going(4, 2, 1) }, 17],
    ['no patient has work', { snapshot: done(1, 0, 1), patients: done(0, 1, 1) }, 30],
    ['planned', { snapshot: done(1, 0, 1), patients: done(4, 1, 2), enrollments: done(4, 2, 3), 'new-active': waiting(4) }, 40],
    [
      'a quarter of the chunks that are planned',
      {
        snapshot: done(1, 0, 1),
        patients: done(4, 1, 2),
        enrollments: done(4, 2, 3),
        'new-completed': done(1, 3, 4),
        'new-active': waiting(3),
      },
      55,
    ],
    ['all but the end', { snapshot: done(1, 0, 1), patients: done(4, 1, 2), enrollments: done(4, 2, 3), 'new-active': done(4, 3, 4) }, 99],
  ])('%s', (_name, given, percent) => {
    expect(progressOf(RUNNING, steps(given), at(100)).percent).toBe(percent)
  })
  test('a hundred is for one that succeeded', () => {
    expect(progressOf({ state: 'succeeded', cancelRequested: false }, steps({}), at(1)).percent).toBe(100)
  })

  test('never goes back while a run goes forward', () => {
    const totals = fc.tuple(fc.nat(5), fc.nat(5), fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)))
    fc.assert(
      fc.property(totals, ([patients, enrollments, sending]) => {
        const chunks = [1, patients, enrollments, ...sending, 1]
        const seen: number[] = []
        for (let current = 0; current < NAMES.length; current++)
          for (let n = 0; n <= chunks[current]!; n++) {
            const given = Object.fromEntries(
              NAMES.map((name, i) => {
                if (i < current) return [name, done(chunks[i]!, i, i + 1)]
                if (i === current) return [name, going(chunks[i]!, n, i)]
                // known once the enrollments are planned
                return [name, waiting(current > 2 && i < 7 ? chunks[i]! : 0)]
              }),
            )
            const { percent, secondsLeft } = progressOf(RUNNING, steps(given), at(current + 1))
            seen.push(percent)
            expect(secondsLeft === null || (Number.isInteger(secondsLeft) && secondsLeft >= 0)).toBe(true)
          }
        expect(seen).toEqual(seen.toSorted((a, b) => a - b))
        expect(seen.at(-1)).toBe(99)
      }),
    )
  })
})
