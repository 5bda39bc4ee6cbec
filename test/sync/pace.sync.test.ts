/** A DHIS2 whose capacity changes in the middle of a run: asked about the requests that came, not about the time that they took. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Capacity, LoggedRequest } from '../../src/sandbox/dhis2/controls.ts'
import { Clinic, expectedOf, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

const TARGETS = targets().filter(({ version, url }) => url === null && (version === '2.30' || version === '2.43'))
/** of the n-th request that writes */
const PHASES = { oneAtATime: 12, small: 24, free: 40 }

describe.each(TARGETS)('$name', (target) => {
  let world: World
  afterEach(() => world.close())

  /** @returns the requests that wrote, in the order in which they came */
  async function synced(env: Record<string, string>, patients: number, capacity: (n: number) => Capacity): Promise<LoggedRequest[]> {
    world = await openWorld(target, { DHIS2_RETRY_SECONDS: '120', ...env })
    const clinic = new Clinic(world.tag)
    for (let i = 0; i < patients; i++) clinic.healthy(String(i))
    const mapping = mappingOf('hts')
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
    const { control } = world.sandbox!
    // so that requests are on their way at the same time, on any machine
    control.latency = 60
    control.capacity = capacity
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      state: 'succeeded',
      rejected: [],
      counts: { trackedEntity: { created: patients }, event: { rejected: 0 } },
    })
    control.latency = 0
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
    return control.requests().filter(({ method }) => method === 'POST')
  }

  test('fewer at a time when it asks for it, smaller ones when large ones take too long, and more again after', async () => {
    const [chunks, ofChunk] = target.api === 'legacy' ? [26, 25] : [24, 100]
    const writes = await synced({}, chunks * ofChunk, (n) => {
      if (n < PHASES.oneAtATime) return {}
      if (n < PHASES.small) return { atATime: 1 }
      return n < PHASES.free ? { bytes: target.api === 'legacy' ? 5000 : 20_000 } : {}
    })
    const phase = (from: number, to?: number) => writes.slice(from, to)
    const most = (requests: readonly LoggedRequest[], of: 'bytes' | 'atATime') => Math.max(...requests.map((one) => one[of]))
    const failed = (status: number) => writes.filter((one) => one.status === status).length

    expect(most(phase(0, PHASES.oneAtATime), 'atATime')).toBeGreaterThan(1)
    // those of the moment when it began to refuse, and few that tried whether it still does
    expect(failed(429)).toBeGreaterThan(0)
    expect(failed(429)).toBeLessThanOrEqual(4)
    expect(most(phase(PHASES.oneAtATime + 4, PHASES.small), 'atATime')).toBe(1)

    expect(failed(504)).toBeGreaterThan(0)
    expect(failed(504)).toBeLessThanOrEqual(6)
    const passed = phase(PHASES.small, PHASES.free).filter((one) => one.status !== 504)
    expect(passed.length).toBeGreaterThan(8)

    // as large as before, and several at a time
    const after = phase(PHASES.free)
    expect(most(after, 'bytes')).toBeGreaterThan(2 * most(passed, 'bytes'))
    expect(most(after, 'atATime')).toBeGreaterThan(1)
  })

  test('what the site has set stays: each chunk is one request, and as many go at a time', async () => {
    const writes = await synced({ SYNC_CHUNK_SIZE: '10', SYNC_CONCURRENCY: '3' }, 120, (n) => (n > 3 && n < 7 ? { atATime: 0 } : {}))
    expect(Math.max(...writes.slice(8).map((one) => one.atATime))).toBe(3)
    expect(writes.filter((one) => one.status === 429)).toHaveLength(3)
    // 12 chunks of patients, 12 of enrollments, and three that were refused
    expect(writes).toHaveLength(27)
  })
})
