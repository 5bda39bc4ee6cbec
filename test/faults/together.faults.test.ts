/** Processes beside each other: starts at the same instant, several workers, and workers that are killed or lose the database or Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { readConfig } from '../../src/config.ts'
import { openStore } from '../../src/open-store.ts'
import { Clinic, expectedOf, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { figuresOf, type Figures } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import type { Env, Running } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { REDIS_IS_HERE, startRedis, type OwnRedis } from '../support/redis.ts'
import { MAPPING, openSite, until, type Site } from '../support/site.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { startWatch } from '../support/watch.ts'
import { rawRequests } from '../support/world.ts'
import { WHOLE } from './extent.ts'

const SENDING = ['patients', 'new-active']
const CUT_OFF = 'The run was cut off before its end. Sync again to send what is missing.'

let site: Site
let redis: OwnRedis | null = null
let proxy: TcpProxy | null = null
let workers: Running[] = []
let figures: Figures
beforeEach((context) => {
  figures = figuresOf(context)
})
afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  workers = []
  await proxy?.close()
  proxy = null
  await site.close()
  await redis?.stop()
  redis = null
})

const BACKENDS = [{ name: 'PostgreSQL', isRedis: false }, ...(REDIS_IS_HERE ? [{ name: 'Redis', isRedis: true }] : [])]
test.skipIf(REDIS_IS_HERE)('the same with Redis: skipped, there is no redis-server on the PATH', (context) => context.skip())

async function open(patients: number, isRedis: boolean, env: Env = {}): Promise<void> {
  redis = isRedis ? await startRedis() : null
  site = await openSite({
    patients,
    env: { SYNC_CHUNK_SIZE: '1', ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }), DHIS2_RETRY_SECONDS: '5', ...env },
  })
}

const work = (over: Env = {}) => {
  const worker = site.start(['work'], over)
  workers.push(worker)
  return worker
}

/** DHIS2 has what the Mart has, each record once, and nothing is left going on. */
async function isComplete(): Promise<void> {
  expect(await readBack(scene())).toEqual(expectedOf(site.clinic, MAPPING))
  expect(await brokenInvariants(scene())).toEqual([])
  expect(Object.keys(await site.markers())).toHaveLength(3)
}

const scene = () => ({ db: site.db, tag: 'C-', target: { api: 'tracker' }, dhis2: rawRequests(site.sandbox.url) }) as const

/** A run that only the workers take on. */
async function enqueue(): Promise<Running> {
  const sync = site.startSync()
  figures.syncs++
  workers.push(sync)
  await until(async () => (await site.runs()).length > 0)
  return sync
}

async function kill(...processes: Running[]): Promise<void> {
  for (const { child } of processes) child.kill('SIGKILL')
  figures.killed += processes.length
  await Promise.all(processes.map((one) => one.ended))
}

const lastRun = async () =>
  (
    await site.db.query<{ run_id: string; state: string; failure: string | null }>(
      'select run_id::text, state, failure from sync_run order by created_at desc limit 1',
    )
  )[0]!
const ended = () => until(async () => !['queued', 'running'].includes((await lastRun()).state))

