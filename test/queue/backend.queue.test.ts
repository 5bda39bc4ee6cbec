/** The queue's own connections on PostgreSQL. */
import pg from 'pg'
import { expect, test } from 'vitest'
import { createQueueBackend } from '../../queues/backend.ts'
import { STEP_QUEUE } from '../../queues/jobs.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { until, untilWaiting } from '../support/site.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

test('a connection that breaks while a queue is opened ends nothing but the opening', async () => {
  const db = await createMigratedDatabase()
  const url = new URL(db.url)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.address.port)
  // what the opening looks at: it waits
  const holder = new pg.Client(db.url)
  await holder.connect()
  await holder.query('begin; lock table bullmq.migration in access exclusive mode')
  const queue = createQueueBackend({ databaseUrl: url.href, redisUrl: null, storeSchema: 'public', siteId: 's' }).queue(STEP_QUEUE)
  queue.on('error', () => {})
  await untilWaiting(db)
  proxy.cut()
  await expect(queue.waitUntilReady()).rejects.toThrow(/connection|terminated/i)
  await queue.close()
  await holder.end()
  await proxy.close()
  await db.drop()
})

test('a worker whose database cannot be reached at first works when it is there, and leaves the process its time until then', async () => {
  const db = await createMigratedDatabase()
  const url = new URL(db.url)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.address.port)
  proxy.cut()
  const options = { redisUrl: null, storeSchema: 'public', siteId: 's' }
  const done: string[] = []
  const worker = createQueueBackend({ ...options, databaseUrl: url.href }).worker<object, void>(
    STEP_QUEUE,
    async (job) => void done.push(job.name),
    {},
  )
  let errors = 0
  // one that asks again without a pause would leave this process no time to see it
  worker.on('error', () => void (++errors > 100 && worker.close()))
  await until(() => errors > 2)
  proxy.mend()
  const queue = createQueueBackend({ ...options, databaseUrl: db.url }).queue(STEP_QUEUE)
  await queue.add('a job', {})
  await until(() => done.length > 0 || errors > 100)
  expect(errors).toBeLessThan(100)
  await expect.poll(() => queue.getWorkersCount()).toBe(1)
  await worker.close()
  await queue.close()
  await proxy.close()
  await db.drop()
})
