/** What the queue keeps of jobs that are done: PostgreSQL, and Redis where REDIS_URL names one. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createQueueBackend, type FlowJobNode, type FlowProducer, type Queue, type Worker } from '../../queues/backend.ts'
import { addRun, CHUNK_JOB_OPTIONS } from '../../queues/flow.ts'
import { KEEP, trimJobs } from '../../queues/trim-jobs.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { until } from '../support/site.ts'

const CONCURRENCY = 4
/** jobs in a round */
const SOME = 300
const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const

test('every job of a run goes by its age, whether it failed or not', async () => {
  let flow: FlowJobNode | undefined
  await addRun({ add: (node: FlowJobNode) => Promise.resolve((flow = node)) } as unknown as FlowProducer, {
    runId: '00000000-0000-4000-8000-000000000000',
    mappingName: 'HTS',
  })
  const options: unknown[] = [CHUNK_JOB_OPTIONS]
  for (let node = flow; node; node = node.children?.[0]) options.push(node.opts)
  expect(options).toHaveLength(9)
  for (const one of options) expect(one).toMatchObject({ removeOnComplete: KEEP, removeOnFail: KEEP })
})

describe.each(BACKENDS)('on %s', (backend) => {
  let db: TestDatabase
  let queue: Queue<{ n: number }>
  let worker: Worker
  beforeAll(async () => {
    db = await createTestDatabase()
    const redisUrl = backend === 'redis' ? process.env['REDIS_URL']! : null
    const queues = createQueueBackend({ databaseUrl: db.url, redisUrl, storeSchema: 'public', siteId: randomBytes(4).toString('hex') })
    queue = queues.queue('kept')
    worker = queues.worker<{ n: number }, number>(
      'kept',
      async (job) => {
        await job.log('done')
        return job.data.n
      },
      { concurrency: CONCURRENCY },
    ) as Worker
  })
  afterAll(async () => {
    await worker.close()
    await queue.obliterate({ force: true })
    await queue.close()
    await db.drop()
  })

  async function work(rounds: number): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      await queue.addBulk(Array.from({ length: SOME }, (_, n) => ({ name: 'job', data: { n }, opts: CHUNK_JOB_OPTIONS })))
      await until(
        async () => (await queue.getJobCounts('waiting', 'active', 'prioritized'))['waiting'] === 0 && (await queue.getActiveCount()) === 0,
      )
    }
  }
  const size = async () => {
    if (backend === 'redis') return 1
    // as the server does by itself from time to time
    await db.query('vacuum bullmq.job, bullmq.job_log, bullmq.job_dependency, bullmq.event')
    const [row] = await db.query<{ bytes: number }>(
      `select sum(pg_total_relation_size(c.oid))::float as bytes from pg_class c where relnamespace = 'bullmq'::regnamespace and relkind = 'r'`,
    )
    return row!.bytes
  }

  test('no more than so many, and no more room for them', async () => {
    const [jobs, now] = [200, { completed: 0, failed: 0 }]
    await work(2)
    await trimJobs([queue], { jobs, graceMs: { completed: 60_000, failed: 0 } })
    expect(await queue.getCompletedCount()).toBe(2 * SOME)
    await trimJobs([queue], { jobs, graceMs: now })
    expect(await queue.getCompletedCount()).toBe(jobs)
    const sizes: number[] = []
    for (let i = 0; i < 5; i++) {
      await work(2)
      await trimJobs([queue], { jobs, graceMs: now })
      sizes.push(await size())
    }
    expect(await queue.getCompletedCount()).toBe(jobs)
    // the last ones
    expect((await queue.getCompleted(0, jobs - 1)).every((job) => job.data.n >= SOME - jobs)).toBe(true)
    // the first round still makes the room that the later ones use again
    expect(sizes.at(-1)! / sizes[0]!).toBeLessThan(1.4)
    if (backend === 'redis') return
    for (const table of ['job', 'job_log']) expect(await db.query(`select from bullmq.${table}`), table).toHaveLength(jobs)
    expect((await db.query('select from bullmq.event')).length).toBeLessThan(2000)
  })
})
