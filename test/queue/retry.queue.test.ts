/** "Retry" of what failed, on both queues: what an administrator asks for in Bull Board ends in a right run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NothingToRetryError } from '../../queues/retry-run.ts'
import { RunActiveError, type RunRequest } from '../../sql/store/store.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { until } from '../support/site.ts'
import { openWorld, type Target, type World } from '../support/world.ts'

const SANDBOX: Target = { name: 'sandbox', api: 'tracker', version: '2.41', url: null }
const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const
const REQUEST: Omit<RunRequest, 'mappingName'> = {
  requestedBy: 'nurse',
  comment: 'test',
  dryRun: false,
  from: null,
  to: null,
  resync: false,
}

describe.each(BACKENDS)('on %s', (backend) => {
  let world: World
  const mapping = mappingOf('hts')
  const state = async (runId: string) => (await world.service.store.readRun(runId))!.state
  const ended = (runId: string) => until(async () => !['queued', 'running'].includes(await state(runId)))
  const changed = (what: string) => world.db.query(`update mart.hts_instance_table set "First Name" = $1, date_created = now()`, [what])
  const names = () => world.sandbox!.control.dump().trackedEntities.map((te) => te.attributes['TEAFirstNm1'])

  let times = 0
  async function failing(over: Partial<RunRequest> = {}) {
    // something to send
    if (!over.rejected) await changed(`change ${++times}`)
    world.sandbox!.control.inject({ kind: 'status', status: 401, body: {}, times: 1000, ...(!over.rejected && { method: 'POST' }) })
    const run = await world.service.queues.enqueue({ mappingName: mapping.name, ...REQUEST, ...over })
    await ended(run.runId)
    expect(await state(run.runId)).toBe('failed')
    world.sandbox!.control.clearFaults()
    return run
  }

  beforeAll(async () => {
    world = await openWorld(SANDBOX, { SYNC_CHUNK_SIZE: '2', DHIS2_RETRY_SECONDS: '0', ...(backend === 'postgres' && { REDIS_URL: '' }) })
    const clinic = new Clinic(world.tag)
    for (let i = 0; i < 5; i++) clinic.healthy(`p${i}`)
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterAll(() => world.close())

  test('a new sync, asked for the same, in the name of whoever retries; it sends what the failed one did not', async () => {
    const failed = await failing()
    const again = await world.service.queues.retry(failed.runId, 'admin')
    await ended(again.runId)
    expect(await world.service.store.readRun(again.runId)).toMatchObject({
      state: 'succeeded',
      requestedBy: 'admin',
      comment: 'Again: test',
    })
    expect(world.sandbox!.control.dump().trackedEntities).toHaveLength(5)
    // the failed one stays what it was
    expect(await state(failed.runId)).toBe('failed')
  })

  test('an old failure brings nothing old to DHIS2: the Mart as it is now is sent', async () => {
    const failed = await failing()
    await changed('new')
    expect((await world.sync(mapping.name)).state).toBe('succeeded')
    const again = await world.service.queues.retry(failed.runId, 'admin')
    await ended(again.runId)
    expect(new Set(names())).toEqual(new Set(['new']))
  })

  test('a period stays that period, and is said once however often it is retried', async () => {
    const failed = await failing({ from: '2000-01-01', to: '2100-01-01', comment: 'Again: the period' })
    const again = await world.service.queues.retry(failed.runId, 'admin')
    await ended(again.runId)
    expect(await world.service.store.readRun(again.runId)).toMatchObject({
      from: '2000-01-01',
      to: '2100-01-01',
      comment: 'Again: the period',
    })
  })

  test('a retry of rejected records stays one of these records', async () => {
    const [one] = await world.db.query<{ id: string; record_key: string }>(
      `insert into sync_rejected (mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id, cause)
       select mapping_name, kind, record_key, record_key, 'hts_instance_table', 'refused-by-dhis2', '{}', '', run_id, 'a cause'
       from sync_confirmed where kind = 'trackedEntity' order by record_key limit 1 returning rejected_id::text as id, record_key`,
    )
    // otherwise it has nothing to send, and is settled
    await changed('mended')
    const failed = await failing({ rejected: { ids: [one!.id] } })
    const again = await world.service.queues.retry(failed.runId, 'admin')
    expect(again.retry).toBe(true)
    expect(await world.db.query('select kind, record_key from sync_run_record where run_id = $1', [again.runId])).toEqual([
      { kind: 'trackedEntity', record_key: one!.record_key },
    ])
    await ended(again.runId)
  })

  test('while a sync goes on, of one that succeeded, and of one that is not there: refused in a sentence', async () => {
    const failed = await failing()
    const going = await world.service.store.createRun({ mappingName: mapping.name, ...REQUEST })
    await expect(world.service.queues.retry(failed.runId, 'admin')).rejects.toThrow(RunActiveError)
    await expect(world.service.queues.retry(going.runId, 'admin')).rejects.toThrow(RunActiveError)
    await world.service.store.finishRun(going.runId, { state: 'succeeded', failure: null, statusInfo: '', moveMarkers: false })
    await expect(world.service.queues.retry(going.runId, 'admin')).rejects.toThrow(NothingToRetryError)
    await expect(world.service.queues.retry('00000000-0000-4000-8000-000000000000', 'admin')).rejects.toThrow(NothingToRetryError)
  })

  test('a job that is retried behind our back does nothing: its run has ended', async () => {
    const failed = await failing()
    const job = (await world.service.queues.steps.getJob(`${failed.runId}-patients`))!
    await job.retry()
    await until(() => job.isCompleted())
    expect(await state(failed.runId)).toBe('failed')
    expect(names()).not.toContain(`change ${times}`)
  })
})
