/** The flow on its queue: PostgreSQL, and Redis where REDIS_URL names one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RunActiveError } from '../../sql/store/store.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { openWorld, type Target, type World } from '../support/world.ts'

const SANDBOX: Target = { name: 'sandbox', api: 'tracker', version: '2.41', url: null }
const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const
const REQUEST = { requestedBy: 'tester', comment: 'test', dryRun: false, from: null, to: null, resync: false }

describe.each(BACKENDS)('on %s', (backend) => {
  let world: World
  const mapping = mappingOf('hts')
  beforeAll(async () => {
    world = await openWorld(SANDBOX, { SYNC_CHUNK_SIZE: '2', DHIS2_RETRY_SECONDS: '0', ...(backend === 'postgres' && { REDIS_URL: '' }) })
    const clinic = new Clinic(world.tag)
    for (let i = 0; i < 7; i++) clinic.healthy(`p${i}`, i % 2 === 0 ? 'ACTIVE' : 'COMPLETED')
    await world.mart([clinic.service('hts'), { ...clinic.service('tb'), patients: [], enrollments: [], visits: [] }])
    await world.saveMappings([mapping, mappingOf('tb')])
  })
  afterAll(() => world.close())

  test('steps and chunks have names that a person understands, progress in percent, and a log line for each chunk', async () => {
    const { runId } = await world.sync(mapping.name)
    const { steps, chunks } = world.service.queues
    const names = (await steps.getJobs()).map((job) => job.name)
    expect(names.toSorted()).toEqual(
      [
        'Mapping hts · 1/7 snapshot of the Mart',
        'Mapping hts · 2/7 patients',
        'Mapping hts · 3/7 DHIS2 enrollments',
        'Mapping hts · 4/7 new completed enrollments',
        'Mapping hts · 5/7 updated completed enrollments',
        'Mapping hts · 6/7 new active enrollments',
        'Mapping hts · 7/7 updated active enrollments',
        'Mapping hts · finish',
      ].toSorted(),
    )
    const chunkNames = (await chunks.getJobs()).map((job) => job.name)
    expect(chunkNames).toContain('Mapping hts · 2/7 patients · chunk 3 of 4')
    const patients = (await steps.getJob(`${runId}-patients`))!
    expect(patients.progress).toBe(100)
    const [line] = (await chunks.getJobLogs(`${runId}-patients-0`)).logs
    expect(line).toMatch(/^2 in \d+ ms; \d requests? at a time$/)
  })

  test('parents and children: each step is a child of the next, its chunks are its own', async () => {
    const [run] = await world.db.query<{ run_id: string }>('select run_id from sync_run order by created_at limit 1')
    const finish = (await world.service.queues.steps.getJob(`${run!.run_id}-finish`))!
    const under = Object.keys((await finish.getDependencies()).processed ?? {})
    expect(under.map((key) => key.split(':').at(-1))).toEqual([`${run!.run_id}-updated-active`])
    const patients = (await world.service.queues.steps.getJob(`${run!.run_id}-patients`))!
    const children = Object.keys((await patients.getDependencies()).processed ?? {}).map((key) => key.split(':').at(-1))
    expect(children.toSorted()).toEqual([...[0, 1, 2, 3].map((n) => `${run!.run_id}-patients-${n}`), `${run!.run_id}-snapshot`].toSorted())
  })

  test('no patient data in the queue: not in data, results, logs or reasons of failure', async () => {
    const { steps, chunks } = world.service.queues
    for (const queue of [steps, chunks])
      for (const job of await queue.getJobs()) {
        const shown = JSON.stringify([
          job.name,
          job.data,
          job.returnvalue,
          job.failedReason,
          job.stacktrace,
          (await queue.getJobLogs(job.id!)).logs,
        ])
        expect(shown).not.toContain(`${world.tag}-`)
        expect(shown).not.toContain('Asha')
      }
  })

  test('twenty starts at once: one runs, the others are told which', async () => {
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'again', date_created = now()`)
    const starts = await Promise.allSettled(
      Array.from({ length: 20 }, () => world.service.queues.enqueue({ mappingName: mapping.name, ...REQUEST })),
    )
    const started = starts.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []))
    expect(started).toHaveLength(1)
    for (const s of starts) if (s.status === 'rejected') expect(s.reason).toBeInstanceOf(RunActiveError)
    expect(starts.flatMap((s) => (s.status === 'rejected' ? [(s.reason as RunActiveError).runId] : []))).toEqual(
      Array(19).fill(started[0]!.runId),
    )
    await ended(world, started[0]!.runId)
  })

  test('two mappings run side by side', async () => {
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'side by side', date_created = now()`)
    const [a, b] = await Promise.all([world.sync(mapping.name), world.sync('Mapping tb')])
    expect([a.state, b.state]).toEqual(['succeeded', 'succeeded'])
  })

  test('a cancelled run stops after the chunks in flight, and says so', async () => {
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'cancelled', date_created = now()`)
    world.sandbox!.control.latency = 300
    const run = await world.service.queues.enqueue({ mappingName: mapping.name, ...REQUEST })
    await until(async () => (await world.service.store.readSteps(run.runId)).some((s) => s.step === 'patients' && s.chunksDone > 0))
    await world.service.store.requestCancel(run.runId)
    world.sandbox!.control.latency = 0
    expect(await ended(world, run.runId)).toMatchObject({ state: 'cancelled' })
    expect(await world.db.query('select status, status_info from log order by log_id desc limit 1')).toEqual([
      { status: 'failed', status_info: 'Cancelled' },
    ])
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded' })
  })

  test('a failed step: the later ones stand aside, the run and its log say why, and the next run goes on', async () => {
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'failing', date_created = now()`)
    world.sandbox!.control.inject({
      kind: 'status',
      status: 401,
      body: { message: 'no' },
      method: 'POST',
      path: 'api/tracker',
      times: 1000,
    })
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({ state: 'failed', failure: expect.stringContaining('Check DHIS2_USERNAME') as string })
    expect(report.steps.map((s) => s.state)).toEqual([
      'succeeded',
      'failed',
      'skipped',
      'skipped',
      'skipped',
      'skipped',
      'skipped',
      'succeeded',
    ])
    const [log] = await world.db.query<{ status: string; status_info: string }>(
      'select status, status_info from log order by log_id desc limit 1',
    )
    expect(log!.status).toBe('failed')
    expect(log!.status_info).toMatch(/Check DHIS2_USERNAME.*Please contact Admin team\.$/)
    world.sandbox!.control.clearFaults()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', counts: { trackedEntity: { updated: 7 } } })
  })

  test('a run whose jobs were never added is settled at the next start', async () => {
    const run = await world.service.store.createRun({ mappingName: mapping.name, ...REQUEST })
    await world.db.query(`update sync_run set alive_at = now() - interval '2 minutes' where run_id = $1`, [run.runId])
    await world.service.startWorkers()
    expect(await world.service.store.readRun(run.runId)).toMatchObject({
      state: 'failed',
      failure: 'The run was cut off before its end. Sync again to send what is missing.',
    })
    expect(await world.db.query(`select from log where status = 'pending'`)).toEqual([])
  })
})

async function ended(world: World, runId: string) {
  await until(async () => !['queued', 'running'].includes((await world.service.store.readRun(runId))!.state))
  return world.service.store.readRun(runId)
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((done) => setTimeout(done, 50))
}
