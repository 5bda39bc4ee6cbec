import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startErasing } from '../../src/erasing.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())
const pass = (hours: number) => vi.advanceTimersByTimeAsync(hours * 3600_000)

test('at the start, and every six hours after, also when the database was away', async () => {
  const asked: number[] = []
  const errors: string[] = []
  const eraseOlderThan = async (days: number) => {
    asked.push(days)
    if (asked.length === 1) throw new Error('the database is away')
    return { records: 0, runs: 0 }
  }
  const pruned: number[] = []
  const pruneRuns = async (days: number) => {
    pruned.push(days)
    return { runs: 0, copies: 0 }
  }
  const erasing = startErasing({ eraseOlderThan, pruneRuns }, { failures: 90, runs: 730 }, (error) => errors.push(error.message))
  await pass(5)
  expect([asked, errors]).toEqual([[90], ['the database is away']])
  await pass(19)
  expect(asked).toEqual([90, 90, 90, 90, 90])
  expect(pruned).toEqual([730, 730, 730, 730])
  await erasing.stop()
  await pass(24)
  expect(asked).toHaveLength(5)
  expect(errors).toHaveLength(1)
})

test('one round at a time; its end is asked for and waited for', async () => {
  let rounds = 0
  let ended = false
  const eraseOlderThan = (_days: number, signal?: AbortSignal) =>
    new Promise<{ records: number; runs: number }>((done) => {
      rounds++
      signal!.addEventListener('abort', () =>
        setTimeout(() => {
          ended = true
          done({ records: 1, runs: 0 })
        }, 1000),
      )
    })
  const erasing = startErasing({ eraseOlderThan, pruneRuns: async () => ({ runs: 0, copies: 0 }) }, { failures: 90, runs: 730 }, () => {})
  await pass(24)
  expect(rounds).toBe(1)
  const stopped = erasing.stop().then(() => ended)
  await pass(1)
  expect(await stopped).toBe(true)
})
