/** A worker that is asked to end: what it finishes, what it gives back, what it leaves to others; and DHIS2 ends right in each case. */
import { afterEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openService, type Service } from '../../src/service.ts'
import { expectedOf } from '../support/clinic-model.ts'
import type { Env, Running } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { REDIS_IS_HERE, startRedis, type OwnRedis } from '../support/redis.ts'
import { MAPPING, openSite, PASSWORD, until, type Site } from '../support/site.ts'

const PATIENTS = 4
const BACKENDS = [{ name: 'PostgreSQL', isRedis: false }, ...(REDIS_IS_HERE ? [{ name: 'Redis', isRedis: true }] : [])]

let site: Site
let service: Service
let redis: OwnRedis | null = null
let workers: Running[] = []
afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  workers = []
  await service.close()
  await site.close()
  await redis?.stop()
  redis = null
})

/** A run that waits for its worker. */
async function open(isRedis: boolean, env: Env = {}): Promise<void> {
  redis = isRedis ? await startRedis() : null
  const redisUrl = redis ? { REDIS_URL: `redis://127.0.0.1:${redis.port}` } : {}
  site = await openSite({ patients: PATIENTS, env: { SYNC_CHUNK_SIZE: '1', SYNC_CONCURRENCY: '1', ...redisUrl, ...env } })
  const { USER: _, ...settings } = site.env
  service = await openService(readConfig(settings, ['database', 'dhis2']), createLog('silent'))
  await service.queues.enqueue({
    mappingName: MAPPING.name,
    requestedBy: 'clerk',
    comment: 'a test',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
  })
}

const start = (...args: Parameters<Site['start']>) => {
  const worker = site.start(...args)
  workers.push(worker)
  return worker
}
const states = async () => (await site.runs()).map((run) => run.state)
const sending = () => until(() => site.sandbox.control.importRequests() > 0)
const active = () => service.queues.chunks.getJobCountByTypes('active')

async function anotherWorkerCompletes(): Promise<void> {
  start(['work'])
  await until(async () => (await states())[0] === 'succeeded')
  const target = {
    tag: 'C-',
    target: { api: 'tracker' as const },
    async dhis2(method: string, path: string) {
      const authorization = `Basic ${Buffer.from(`sync:${PASSWORD}`).toString('base64')}`
      return (await fetch(`${site.sandbox.url}/api/${path}`, { method, headers: { authorization } })).json()
    },
  }
  expect(await readBack(target)).toEqual(expectedOf(site.clinic, MAPPING))
  expect(await states()).toEqual(['succeeded'])
  expect(await site.logRows()).toEqual([{ status: 'success', status_info: '' }])
}

describe.each(BACKENDS)('on $name', ({ isRedis }) => {
  test.each([['work'], ['serve']])('%s: chunks in flight come to their end, and none is begun', async (command) => {
    await open(isRedis, { PORT: '0' })
    site.sandbox.control.latency = 300
    const worker = start([command])
    await sending()
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 0 })
    expect(await active()).toBe(0)
    // nothing of the chunk is on its way
    expect(await site.db.query('select from sync_confirmed where hash is null')).toEqual([])
    expect(await states()).toEqual(['running'])
    site.sandbox.control.latency = 0
    await anotherWorkerCompletes()
  })

  test('a chunk that waits for DHIS2 to come back is given back when the time is over, and another worker goes on with it at once', async () => {
    await open(isRedis, { DHIS2_RETRY_SECONDS: '3600', SHUTDOWN_TIMEOUT: '0' })
    site.sandbox.control.inject({ kind: 'status', status: 503, body: {}, method: 'POST', path: 'api/tracker', times: 100_000 })
    const worker = start(['work'])
    await sending()
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 0, err: expect.stringContaining('given back to the queue') as string })
    expect(await active()).toBe(0)
    const jobs = await service.queues.chunks.getJobs(['waiting', 'delayed'])
    // no try was lost by it
    expect(jobs.map((job) => job.attemptsMade)).toEqual(jobs.map(() => 0))
    site.sandbox.control.clearFaults()
    await anotherWorkerCompletes()
  })

  test('a request that DHIS2 is busy with is left: another worker takes the chunk up when the lock has run out', async () => {
    await open(isRedis, { SHUTDOWN_TIMEOUT: '0' })
    const control = site.sandbox.control
    control.inject({ kind: 'timeout', method: 'POST', path: 'api/tracker', processed: true })
    const worker = start(['work'])
    await until(() => control.dump().trackedEntities.length > 0)
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 0, err: expect.stringContaining('left to other workers') as string })
    expect(await active()).toBeGreaterThan(0)
    await anotherWorkerCompletes()
  })

  test('a second signal is the end', async () => {
    await open(isRedis, { SHUTDOWN_TIMEOUT: '3600' })
    site.sandbox.control.inject({ kind: 'timeout', method: 'POST', path: 'api/tracker' })
    const worker = start(['work'])
    await sending()
    worker.child.kill('SIGTERM')
    await new Promise<void>((seen) =>
      worker.child.stderr!.on('data', (chunk: Buffer) => chunk.toString().includes('the service ends') && seen()),
    )
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 1 })
  })
})
