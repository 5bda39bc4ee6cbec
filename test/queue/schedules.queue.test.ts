/** Schedules on their queue: PostgreSQL, and Redis where REDIS_URL names one. */
import type { JobType } from 'bullmq'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { applySchedule, reconcileSchedules } from '../../queues/schedules.ts'
import { scheduleKey } from '../../queues/jobs.ts'
import { NotDueError, type Schedule } from '../../sql/store/schedules.ts'
import { createLog } from '../../src/log.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { until } from '../support/site.ts'
import { openWorld, type Target, type World } from '../support/world.ts'

const SANDBOX: Target = { name: 'sandbox', api: 'tracker', version: '2.41', url: null }
const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const
const EVERY_SECOND = '* * * * * *'
const NEVER_NOW = '0 0 1 1 *'
const SETTINGS = { cron: NEVER_NOW, timeZone: 'Africa/Harare', paused: false, comment: 'each night' }
const MINUTES = 60_000

describe.each(BACKENDS)('on %s', (backend) => {
  let world: World
  const mapping = mappingOf('hts', { name: 'HTS Service' })
  const log = createLog('silent')
  const schedulers = async () => (await world.service.queues.schedules.getJobSchedulers(0, -1)).map((s) => `${s.name} ${s.pattern} ${s.tz}`)
  const save = async (over: Partial<typeof SETTINGS> = {}, attendedAt = new Date()): Promise<Schedule> =>
    (await world.service.store.saveSchedule('HTS Service', { ...SETTINGS, ...over }, 'clerk', attendedAt))!
  const reconcile = () => reconcileSchedules(world.service.store, world.service.queues.schedules, new Date(), log)
  const runs = () =>
    world.db.query<{ run_id: string; requested_by: string; comment: string; state: string }>(
      'select run_id, requested_by, comment, state from sync_run order by created_at',
    )
  const read = async () => (await world.service.store.readSchedule('HTS Service'))!
  const allEnded = async () => (await runs()).every((run) => !['queued', 'running'].includes(run.state))

  beforeAll(async () => {
    world = await openWorld(SANDBOX, { DHIS2_RETRY_SECONDS: '0', ...(backend === 'postgres' && { REDIS_URL: '' }) })
    const clinic = new Clinic(world.tag)
    for (let i = 0; i < 2; i++) clinic.healthy(`p${i}`)
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterAll(() => world.close())
  beforeEach(async () => {
    await world.db.query('delete from sync_schedule')
    // whatever the test before left
    await reconcile()
    await until(allEnded)
    await world.db.query('delete from sync_run')
    await world.service.queues.schedules.obliterate({ force: true })
  })

  describe('the queue follows the table', () => {
    test('a saved schedule has a scheduler with its timetable in its zone, a paused one has none', async () => {
      await applySchedule(world.service.queues.schedules, await save({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' }))
      expect(await schedulers()).toEqual(['HTS Service · scheduled sync 30 2 * * * Europe/Berlin'])
      await applySchedule(world.service.queues.schedules, await save({ paused: true }))
      expect(await schedulers()).toEqual([])
    })

    test('BullMQ’s next time is the one that we show', async () => {
      const schedule = await save({ cron: '17 3 29 2 *', timeZone: 'Asia/Kathmandu' })
      await applySchedule(world.service.queues.schedules, schedule)
      const [scheduler] = await world.service.queues.schedules.getJobSchedulers(0, -1)
      expect(new Date(scheduler!.next!).toISOString()).toBe('2028-02-28T21:32:00.000Z')
    })

    test('an emptied queue gets its schedulers back, orphans go, and what was changed by hand is mended', async () => {
      const { schedules } = world.service.queues
      const { scheduleId } = await save()
      await schedules.upsertJobScheduler('schedule-999999', { pattern: '* * 1 1 *', tz: 'UTC' }, { name: 'nobody’s' })
      await reconcile()
      expect(await schedulers()).toEqual([`HTS Service · scheduled sync ${NEVER_NOW} Africa/Harare`])

      await schedules.drain(true)
      await reconcile()
      const [scheduler] = await schedules.getJobSchedulers(0, -1)
      expect(await schedules.getJob(`repeat:${scheduleKey(scheduleId)}:${scheduler!.next}`)).toBeDefined()

      await schedules.upsertJobScheduler(scheduleKey(scheduleId), { pattern: '1 1 1 1 *', tz: 'UTC' })
      await reconcile()
      expect(await schedulers()).toEqual([`HTS Service · scheduled sync ${NEVER_NOW} Africa/Harare`])
    })

    test('it follows a renamed mapping', async () => {
      await save()
      await reconcile()
      await world.db.query(`update sync_schedule set mapping_name = 'HTS renamed'`)
      await reconcile()
      expect(await schedulers()).toEqual([`HTS renamed · scheduled sync ${NEVER_NOW} Africa/Harare`])
    })

    test('one that nobody can read leaves the others alone', async () => {
      await world.saveMappings([mappingOf('tb')])
      await save()
      await world.db.query(`
        insert into sync_schedule (mapping_name, cron, time_zone, paused, comment, attended_at, modified_by, modified_at)
        values ('AAA', 'whenever', 'UTC', false, '', now(), 'psql', now())`)
      await reconcile()
      expect(await schedulers()).toEqual([`HTS Service · scheduled sync ${NEVER_NOW} Africa/Harare`])
    })
  })

  test('a time makes one sync, however many processes and tries there are', async () => {
    const { scheduleId } = await save({}, new Date(Date.now() - 10 * MINUTES))
    const due = new Date(Date.now() - MINUTES)
    const request = { mappingName: 'HTS Service', requestedBy: 'x', comment: 'x', dryRun: false, from: null, to: null, resync: false }
    const start = () => world.service.queues.enqueue({ ...request, schedule: { scheduleId, due, now: new Date() } })
    const run = await start()
    await until(allEnded)
    await expect(start()).rejects.toThrow(NotDueError)
    expect((await runs()).map((r) => r.run_id)).toEqual([run.runId])
    expect((await read()).lastRunId).toBe(run.runId)
  })

  describe('with a worker', () => {
    beforeAll(() => world.service.startSchedules())

    test('each second: a sync in the name of whoever saved it, with its comment', async () => {
      await applySchedule(world.service.queues.schedules, await save({ cron: EVERY_SECOND }))
      await until(async () => (await runs()).length >= 2)
      for (const run of await runs()) expect(run).toMatchObject({ requested_by: 'schedule (clerk)', comment: 'each night' })
      const { lastRunId } = await read()
      expect((await runs()).map((r) => r.run_id)).toContain(lastRunId)
    })

    test('while a sync is going on none is started and none is queued behind it: it is said', async () => {
      const request = { mappingName: 'HTS Service', requestedBy: 'nurse', comment: 'x', dryRun: false, from: null, to: null, resync: false }
      // no jobs: it goes on until it is ended here
      const going = await world.service.store.createRun(request)
      await applySchedule(world.service.queues.schedules, await save({ cron: EVERY_SECOND }))
      await until(async () => (await read()).lastMissed !== null)
      const first = (await read()).lastMissed!.at
      await until(async () => (await read()).lastMissed!.at > first)
      expect((await read()).lastMissed!.reason).toBe('A sync of "HTS Service" was going on, started by nurse.')
      expect(await runs()).toHaveLength(1)
      await world.service.store.finishRun(going.runId, { state: 'cancelled', failure: null, statusInfo: '', moveMarkers: false })
      await until(async () => (await runs()).length > 1)
      const waiting = await world.service.queues.schedules.getJobCounts('waiting', 'failed')
      expect(waiting).toMatchObject({ failed: 0 })
    })

    test('missed while the queue was lost: one sync, not one for each time', async () => {
      await save({ cron: '*/5 * * * *' }, new Date(Date.now() - 600 * MINUTES))
      await reconcile()
      await until(async () => (await runs()).length > 0 && (await allEnded()))
      // what comes after has nothing to catch up with
      await reconcile()
      expect(await world.service.queues.schedules.getJobCountByTypes('waiting', 'active')).toBe(0)
      expect(await runs()).toHaveLength(1)
    })

    test('times before it was saved, or while it was paused, are not missed', async () => {
      await save({ cron: '0 0 1 1 *' })
      await reconcile()
      await save({ cron: '*/5 * * * *', paused: true }, new Date(Date.now() - 600 * MINUTES))
      await reconcile()
      await save({ cron: NEVER_NOW })
      await reconcile()
      expect(await world.service.queues.schedules.getJobCountByTypes('waiting', 'active')).toBe(0)
      expect(await runs()).toEqual([])
    })

    test('a mapping that is no more takes its schedule along', async () => {
      await world.saveMappings([mappingOf('tb', { name: 'Gone' })])
      const gone = (await world.service.store.saveSchedule('Gone', { ...SETTINGS, cron: EVERY_SECOND }, 'clerk', new Date()))!
      await world.db.query(`delete from mapping where mapping_name = 'Gone'`)
      await applySchedule(world.service.queues.schedules, gone)
      await until(async () => (await world.service.store.listSchedules()).length === 0)
      await until(async () => (await schedulers()).length === 0)
      expect(await runs()).toEqual([])
    })
  })

  test('a worker that comes back late has one job to do for all the times that have passed', async () => {
    const late = await openWorld(SANDBOX, { ...(backend === 'postgres' && { REDIS_URL: '' }) })
    try {
      await late.saveMappings([mapping])
      await late.mart([new Clinic(late.tag).service('hts')])
      const saved = (await late.service.store.saveSchedule('HTS Service', { ...SETTINGS, cron: EVERY_SECOND }, 'clerk', new Date()))!
      await applySchedule(late.service.queues.schedules, saved)
      const next = (await late.service.queues.schedules.getJobSchedulers(0, -1))[0]!.next!
      await until(() => Date.now() > next + 3000)
      const started = Date.now()
      await late.service.startSchedules()
      await until(async () => (await late.service.store.readSchedule('HTS Service'))!.lastRunId !== null)
      const missed = async (...states: JobType[]) =>
        (await late.service.queues.schedules.getJobs(states)).map((job) => job.opts.prevMillis ?? 0).filter((due) => due <= started)
      // PostgreSQL reads one state after the other: a job that moves on meanwhile would be in none
      await until(async () => (await missed('completed')).length > 0)
      expect(await missed('completed', 'active', 'waiting', 'failed')).toEqual([next])
    } finally {
      await late.close()
    }
  })
})
