/** Schedules over HTTP. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { scheduleKey } from '../../queues/jobs.ts'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING } from '../support/site.ts'

let api: Api
const PATH = `/schedules/${encodeURIComponent(MAPPING.name)}`
const BODY = { cron: '30 20 * * *', timeZone: 'Africa/Harare', comment: 'each night' }

beforeAll(async () => {
  api = await openApi({ patients: 0 })
})
afterAll(() => api.close())
beforeEach(() => api.site.db.query('delete from sync_schedule'))

test('saved, it is there with its next five times, and the queue follows it', async () => {
  const saved = await api.call('PUT', PATH, { body: BODY })
  expect(saved.status).toBe(200)
  expect(saved.body).toMatchObject({ ...BODY, mapping: MAPPING.name, paused: false, lastSync: null, lastMissed: null, modifiedBy: USER })
  expect(saved.body.next).toHaveLength(5)
  for (const time of saved.body.next) expect(time).toMatch(/T18:30:00\.000Z$/)
  expect((await api.call('GET', '/schedules')).body.rows).toEqual([saved.body])
  const [scheduler] = await api.service.queues.schedules.getJobSchedulers(0, -1)
  expect(new Date(scheduler!.next!).toISOString()).toBe(saved.body.next[0])
})

test('a paused one has no next times', async () => {
  expect((await api.call('PUT', PATH, { body: { ...BODY, paused: true } })).body).toMatchObject({ paused: true, next: [] })
})

test('run now: a sync in the name of whoever asks; a second is refused and told which goes on', async () => {
  await api.call('PUT', PATH, { body: BODY })
  const run = await api.call('POST', `${PATH}/run`)
  expect(run).toMatchObject({ status: 202, body: { user: USER, comment: BODY.comment, state: 'queued', mapping: MAPPING.name } })
  expect(await api.call('POST', `${PATH}/run`)).toMatchObject({ status: 409, body: { code: 'sync-active', syncId: run.body.id } })
  expect((await api.call('GET', '/schedules')).body.rows[0].lastSync.id).toBe(run.body.id)
})

test('deleted, it is nowhere any more', async () => {
  await api.call('PUT', PATH, { body: BODY })
  const [saved] = await api.service.store.listSchedules()
  expect((await api.call('DELETE', PATH)).status).toBe(204)
  expect(await api.service.queues.schedules.getJobScheduler(scheduleKey(saved!.scheduleId))).toBeUndefined()
  expect((await api.call('DELETE', PATH)).body.code).toBe('not-found')
  expect((await api.call('POST', `${PATH}/run`)).body.code).toBe('not-found')
})

test.each([
  ['no timetable', { ...BODY, cron: '61 * * * *' }, 'body.cron'],
  ['no time zone', { ...BODY, timeZone: 'Mars/Base' }, 'body.timeZone'],
])('%s is refused with the place', async (_what, body, at) => {
  const refused = await api.call('PUT', PATH, { body })
  expect(refused).toMatchObject({ status: 422, body: { code: 'invalid', problems: [{ at }] } })
  expect((await api.call('GET', '/schedules')).body.rows).toEqual([])
})

test('a mapping that is not there', async () => {
  expect((await api.call('PUT', '/schedules/Nothing', { body: BODY })).body.code).toBe('not-found')
})

test('when would it be', async () => {
  const { body } = await api.call('GET', `/schedule-times?cron=${encodeURIComponent('0 0 29 2 *')}&timeZone=UTC`)
  expect(body.next[0]).toBe('2028-02-29T00:00:00.000Z')
  expect((await api.call('GET', '/schedule-times?cron=x&timeZone=UTC')).body).toMatchObject({
    code: 'invalid',
    problems: [{ at: 'query.cron' }],
  })
})

test('one that somebody broke in the database is shown, without times', async () => {
  await api.call('PUT', PATH, { body: BODY })
  await api.site.db.query(`update sync_schedule set cron = 'whenever'`)
  expect((await api.call('GET', '/schedules')).body.rows).toMatchObject([{ cron: 'whenever', next: [] }])
})

test.each([
  ['GET', '/schedules'],
  ['PUT', PATH],
  ['DELETE', PATH],
  ['POST', `${PATH}/run`],
])('%s %s needs the right to sync', async (method, path) => {
  expect((await api.call(method, path, { as: null, body: method === 'PUT' ? BODY : undefined })).status).toBe(401)
  expect((await api.call(method, path, { as: ['log', 'mapping'], body: method === 'PUT' ? BODY : undefined })).status).toBe(403)
})