describe.each(BACKENDS)('on $name', ({ isRedis }) => {
  test.each(WHOLE ? [2, 5] : [isRedis ? 2 : 5])('%i starts at the same instant: one runs, the others are told which', async (n) => {
    await open(4, isRedis)
    site.sandbox.control.latency = 300
    const ends = await Promise.all(Array.from({ length: n }, () => site.sync()))
    figures.syncs += n
    const { run_id: runId } = await lastRun()
    expect(ends.map((end) => end.code).toSorted()).toEqual([0, ...Array(n - 1).fill(1)])
    for (const end of ends.filter((e) => e.code === 1))
      expect(end).toEqual({
        code: 1,
        out: '',
        err: `A sync of "HTS Service" is already going on. Wait for its end, or end it with "bahmni-dhis2-sync cancel ${runId}".\n`,
      })
    expect(await site.runs()).toEqual([{ state: 'succeeded', failure: null }])
    await isComplete()
  })

  test.each(WHOLE ? [2, 3, 5] : [isRedis ? 2 : 3])('%i workers on one queue: each chunk once, counts and progress right', async (n) => {
    await open(12, isRedis, { SYNC_CONCURRENCY: '2' })
    for (let i = 1; i < n; i++) work()
    const end = await site.sync(['--json'])
    figures.syncs++
    expect(end.code, end.err).toBe(0)
    expect(JSON.parse(end.out)).toMatchObject({
      state: 'succeeded',
      rejected: [],
      counts: { trackedEntity: { created: 12 }, enrollment: { created: 12 }, event: { created: 24 } },
    })
    await isComplete()
    const { run_id: runId } = await lastRun()
    const steps = await site.db.query<{ step: string; state: string; total: number; done: number }>(
      `select step, state, chunks_total as total, (select count(*)::int from sync_chunk_done d where d.run_id = s.run_id and d.step = s.step) as done
       from sync_step s where run_id = $1 order by position`,
      [runId],
    )
    for (const { step, state, total, done } of steps) {
      expect([step, state, done]).toEqual([step, 'succeeded', total])
      if (SENDING.includes(step)) expect(total).toBe(12)
    }
    // a chunk has one request in each of two steps that send: no chunk was sent twice
    expect(site.sandbox.control.importRequests()).toBe(24)
  })

  test('a killed worker: another one takes up what it had, by itself', async () => {
    await open(6, isRedis, { SYNC_CONCURRENCY: '1' })
    site.sandbox.control.latency = 300
    const sync = await enqueue()
    await until(() => site.sandbox.control.importRequests() >= 2)
    await kill(sync)
    site.sandbox.control.latency = 0
    const began = performance.now()
    work()
    await ended()
    // 20 s until its locks have run out, and two looks of 10 s
    expect(performance.now() - began).toBeLessThan(50_000)
    expect(await lastRun()).toMatchObject({ state: 'succeeded', failure: null })
    await isComplete()
  })

  test.runIf(WHOLE || !isRedis)('a worker is restarted: a run that waits for it is not taken for abandoned', async () => {
    await open(6, isRedis, { SYNC_CONCURRENCY: '1' })
    site.sandbox.control.latency = 300
    const sync = await enqueue()
    await until(() => site.sandbox.control.importRequests() >= 2)
    await kill(sync)
    // no worker is connected; the run is old, but was alive a moment ago
    await site.db.query(`update sync_run set created_at = created_at - interval '1 hour'`)
    expect(await site.sync()).toMatchObject({ code: 1, err: expect.stringContaining((await lastRun()).run_id) as string })
    site.sandbox.control.latency = 0
    work()
    await ended()
    await isComplete()
  })
})

