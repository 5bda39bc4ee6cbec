import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SILENT_SECONDS, startHeartbeat, type Heartbeat } from '../../queues/heartbeat.ts'

let said: string[]
let heartbeat: Heartbeat
beforeEach(() => {
  vi.useFakeTimers()
  said = []
  heartbeat = startHeartbeat({
    sayAlive: async (runs) => {
      said.push(...runs)
      throw new Error('the database is away')
    },
  })
})
afterEach(() => {
  heartbeat.stop()
  vi.useRealTimers()
})

/** A job that takes so long. */
const job = (run: string, ms: number) => heartbeat.during(run, () => new Promise<void>((done) => setTimeout(done, ms)))
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

test('a run is called alive several times before it would be taken for abandoned, for as long as a job of it goes on', async () => {
  void job('a', 60_000)
  await pass(SILENT_SECONDS)
  expect(said.length).toBeGreaterThanOrEqual(5)
  expect(new Set(said)).toEqual(new Set(['a']))
  await pass(SILENT_SECONDS + 5)
  said = []
  await pass(60)
  expect(said).toEqual([])
})

test('jobs that are shorter than a beat count as well, and each run once', async () => {
  for (const run of ['a', 'b', 'a']) void job(run, 10)
  await pass(6)
  expect(said).toEqual(['a', 'b'])
  await pass(60)
  expect(said).toEqual(['a', 'b'])
})

test('the job’s result and failure come through', async () => {
  expect(await heartbeat.during('a', async () => 7)).toBe(7)
  await expect(heartbeat.during('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await pass(6)
  await pass(60)
  expect(said).toEqual(['a'])
})
