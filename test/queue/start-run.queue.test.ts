/** A start while the queue is out of reach: the run ends at once, and nothing is in the way of the next try. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createQueueBackend } from '../../queues/backend.ts'
import { STEP_QUEUE, type StepData } from '../../queues/jobs.ts'
import { QueueOutOfReach, startRun } from '../../queues/start-run.ts'
import { problemOf } from '../../src/api/api-problem.ts'
import { readConfig } from '../../src/config.ts'
import { openStore } from '../../src/open-store.ts'
import type { Store } from '../../sql/store/store.ts'
import type { FlowProducer, Queue } from '../../queues/backend.ts'
import { mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'

const REQUEST = { mappingName: 'Mapping hts', requestedBy: 'clerk', comment: '-', dryRun: false, from: null, to: null, resync: false }

let db: TestDatabase
let store: Store
let steps: Queue<StepData>
let flow: FlowProducer
beforeAll(async () => {
  db = await createMigratedDatabase()
  store = await openStore(readConfig({ DATABASE_URL: db.url }))
  await store.saveMappings([mappingOf('hts')], 'admin')
  const backend = createQueueBackend({ databaseUrl: db.url, redisUrl: null, storeSchema: 'public', siteId: 's' })
  steps = backend.queue<StepData>(STEP_QUEUE)
  flow = backend.flow()
})
afterAll(async () => {
  await Promise.all([steps.close(), flow.close()])
  await store.close()
  await db.drop()
})

/** BullMQ waits for a Redis that is away, however long it is */
const hanging = { add: () => new Promise<never>(() => {}) } as unknown as FlowProducer
const broken = { add: () => Promise.reject(new Error('no')) } as unknown as FlowProducer
const runs = () => db.query('select state, failure from sync_run order by created_at')

test('one that hangs is not waited for', async () => {
  const refused = await startRun({ store, steps, flow: hanging }, REQUEST, 'key', 100).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(QueueOutOfReach)
  expect(problemOf(refused).code).toBe('unavailable')
  expect(await runs()).toEqual([
    { state: 'failed', failure: 'The queue does not answer. Check that its Redis or PostgreSQL runs, then sync again.' },
  ])
  expect(await db.query('select status from log')).toEqual([{ status: 'failed' }])
})

test('one that refuses: its error comes through', async () => {
  await expect(startRun({ store, steps, flow: broken }, REQUEST, 'key', 100)).rejects.toThrow('no')
  expect((await runs()).at(-1)).toMatchObject({ state: 'failed' })
})

test('the same request with its key begins a run when the queue is back, and only one', async () => {
  const first = await startRun({ store, steps, flow }, REQUEST, 'key')
  expect(first).toMatchObject({ repeated: false, run: { state: 'queued' } })
  expect(await startRun({ store, steps, flow }, REQUEST, 'key')).toMatchObject({ repeated: true, run: { runId: first.run.runId } })
  expect(await steps.getJob(`${first.run.runId}-finish`)).toBeDefined()
  expect(await runs()).toHaveLength(3)
})
