/** Live progress: a sync that is followed over server-sent events, from start to end, from its middle, and by many. */
import { randomUUID } from 'node:crypto'
import express from 'express'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { syncOperations } from '../../src/api/contract/syncs.ts'
import { routesOf } from '../../src/api/handler.ts'
import { followSync } from '../../src/api/handlers/syncs/follow-sync.ts'
import { openLive, type Live } from '../../src/api/live.ts'
import { apiRouter } from '../../src/api/router.ts'
import { createApp, listen, type WebServer } from '../../src/api/server.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openService, type Service } from '../../src/service.ts'
import { openApi, type Api } from '../support/api.ts'
import { COLUMN_OF_NAME } from '../support/clinic-model.ts'
import { readEvents, type EventReader, type SentEvent } from '../support/events.ts'
import { MAPPING, until } from '../support/site.ts'

const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const

describe.each(BACKENDS)('on %s', (backend) => {
  let api: Api
  /** another process: no workers, and a database connection of its own */
  let other: { service: Service; web: WebServer; live: Live }
  const readers: EventReader[] = []
  let changes = 0

  beforeAll(async () => {
    const env = { SYNC_CHUNK_SIZE: '1', SITE_ID: `cli-${randomUUID()}`, REDIS_URL: backend === 'redis' ? process.env['REDIS_URL'] : '' }
    api = await openApi({ workers: true, patients: 6, env })
    // later ones are updates
    const id = await begin()
    await until(async () => (await detail(id)).endedAt !== null)
  })
  afterAll(() => api.close())
  beforeEach(async () => {
    api.site.sandbox.control.latency = 0
    const { USER: _, ...env } = api.site.env
    const [config, log] = [readConfig(env, ['database', 'dhis2']), createLog('silent')]
    const service = await openService(config, log)
    const live = openLive({ ...service, config }, Infinity)
    const authenticate = () =>
      Promise.resolve({ name: 'clerk', rights: new Set(['upload'] as const), via: 'local' as const, expiresAt: null })
    const routes = routesOf({ followSync: syncOperations.followSync }, { followSync })
    const app = express().use('/api/v1', apiRouter(routes, { ...service, config, log, authenticate, live }, { checkAnswers: true }))
    other = { service, live, web: await listen(app, '127.0.0.1', 0) }
  })
  afterEach(async () => {
    api.site.sandbox.control.latency = 0
    for (const reader of readers.splice(0)) reader.leave()
    await until(async () => (await api.call('GET', '/syncs?active=true')).body.rows.length === 0)
    other.live.close()
    await other.web.close()
    await other.service.close()
  })

  /** a sync with something to send */
  async function begin(latency = 0): Promise<string> {
    for (const [i, enrollment] of api.site.clinic.enrollments.entries())
      Object.assign(enrollment, {
        status: i < 3 ? 'COMPLETED' : 'ACTIVE',
        incidentDate: `2024-02-${String(10 + (changes % 19)).padStart(2, '0')}`,
      })
    for (const patient of api.site.clinic.patients) patient.values = { ...patient.values, [COLUMN_OF_NAME]: `changed ${++changes}` }
    await api.site.mart()
    for (const table of ['instance_table', 'program_enrollment_table'])
      await api.site.db.query(`update mart.hts_${table} set date_created = now()`)
    api.site.sandbox.control.latency = latency
    return (await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: 'followed' } })).body.id
  }
  async function follow(id: string, { url = api.url, after = '' } = {}): Promise<EventReader> {
    const headers = { authorization: 'Test upload', ...(after && { 'last-event-id': after }) }
    const reader = await readEvents(`${url}/api/v1/syncs/${id}/progress`, headers)
    readers.push(reader)
    return reader
  }
  const numbers = (events: readonly SentEvent[]) => events.map(({ id }) => Number.parseInt(id, 10))
  const isGrowing = (all: readonly number[]) => all.every((n, i) => i === 0 || n > all[i - 1]!)
  const detail = async (id: string) => (await api.call('GET', `/syncs/${id}`)).body

  test.each(['where its workers are', 'in another process'])('from its start to its end, %s', async (where) => {
    const id = await begin(400)
    const reader = await follow(id, where === 'in another process' ? { url: other.web.url } : {})
    expect(reader.response.status).toBe(200)
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(reader.response.headers.get('cache-control')).toBe('no-store, no-transform')
    const events = await reader.rest()
    expect(reader.text()).toMatch(/^retry: \d+\n/)
    expect(events.slice(0, -1).every(({ event }) => event === 'sync')).toBe(true)
    const end = events.at(-1)!
    expect(end.event).toBe('end')
    const { state, counts, endedAt } = await detail(id)
    expect(end.data).toMatchObject({ id, state, counts, endedAt, percent: 100 })
    expect(end.data).toMatchObject({ state: 'succeeded', counts: { trackedEntity: { updated: 6 } } })
    // the finish step too, though the run's end was written before its own
    expect(end.data.steps.map((step: { state: string }) => step.state)).toEqual(Array.from({ length: 8 }, () => 'succeeded'))
    expect(isGrowing(numbers(events))).toBe(true)
    const percents = events.map(({ data }) => data.percent)
    expect(percents).toEqual(percents.toSorted((a, b) => a - b))
    // chunks were seen to go on
    expect(new Set(events.map(({ data }) => data.steps[1].chunksDone)).size).toBeGreaterThan(2)
    // what is planned is known before it is begun
    const planned = events.find(({ data }) => data.steps[4].state === 'running' && data.steps[6].state === 'queued')
    expect(planned?.data.steps.slice(3, 7).map((step: { chunks: number }) => step.chunks)).toEqual([0, 3, 0, 3])
    for (const patient of api.site.clinic.patients) expect(reader.text()).not.toContain(patient.patientId)
  })

  test('come again in the middle, to another process: the state of now at once, and no event that was there before', async () => {
    const id = await begin(150)
    const first = await follow(id)
    const before: SentEvent[] = []
    while (!before.some(({ data }) => data.steps[1].chunksDone > 0)) before.push((await first.next())!)
    first.leave()
    const last = before.at(-1)!
    const again = await follow(id, { url: other.web.url, after: last.id })
    const now = (await again.next())!
    expect(now.data.steps[1].chunksDone).toBeGreaterThanOrEqual(last.data.steps[1].chunksDone)
    const events = [now, ...(await again.rest())]
    expect(isGrowing(numbers([...before, ...events]))).toBe(true)
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { state: 'succeeded' } })
  })

  test('come again after the end: the end at once, for whoever has not seen it; else nothing is left to come for', async () => {
    const id = await begin()
    const all = await (await follow(id)).rest()
    const end = all.at(-1)!
    for (const after of ['', '1', 'no id of ours']) {
      const events = await (await follow(id, { after })).rest()
      expect(events).toMatchObject([{ event: 'end', data: end.data }])
    }
    const { response } = await follow(id, { after: end.id })
    expect(response.status).toBe(204)
  })

  test('forty who follow one sync: each hears its end, and the database is asked as for one', async () => {
    const id = await begin(100)
    const look = vi.spyOn(api.service.store, 'readProgress')
    const all = await Promise.all(Array.from({ length: 40 }, () => follow(id)))
    const heard = await Promise.all(all.map((reader) => reader.rest()))
    for (const events of heard) expect(events.at(-1)).toMatchObject({ event: 'end', data: { state: 'succeeded' } })
    const most = Math.max(...heard.map((events) => events.length))
    // each look that found something new was heard by all; some found nothing
    expect(look.mock.calls.length).toBeLessThan(40 + most)
    look.mockRestore()
  })

  test('who follows goes away: nothing is looked at for them any more', async () => {
    const id = await begin(100)
    const [one, two] = [await follow(id, { url: other.web.url }), await follow(id, { url: other.web.url })]
    await one.next()
    await two.next()
    expect(other.live.following.watched()).toBe(1)
    one.leave()
    two.leave()
    await until(() => other.live.following.watched() === 0)
    expect((await detail(id)).endedAt).toBeNull()
  })

  test('the server closes: the stream ends without an "end", and goes on at the next server', async () => {
    const { USER: _, ...env } = api.site.env
    const config = readConfig(env, ['database', 'dhis2'])
    const authenticate = () => Promise.resolve({ name: 'clerk', rights: new Set(['log'] as const), via: 'local' as const, expiresAt: null })
    const app = createApp({ ...other.service, config, log: createLog('silent'), authenticate }, { checkAnswers: true })
    const closing = await listen(app, '127.0.0.1', 0)
    const id = await begin(150)
    const reader = await follow(id, { url: closing.url })
    const first = (await reader.next())!
    const rest = reader.rest()
    await closing.close()
    // an end, and not a connection that breaks
    const events = [first, ...(await rest)]
    expect(events.every(({ event }) => event === 'sync')).toBe(true)
    const next = await (await follow(id, { after: events.at(-1)!.id })).rest()
    expect(isGrowing(numbers([...events, ...next]))).toBe(true)
    expect(next.at(-1)).toMatchObject({ event: 'end', data: { state: 'succeeded' } })
  })

  test('one that is cancelled ends too', async () => {
    const id = await begin(150)
    const reader = await follow(id)
    await reader.next()
    await api.call('POST', `/syncs/${id}/cancel`)
    const events = await reader.rest()
    expect(events.some(({ event, data }) => event === 'sync' && data.cancelRequested)).toBe(true)
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { state: 'cancelled' } })
  })
})
