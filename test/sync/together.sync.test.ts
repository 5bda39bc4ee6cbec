/** Things that happen at the same time: runs beside runs, a cancel in every step, and a mapping or a Mart that changes under a run. */
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../../sql/migrate.ts'
import { RunActiveError, STEPS, type Run, type Step } from '../../sql/store/store.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { readReport } from '../../src/cli/report.ts'
import { Clinic, expectedOf, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { endOf, holdAt, readRun, REQUEST, start } from '../support/going.ts'
import { readBack } from '../support/read-back.ts'
import { until, untilWaiting } from '../support/site.ts'
import { startWatch, type Watch } from '../support/watch.ts'
import { openWorld, targets, targetsOfEachApi, type World } from '../support/world.ts'
import { withColumns } from '../support/with-columns.ts'

/** Waits until a step has begun. */
const begun = (world: World, run: Run, step: Step) =>
  until(async () => (await world.service.store.readSteps(run.runId)).find((s) => s.step === step)!.state !== 'queued')

describe.each(targetsOfEachApi())('$name: two mappings with the same patients', (target) => {
  let sandbox: Sandbox | null
  let dhis2: Watch
  let world: World
  let clinic: Clinic
  let first: Mapping
  let second: Mapping
  beforeAll(async () => {
    sandbox = target.url === null ? await startSandbox({ version: target.version }) : null
    dhis2 = await startWatch(target.url ?? sandbox!.url, sandbox ? 100 : 0)
    world = await openWorld({ ...target, url: dhis2.url }, { SYNC_CHUNK_SIZE: '5', SYNC_CONCURRENCY: '12' })
    clinic = new Clinic(world.tag)
    for (let i = 10; i < 34; i++) clinic.patient(`p${i}`)
    const [hts, tb] = [new Clinic(world.tag), new Clinic(world.tag)]
    for (const own of [hts, tb]) own.patients.push(...clinic.patients)
    for (const patient of clinic.patients) {
      const [a, b] = [
        hts.enroll(patient, { status: 'COMPLETED' }),
        tb.enroll(patient, { status: 'COMPLETED', enrollmentDate: '2024-01-15' }),
      ]
      hts.visit(a, INITIAL)
      tb.visit(b, FOLLOW_UP)
    }
    clinic.enrollments.push(...hts.enrollments, ...tb.enrollments)
    clinic.visits.push(...hts.visits, ...tb.visits)
    first = mappingOf('hts')
    second = mappingOf('tb')
    await world.mart([hts.service('hts'), tb.service('tb')])
    await world.saveMappings([first, second])
    // one that DHIS2 has already, under a uid of its own: both runs find it by its UIC
    await enterByHand(world)
  })
  afterAll(async () => {
    await world.close()
    await dhis2.close()
    await sandbox?.close()
  })

  test('in parallel: each person once, each enrollment once, and both runs succeed', async () => {
    const runs = await Promise.all([start(world, first.name), start(world, second.name)])
    for (const run of runs) {
      await endOf(world, run)
      expect(await readReport(world.service.store, run.runId)).toMatchObject({ state: 'succeeded', rejected: [] })
    }
    expect(await readBack(world)).toEqual(expectedOf(clinic, first))
    expect(await world.db.query('select from instance_tracker')).toHaveLength(clinic.patients.length)
    expect(await world.db.query('select from enrollment_tracker')).toHaveLength(clinic.enrollments.length)
    expect(dhis2.overlaps()).toBe(0)
  })

  test('and again, when DHIS2 knows them', async () => {
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'again', date_created = now()`)
    await world.db.query(`update mart.tb_instance_table set "First Name" = 'again', date_created = now()`)
    const ends = await Promise.all([world.sync(first.name), world.sync(second.name)])
    expect(ends.map((end) => end.state)).toEqual(['succeeded', 'succeeded'])
    for (const patient of clinic.patients) Object.assign(patient, { values: { ...patient.values, 'First Name': 'again' } })
    expect(await readBack(world)).toEqual(expectedOf(clinic, first))
    expect(dhis2.overlaps()).toBe(0)
  })
})

async function enterByHand(world: World): Promise<void> {
  const attributes = [{ attribute: 'TEAUicCode1', value: `${world.tag}-UIC-p20` }]
  if (world.target.api === 'legacy')
    await world.dhis2('POST', 'trackedEntityInstances', { trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes })
  else
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: [{ trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }],
    })
}

const endSessions = (world: World, name: string) =>
  world.db.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1', [
    name,
  ])

// what follows is about our own processes: one DHIS2 is enough
const [any] = targets().filter((target) => target.url === null && target.version === '2.41' && target.api === 'tracker')

describe.runIf(any)('one mapping', () => {
  let world: World
  let clinic: Clinic
  const mapping = mappingOf('hts')
  beforeEach(async () => {
    world = await openWorld(any!, { SYNC_CHUNK_SIZE: '2', SYNC_CONCURRENCY: '1' })
    clinic = new Clinic(world.tag)
    for (let i = 0; i < 6; i++) clinic.healthy(`p${i}`, i % 2 === 0 ? 'ACTIVE' : 'COMPLETED')
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterEach(() => world.close())

  const nextCompletes = async (using: Mapping = mapping) => {
    world.sandbox!.control.latency = 0
    expect(await world.sync(using.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await readBack(world)).toEqual(expectedOf(clinic, using))
    expect(await world.db.query(`select from log where status = 'pending'`)).toEqual([])
  }
  const markers = () => world.db.query('select from marker where last_synced_date is not null')
  /** every enrollment was delivered once, and has changed: also the steps for updates have work */
  const syncedAndChanged = async () => {
    await world.sync(mapping.name)
    for (const [i, enrollment] of clinic.enrollments.entries())
      Object.assign(enrollment, { incidentDate: '2024-02-01', dateCreated: `2024-04-0${i + 1} 10:00:00` })
    for (let i = 6; i < 10; i++) clinic.healthy(`p${i}`, i % 2 === 0 ? 'ACTIVE' : 'COMPLETED')
    await world.mart([clinic.service('hts')])
  }

  describe('a cancel in step', () => {
    test.each(STEPS)('%s: the run ends as cancelled, the marker stays, and the next run completes', async (step) => {
      await syncedAndChanged()
      const before = await world.db.query('select category, last_synced_date::text from marker order by category')
      const held = holdAt(world, step)
      const run = await start(world, mapping.name)
      await held.reached
      expect(await world.service.store.requestCancel(run.runId)).toBe(true)
      held.letGo()
      expect(await endOf(world, run)).toMatchObject({ state: 'cancelled', failure: 'Cancelled' })
      expect(await world.db.query('select status, status_info from log order by log_id desc limit 1')).toEqual([
        { status: 'failed', status_info: 'Cancelled' },
      ])
      expect(await world.db.query('select category, last_synced_date::text from marker order by category')).toEqual(before)
      const steps = await world.service.store.readSteps(run.runId)
      const after = steps.slice(STEPS.indexOf(step) + 1, -1)
      expect(after.map((s) => s.state)).toEqual(after.map(() => 'skipped'))
      await nextCompletes()
    })
  })

  test('a second start while one goes on is refused at the store, whoever asks, and names the run', async () => {
    world.sandbox!.control.latency = 200
    const run = await start(world, mapping.name)
    await begun(world, run, 'patients')
    const refused = world.service.queues.enqueue({ mappingName: mapping.name, ...REQUEST, requestedBy: 'schedule', comment: 'nightly' })
    await expect(refused).rejects.toThrow(RunActiveError)
    await expect(refused).rejects.toMatchObject({ runId: run.runId })
    expect(await world.db.query('select from log')).toHaveLength(1)
    world.sandbox!.control.latency = 0
    expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
    await expect(start(world, mapping.name)).resolves.toMatchObject({ state: 'queued' })
  })

  describe('during a run', () => {
    /** a run whose patients are on their way */
    const inMidRun = async () => {
      world.sandbox!.control.latency = 150
      const run = await start(world, mapping.name)
      await begun(world, run, 'patients')
      return run
    }

    test('the mapping is edited: the run goes on as it began, the next uses the new one', async () => {
      const run = await inMidRun()
      const { Phone: _left, Gender: _out, ...fewer } = mapping.instance.columns
      const edited = { ...withColumns(mapping, { instance: fewer }), onRejected: 'continue' as const }
      await world.saveMappings([edited])
      expect(await endOf(world, run)).toMatchObject({ state: 'succeeded', mapping })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      world.sandbox!.control.latency = 0
      const next = await endOf(world, await start(world, mapping.name))
      expect(next).toMatchObject({ state: 'succeeded', mapping: edited })
    })

    test('the mapping is deleted: the run goes on to its end, the next start says that there is none', async () => {
      const run = await inMidRun()
      await world.db.query('delete from mapping')
      expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      expect(await markers()).toHaveLength(3)
      await expect(start(world, mapping.name)).rejects.toThrow(
        'There is no mapping "Mapping hts". "mappings list" names those that there are.',
      )
    })

    test('the Mart is dropped and rebuilt after the snapshot: nothing happens', async () => {
      const run = await inMidRun()
      await world.db.query('drop schema mart cascade')
      expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
    })

    test('migrate is started: the database is up to date, and the run goes on', async () => {
      const run = await inMidRun()
      expect(await Promise.all([1, 2].map(() => migrate({ databaseUrl: world.db.url, storeSchema: 'public' })))).toEqual([[], []])
      expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
    })
  })

  test('a table is dropped while the snapshot waits for it: said as it is, and tried again', async () => {
    const pg = new Client({ connectionString: world.db.url })
    await pg.connect()
    await pg.query('begin')
    await pg.query('lock table mart.hts_program_enrollment_table in access exclusive mode')
    const { store } = world.service
    const taking = store.takeSnapshot(await store.createRun({ mappingName: mapping.name, ...REQUEST })).catch((error: unknown) => error)
    await untilWaiting(world.db)
    await pg.query('drop table mart.hts_program_enrollment_table cascade')
    await pg.query('commit')
    await pg.end()
    const message = 'Mapping "Mapping hts": the Mart was being rebuilt while it was read. Sync again when Bahmni Mart is done.'
    expect(await taking).toMatchObject({ message, transient: true })
  })

  test.each(['dropped and rebuilt', 'dropped'])(
    'a table is %s while the snapshot waits for it: sent, or a failure that says what to do',
    async (what) => {
      const pg = new Client({ connectionString: world.db.url })
      await pg.connect()
      await pg.query('begin')
      await pg.query('lock table mart.hts_program_enrollment_table in access exclusive mode')
      const run = await start(world, mapping.name)
      await untilWaiting(world.db)
      if (what === 'dropped and rebuilt') {
        await pg.query('create table mart.rebuilt as table mart.hts_program_enrollment_table')
        await pg.query('drop table mart.hts_program_enrollment_table cascade')
        await pg.query('alter table mart.rebuilt rename to hts_program_enrollment_table')
      } else await pg.query('drop table mart.hts_program_enrollment_table cascade')
      await pg.query('commit')
      await pg.end()
      const { state, failure } = await endOf(world, run)
      if (state === 'failed') expect(failure).toMatch(/Mart.*rebuilt.*(Sync again|correct the mapping)/)
      else expect(state).toBe('succeeded')
      expect(state).toBe(what === 'dropped' ? 'failed' : state)
      expect(await world.db.query(`select from log where status = 'pending'`)).toEqual([])
      await world.mart([clinic.service('hts')])
      await nextCompletes()
    },
  )
})

test.runIf(any)(
  'a run is ended by another process while its request is on its way: its late answer confirms nothing, and what is in doubt is sent again',
  async () => {
    const sandbox = await startSandbox({ version: '2.41' })
    const dhis2 = await startWatch(sandbox.url, 0)
    const world = await openWorld({ ...any!, url: dhis2.url }, { SYNC_CHUNK_SIZE: '2', SYNC_CONCURRENCY: '2' })
    try {
      const clinic = new Clinic(world.tag)
      const mapping = mappingOf('hts')
      for (let i = 0; i < 6; i++) clinic.healthy(`p${i}`)
      await world.mart([clinic.service('hts')])
      await world.saveMappings([mapping])
      const held = dhis2.holdNext()
      const run = await start(world, mapping.name)
      await held.reached
      // as a process does that takes it for abandoned
      const { store } = world.service
      const failure = 'The run was cut off before its end. Sync again to send what is missing.'
      await store.finishRun(run.runId, { state: 'failed', failure, statusInfo: failure, moveMarkers: false })
      // its network is broken, and so the next run does not wait for its patients
      await endSessions(world, 'bahmni-dhis2-sync locks')

      const name = (first: string) => {
        for (const patient of clinic.patients) Object.assign(patient, { values: { ...patient.values, 'First Name': first } })
        return world.mart([clinic.service('hts')])
      }
      await name('Newer')
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))

      // DHIS2 carries out the old request now: two patients have their old name again, and the old process reads its answer
      held.letGo()
      await until(async () => (await world.db.query('select from sync_doubt')).length > 0)
      expect(await readBack(world)).not.toEqual(expectedOf(clinic, mapping))
      expect(await readRun(world, run)).toMatchObject({ state: 'failed', failure })
      expect(await store.readSteps(run.runId)).toMatchObject([
        {},
        { step: 'patients', state: 'running' },
        ...Array.from({ length: 6 }, () => ({ state: 'queued' })),
      ])
      expect(await world.db.query('select status, status_info from log order by log_id')).toEqual([
        { status: 'failed', status_info: failure },
        { status: 'success', status_info: '' },
      ])

      // far behind the marker, so that only the doubt brings them in
      await world.db.query(`update marker set last_synced_date = '2030-01-01'`)
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', counts: { trackedEntity: { updated: 2 } } })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      expect(await world.db.query('select from sync_doubt')).toEqual([])
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', counts: { trackedEntity: { updated: 0 } } })
    } finally {
      await world.close()
      await dhis2.close()
      await sandbox.close()
    }
  },
)

test.runIf(any)('the next run waits with a patient whom an ended run is still sending', async () => {
  const sandbox = await startSandbox({ version: '2.41' })
  const dhis2 = await startWatch(sandbox.url, 0)
  const world = await openWorld({ ...any!, url: dhis2.url }, { SYNC_CHUNK_SIZE: '2', SYNC_CONCURRENCY: '4' })
  try {
    const clinic = new Clinic(world.tag)
    const mapping = mappingOf('hts')
    for (let i = 0; i < 6; i++) clinic.healthy(`p${i}`)
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
    const held = dhis2.holdNext()
    const run = await start(world, mapping.name)
    await held.reached
    await world.service.store.finishRun(run.runId, { state: 'failed', failure: 'x', statusInfo: 'x', moveMarkers: false })
    const next = await start(world, mapping.name)
    await until(async () => (await world.service.store.readSteps(next.runId))[1]!.chunksDone === 2)
    held.letGo()
    expect(await endOf(world, next)).toMatchObject({ state: 'succeeded' })
    expect(dhis2.overlaps()).toBe(0)
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  } finally {
    await world.close()
    await dhis2.close()
    await sandbox.close()
  }
})
