/** Processes of several versions share a queue for a while, as when a site is brought up to date one machine at a time. */
import { describe, expect, test } from 'vitest'
import type { Run } from '../../sql/store/store.ts'
import { Clinic, expectedOf, mappingOf } from '../support/clinic-model.ts'
import { figuresOf } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { readBack } from '../support/read-back.ts'
import { REDIS_IS_HERE, startRedis, type OwnRedis } from '../support/redis.ts'
import { until } from '../support/site.ts'
import { openWorld } from '../support/world.ts'
import { WHOLE } from './extent.ts'

const REQUEST = { requestedBy: 'tester', comment: 'test', dryRun: false, from: null, to: null, resync: false }
const FOREIGN =
  'A job of this run was made by another version of the program. Let all processes that share the queue be of one version, then sync again.'
const mapping = mappingOf('hts')

async function open(isRedis: boolean) {
  const redis: OwnRedis | null = isRedis ? await startRedis() : null
  const world = await openWorld(
    { name: 'sandbox', api: 'tracker', version: '2.41', url: null },
    { SYNC_CHUNK_SIZE: '2', SYNC_CONCURRENCY: '1', REDIS_URL: redis ? `redis://127.0.0.1:${redis.port}` : '' },
  )
  const clinic = new Clinic(world.tag)
  for (let i = 0; i < 8; i++) clinic.healthy(`p${i}`)
  await world.mart([clinic.service('hts')])
  await world.saveMappings([mapping])
  const { queues, store } = world.service
  const step = async (run: Run, name: string) => (await queues.steps.getJob(`${run.runId}-${name}`))!
  return {
    world,
    /** A run that waits for DHIS2 in its first step; its later steps are in the queue. */
    async queued(): Promise<Run> {
      world.sandbox!.control.latency = 400
      const run = await queues.enqueue({ mappingName: mapping.name, ...REQUEST })
      await until(async () => (await step(run, 'finish')) !== undefined)
      return run
    },
    /** A job as another version would have made it. */
    async asOther(run: Run, name: string, change: (data: object) => object): Promise<void> {
      const job = await step(run, name)
      await job.updateData(change(job.data) as typeof job.data)
    },
    async endOf(run: Run) {
      world.sandbox!.control.latency = 0
      await until(async () => !['queued', 'running'].includes((await store.readRun(run.runId))!.state))
      return store.readRun(run.runId)
    },
    step,
    chunk: async (run: Run, name: string, n: number) => {
      const id = `${run.runId}-${name}-${n}`
      await until(async () => (await queues.chunks.getJob(id)) !== undefined)
      return (await queues.chunks.getJob(id))!
    },
    async isComplete(): Promise<void> {
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      expect(await brokenInvariants(world)).toEqual([])
    },
    async nextCompletes(): Promise<void> {
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      await this.isComplete()
    },
    async close(): Promise<void> {
      await world.close()
      await redis?.stop()
    },
  }
}

const BACKENDS = [{ backend: 'PostgreSQL', isRedis: false }, ...(REDIS_IS_HERE && WHOLE ? [{ backend: 'Redis', isRedis: true }] : [])]

describe.concurrent.each(BACKENDS)('on $backend', ({ isRedis }) => {
  test.for<[string, string, (data: object) => object]>([
    ['a step', 'patients', (data) => ({ ...data, step: 'patients-and-relatives' })],
    ['a step without what we need', 'new-active', () => ({ run: 'a run', mapping: 'HTS' })],
    ['the last step', 'finish', (data) => ({ ...data, chunksAdded: 'all' })],
  ])('%s that nobody here understands: the run ends as failed, and the next one completes', async ([, step, change], context) => {
    figuresOf(context).syncs += 2
    const site = await open(isRedis)
    const run = await site.queued()
    await site.asOther(run, step, change)
    // a run whose last step is not understood is found to be at its end
    const failure = step === 'finish' ? 'The run was cut off before its end. Sync again to send what is missing.' : FOREIGN
    expect(await site.endOf(run)).toMatchObject({ state: 'failed', failure })
    expect(await site.world.db.query('select from marker where last_synced_date is not null')).toEqual([])
    await site.nextCompletes()
    await site.close()
  })

  test('a chunk that nobody here understands: its neighbours are sent, and the run says why it failed', async (context) => {
    figuresOf(context).syncs += 2
    const site = await open(isRedis)
    const run = await site.queued()
    const job = await site.chunk(run, 'patients', 3)
    await job.updateData({ ...job.data, chunk: ['p6', 'p7'] as never })
    expect(await site.endOf(run)).toMatchObject({ state: 'failed', failure: FOREIGN })
    expect(Object.keys(await readBack(site.world))).toHaveLength(6)
    await site.nextCompletes()
    await site.close()
  })

  test('a worker of the right version takes it at the next try: the run goes on', async (context) => {
    figuresOf(context).syncs++
    const site = await open(isRedis)
    const run = await site.queued()
    await site.asOther(run, 'patients', (data) => ({ ...data, step: 'patients-and-relatives' }))
    site.world.sandbox!.control.latency = 0
    await until(async () => (await (await site.step(run, 'patients')).getState()) === 'delayed')
    await site.asOther(run, 'patients', (data) => ({ ...data, step: 'patients' }))
    expect(await site.endOf(run)).toMatchObject({ state: 'succeeded', failure: null })
    await site.isComplete()
    await site.close()
  })

  test('what a newer version says beside what we know is no matter', async (context) => {
    figuresOf(context).syncs++
    const site = await open(isRedis)
    const run = await site.queued()
    await site.asOther(run, 'patients', (data) => ({ ...data, priority: 3 }))
    expect(await site.endOf(run)).toMatchObject({ state: 'succeeded', failure: null })
    await site.isComplete()
    await site.close()
  })

  // each of its eight steps is tried three times
  test.runIf(WHOLE)('a run whose mapping another version wrote down: it ends as failed, and is in nobody’s way', async (context) => {
    figuresOf(context).syncs += 2
    const site = await open(isRedis)
    const { runId } = await site.queued()
    await site.world.db.query(`update sync_run set mapping = '{"version": 7}' where run_id = $1`, [runId])
    site.world.sandbox!.control.latency = 0
    await until(async () => {
      const [run] = await site.world.db.query<{ state: string }>('select state from sync_run where run_id = $1', [runId])
      return run!.state === 'failed'
    })
    await site.nextCompletes()
    await site.close()
  })
})