describe('a worker that works on a run loses', () => {
  /** a worker whose run only it works on: what started the run has been killed */
  async function inMidRun(env: Env): Promise<void> {
    site.sandbox.control.latency = 200
    const sync = await enqueue()
    await until(() => site.sandbox.control.importRequests() >= 1)
    await kill(sync)
    const before = site.sandbox.control.importRequests()
    work(env)
    await until(() => site.sandbox.control.importRequests() > before + 1)
  }

  const goesOnOrSaysWhy = async () => {
    await ended()
    const { state, failure } = await lastRun()
    if (state !== 'succeeded') {
      expect({ state, failure }).toEqual({
        state: 'failed',
        failure: expect.stringMatching(/^The (connection|database|queue).*\.$/) as string,
      })
      site.sandbox.control.latency = 0
      const next = await site.sync()
      expect(next.code, next.err).toBe(0)
    }
    await isComplete()
    return state
  }

  test('the database for some seconds: the run goes on', async () => {
    await open(8, false, { SYNC_CONCURRENCY: '1' })
    const url = new URL(site.db.url)
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
    url.port = String(proxy.address.port)
    await inMidRun({ DATABASE_URL: url.href })
    proxy.cut()
    figures.servers++
    await sleep(4000)
    proxy.mend()
    expect(await goesOnOrSaysWhy()).toBe('succeeded')
  })

  test('all its sessions, as when PostgreSQL restarts: the run goes on', async () => {
    await open(8, false, { SYNC_CONCURRENCY: '1' })
    await inMidRun({})
    await site.db.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    expect(await goesOnOrSaysWhy()).toBe('succeeded')
  })

  test.runIf(REDIS_IS_HERE)('Redis for some seconds: the run goes on', async () => {
    await open(8, true, { SYNC_CONCURRENCY: '1' })
    proxy = await startTcpProxy({ host: redis!.host, port: redis!.port })
    await inMidRun({ REDIS_URL: `redis://127.0.0.1:${proxy.address.port}` })
    proxy.cut()
    figures.servers++
    await sleep(4000)
    proxy.mend()
    expect(await goesOnOrSaysWhy()).toBe('succeeded')
  })

  test.runIf(REDIS_IS_HERE)('Redis with all that was in it: the next sync settles the run and completes it', async () => {
    await open(8, true, { SYNC_CONCURRENCY: '1' })
    await inMidRun({})
    await kill(...workers)
    await redis!.restart('empty')
    figures.servers++
    await site.db.query(`update sync_run set alive_at = alive_at - interval '1 hour'`)
    site.sandbox.control.latency = 0
    const next = await site.sync()
    expect(next.code, next.err).toBe(0)
    expect(await site.runs()).toEqual([
      { state: 'failed', failure: CUT_OFF },
      { state: 'succeeded', failure: null },
    ])
    await isComplete()
  })
})

test('two mappings with the same patients, each in a process of its own, and one is killed: each person is there once', async () => {
  await open(0, false, { SYNC_CHUNK_SIZE: '3', SYNC_CONCURRENCY: '2' })
  const dhis2 = await startWatch(site.sandbox.url, 150)
  const [hts, tb, all] = [new Clinic('C'), new Clinic('C'), new Clinic('C')]
  for (let i = 10; i < 24; i++) {
    const patient = all.patient(`p${i}`)
    hts.visit(hts.enroll(patient, { status: 'COMPLETED' }), INITIAL)
    tb.visit(tb.enroll(patient, { status: 'COMPLETED', enrollmentDate: '2024-01-15' }), FOLLOW_UP)
  }
  for (const one of [hts, tb]) {
    one.patients.push(...all.patients)
    all.enrollments.push(...one.enrollments)
    all.visits.push(...one.visits)
  }
  const other = mappingOf('tb')
  await createMart(site.db.url, 'mart', [hts.service('hts'), tb.service('tb')])
  const store = await openStore(readConfig({ DATABASE_URL: site.db.url }))
  await store.saveMappings([other], 'admin')
  await store.close()

  const sync = (name: string) => {
    figures.syncs++
    const started = site.start(['sync', name, '--comment', 'a test'], { DHIS2_URL: dhis2.url })
    workers.push(started)
    return started
  }
  const [first, second] = [sync(MAPPING.name), sync(other.name)]
  await until(() => site.sandbox.control.importRequests() >= 4)
  await kill(first)
  const rest = await second.ended
  expect(rest.code, rest.err).toBe(0)
  await site.db.query(`update sync_run set alive_at = alive_at - interval '1 hour'`)
  const again = await sync(MAPPING.name).ended
  expect(again.code, again.err).toBe(0)
  expect(await readBack(scene())).toEqual(expectedOf(all, MAPPING))
  expect(await brokenInvariants(scene())).toEqual([])
  // the dead one's requests may have been on their way still
  expect(dhis2.overlaps()).toBeLessThanOrEqual(2)
  await dhis2.close()
})
