/**
 * PostgreSQL and Redis are stopped and started again in mid-run: in order, in a crash, for seconds and for a minute, Redis also without what was in it. The
 * workers are left alone: nobody starts anything anew.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openService } from '../../src/service.ts'
import { expectedOf } from '../support/clinic-model.ts'
import { startCluster, type Cluster } from '../support/cluster.ts'
import { figuresOf } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import type { Running } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { REDIS_IS_HERE, startRedis, type OwnRedis } from '../support/redis.ts'
import { MAPPING, openSite, until, type Site } from '../support/site.ts'
import { rawRequests } from '../support/world.ts'
import { WHOLE } from './extent.ts'

const BACKENDS = [{ backend: 'PostgreSQL', isRedis: false }, ...(REDIS_IS_HERE ? [{ backend: 'Redis', isRedis: true }] : [])]
const SECONDS = 3
const EVERY_RESTART = [
  { mode: 'fast', seconds: 1.5 },
  { mode: 'immediate', seconds: 1.5 },
  // what a busy machine takes for a short one
  { mode: 'immediate', seconds: 15 },
] as const
const RESTARTS = WHOLE ? EVERY_RESTART : EVERY_RESTART.slice(0, 1)

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.close())

let site: Site
let redis: OwnRedis | null = null
let workers: Running[] = []
afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  workers = []
  await site.close()
  await redis?.stop()
  redis = null
})

/** A run in its middle, which two workers work on. */
async function inMidRun(isRedis: boolean): Promise<void> {
  redis = isRedis ? await startRedis() : null
  site = await openSite({
    patients: 10,
    databaseServer: cluster.url,
    env: {
      SYNC_CHUNK_SIZE: '1',
      SYNC_CONCURRENCY: '1',
      DHIS2_RETRY_SECONDS: '5',
      LOG_LEVEL: 'silent',
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
    },
  })
  workers = [site.start(['work']), site.start(['work'])]
  site.sandbox.control.latency = 300
  const service = await openService(readConfig(site.env), createLog('silent'))
  await service.queues.enqueue({
    mappingName: MAPPING.name,
    requestedBy: 'tester',
    comment: 'test',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
  })
  await service.close()
  await until(() => site.sandbox.control.importRequests() >= 3)
}

const lastRun = async () => (await site.runs()).at(-1)!
const ended = () => until(async () => !['queued', 'running'].includes((await lastRun()).state))

/** What DHIS2 and we have now is what an undisturbed sync leaves. */
async function isComplete(): Promise<void> {
  const scene = { db: site.db, tag: 'C-', target: { api: 'tracker' }, dhis2: rawRequests(site.sandbox.url) } as const
  expect(await readBack(scene)).toEqual(expectedOf(site.clinic, MAPPING))
  expect(await brokenInvariants(scene)).toEqual([])
  expect(Object.keys(await site.markers())).toHaveLength(3)
}

/** By itself, or settled as failed and completed by the next sync, which nothing is in the way of. */
async function comesToItsEnd(): Promise<string> {
  await ended()
  site.sandbox.control.latency = 0
  const { state, failure } = await lastRun()
  if (state !== 'succeeded') {
    expect(failure).toMatch(/^(The (connection|database|run) .*|step \w+ did not come to its end|\d+ records have no outcome)/)
    const next = await site.sync()
    expect(next.code, next.err).toBe(0)
  }
  await isComplete()
  return state
}

describe.each(BACKENDS)('with the queue on $backend', ({ isRedis }) => {
  describe('PostgreSQL', () => {
    test.for(WHOLE ? (['fast', 'immediate', 'smart'] as const) : (['immediate'] as const))(
      'is stopped (%s) and started again: the run goes on',
      async (mode, context) => {
        await inMidRun(isRedis)
        cluster.stop(mode)
        await sleep(SECONDS * 1000)
        // sessions of ours hold a smart one up: whoever waits for it loses patience
        if (mode === 'smart') cluster.stop('fast')
        cluster.start()
        expect(await comesToItsEnd()).toBe('succeeded')
        Object.assign(figuresOf(context), { syncs: 1, servers: 1 })
      },
    )

    test.runIf(WHOLE)('crashes again and again: the run goes on, or ends as failed and is in nobody’s way', async (context) => {
      await inMidRun(isRedis)
      for (let n = 0; n < 3; n++) {
        cluster.stop('immediate')
        cluster.start()
        await sleep(1500)
      }
      const state = await comesToItsEnd()
      // a job has three tries, and in Redis nothing keeps them from meeting the three crashes
      if (!isRedis) expect(state).toBe('succeeded')
      Object.assign(figuresOf(context), { syncs: 1, servers: 3 })
    })

    test.runIf(WHOLE)('stays away for two minutes: the run goes on, or ends as failed and is in nobody’s way', async (context) => {
      await inMidRun(isRedis)
      cluster.stop('immediate')
      await sleep(120_000)
      cluster.start()
      await comesToItsEnd()
      Object.assign(figuresOf(context), { syncs: 1, servers: 1 })
    })

    test.for(isRedis && !WHOLE ? [] : RESTARTS)(
      'is restarted ($mode, $seconds s) under the command sync: it ends well or says why, and the next one completes',
      async ({ mode, seconds }, context) => {
        redis = isRedis ? await startRedis() : null
        site = await openSite({
          patients: 8,
          databaseServer: cluster.url,
          env: { SYNC_CHUNK_SIZE: '1', SYNC_CONCURRENCY: '1', ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }) },
        })
        site.sandbox.control.latency = 300
        const going = site.startSync()
        await until(() => site.sandbox.control.importRequests() >= 3)
        cluster.stop(mode)
        await sleep(seconds * 1000)
        cluster.start()
        const { code, err } = await going.ended
        site.sandbox.control.latency = 0
        // longer than its tries, and shorter than what a sync waits
        if (seconds === 15) expect(err).toContain('Waiting up to 30 s for the database')
        if (code !== 0) {
          expect({ code, err }).toEqual({
            code: 1,
            err: expect.stringMatching(/The (connection to the )?database (was lost|cannot be reached)\./) as string,
          })
          const next = await site.sync()
          expect(next.code, next.err).toBe(0)
        }
        await isComplete()
        Object.assign(figuresOf(context), { syncs: 1, servers: 1 })
      },
    )
  })
})

describe.runIf(REDIS_IS_HERE)('Redis', () => {
  test('loses power and comes back with its data: the run goes on', async (context) => {
    await inMidRun(true)
    await redis!.kill()
    await sleep(SECONDS * 1000)
    await redis!.restart('with its data')
    expect(await comesToItsEnd()).toBe('succeeded')
    Object.assign(figuresOf(context), { syncs: 1, servers: 1 })
  })

  test('comes back empty: the run is settled as failed without anybody’s doing, and the next one completes', async (context) => {
    await inMidRun(true)
    await redis!.restart('empty')
    await ended()
    expect(await lastRun()).toEqual({ state: 'failed', failure: 'The run was cut off before its end. Sync again to send what is missing.' })
    expect(await site.logRows()).toMatchObject([
      { status: 'failed', status_info: 'The run was cut off before its end. Sync again to send what is missing.' },
    ])
    await comesToItsEnd()
    Object.assign(figuresOf(context), { syncs: 2, servers: 1 })
  })

  test.runIf(WHOLE)('stays away for two minutes: the run goes on', async (context) => {
    await inMidRun(true)
    await redis!.kill()
    await sleep(120_000)
    await redis!.restart('with its data')
    expect(await comesToItsEnd()).toBe('succeeded')
    Object.assign(figuresOf(context), { syncs: 1, servers: 1 })
  })
})
