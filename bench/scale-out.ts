/** One, two and four workers on one queue, to a DHIS2 that takes its time and has room for all of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createQueueBackend, type Worker } from '../queues/backend.ts'
import { CHUNK_JOB_OPTIONS } from '../queues/flow.ts'
import { demoDatabase } from '../sql/demo/database.ts'
import { withClient } from '../sql/with-client.ts'
import type { Figure, Measurement } from './measurement.ts'
import type { Stage } from './stage.ts'

const LATENCY_MS = 100
/** so few that this machine's own processors are not what the workers wait for */
const CHUNK = 3
/** the steps that the DHIS2 is asked in: what one process does for the others, such as the snapshot, is no work to share */
const SENDING = ['patients', 'new-active']
const redisUrl = process.env['REDIS_URL'] ?? null

export const scaleOut: Measurement = {
  name: 'scale-out',
  about: `1, 2 and 4 workers, a DHIS2 of ${LATENCY_MS} ms`,
  async measure(stage) {
    const figures: Figure[] = []
    for (const [backend, env] of [
      ['PostgreSQL', {}],
      ...(redisUrl === null ? [] : [['Redis', { REDIS_URL: redisUrl }] as const]),
    ] as const) {
      const alone = await secondsOf(stage, 1, env)
      for (const workers of stage.short ? [2] : [2, 4]) {
        const times = alone / (await secondsOf(stage, workers, env))
        figures.push({
          name: `${workers} workers on ${backend}, of ${workers}-fold`,
          value: times / workers,
          unit: '×',
          target: { atLeast: 0.9 },
        })
      }
      figures.push({
        name: `queue on ${backend}, time of a chunk`,
        value: await overhead(stage, backend === 'Redis' ? redisUrl : null),
        unit: 'ms',
        better: 'less',
      })
    }
    return figures
  },
}

async function secondsOf(stage: Stage, workers: number, env: Record<string, string>): Promise<number> {
  const patients = stage.short ? 240 : 900
  const site = await stage.open({
    name: `bench_scale_${workers}_${Object.keys(env).length}_${Date.now()}`,
    patients,
    latency: LATENCY_MS,
    env: { ...env, SYNC_CONCURRENCY: '1', SYNC_CHUNK_SIZE: String(CHUNK) },
  })
  try {
    for (let i = 0; i < workers; i++) await site.startWorker()
    // the first connections and the first words of a session are no worker's speed
    await sleep(500)
    const { run } = await site.sync()
    const seconds = await secondsSending(site.databaseUrl, run.runId)
    stage.say(`  ${workers} on ${'REDIS_URL' in env ? 'Redis' : 'PostgreSQL'}: ${seconds.toFixed(1)} s`)
    return seconds
  } finally {
    await site.close()
  }
}

/** Of each step its last three quarters: a process compiles what it does, for the first time, in the first of them. */
async function secondsSending(databaseUrl: string, runId: string): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ seconds: string }>(
      `select sum(seconds) as seconds from (
        select extract(epoch from max(done_at) - min(done_at)) as seconds from (
          select step, done_at, ntile(4) over (partition by step order by done_at) as quarter from sync_chunk_done where run_id = $1 and step = any ($2)
        ) as chunk where quarter > 1 group by step
      ) as step`,
      [runId, SENDING],
    )
    return Number(rows[0]!.seconds)
  })
}

/** Jobs that do nothing but what every chunk asks of the queue. */
async function overhead(stage: Stage, redis: string | null): Promise<number> {
  const jobs = 1000
  const name = `bench_queue_${Date.now()}`
  const databaseUrl = await demoDatabase(stage.databaseServer, name, true)
  const backend = createQueueBackend({ databaseUrl, redisUrl: redis, storeSchema: 'public', siteId: name })
  const [steps, chunks] = [backend.queue<object>('steps'), backend.queue<object>('chunks')]
  const step = await steps.add('step', {})
  await chunks.addBulk(Array.from({ length: jobs }, (_, i) => ({ name: 'chunk', data: { i }, opts: { ...CHUNK_JOB_OPTIONS } })))
  const started = performance.now()
  let done = 0
  let worker: Worker | undefined
  await new Promise<void>((all) => {
    worker = backend.worker<object, number>(
      'chunks',
      async (job) => {
        await job.log('100 in 1000 ms')
        await steps.updateJobProgress(step.id!, Math.floor((100 * done) / jobs))
        if (++done === jobs) all()
        return done
      },
      { concurrency: 3 },
    ) as Worker
  })
  const ms = performance.now() - started
  await worker?.close()
  await steps.obliterate({ force: true })
  await chunks.obliterate({ force: true })
  await Promise.all([steps.close(), chunks.close()])
  return ms / jobs
}
