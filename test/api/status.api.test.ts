/** The state of the whole, and what was delivered by day. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStatus } from '../../src/api/status.ts'
import { readConfig } from '../../src/config.ts'
import { openApi, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

describe('the state', () => {
  let api: Api
  let proxy: TcpProxy
  beforeAll(async () => {
    api = await openApi({ workers: true, patients: 1 })
    const url = new URL(api.site.sandbox.url)
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
    await until(async () => (await api.service.queues.countWorkers()) === 1)
  })
  afterAll(async () => {
    await api.close()
    await proxy.close()
  })

  function open(parts: object = {}, times = { keptMs: 0, limitMs: 20_000 }) {
    const { USER: _, ...env } = api.site.env
    const config = readConfig({ ...env, DHIS2_URL: `http://127.0.0.1:${proxy.address.port}` }, ['database', 'dhis2'])
    return openStatus({ ...api.service, config, ...parts }, times)
  }

  test('all is well', async () => {
    const { status, body } = await api.call('GET', '/status', { as: [] })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      dhis2: { ok: true, text: expect.stringMatching(/^DHIS2 2\.41\S* answers, tracker API\.$/) as string },
      mart: { ok: true, text: 'The Mart has what the mapping asks for.' },
      queue: { ok: true, text: 'The queue in PostgreSQL answers, and 1 process works on syncs.' },
      openRejected: 0,
    })
  })

  test('for some seconds the answer is the same', async () => {
    const first = (await api.call('GET', '/status')).body
    const asked = api.site.sandbox.control.requests().length
    for (let i = 0; i < 5; i++) expect((await api.call('GET', '/status')).body).toEqual(first)
    expect(api.site.sandbox.control.requests().length).toBe(asked)
  })

  test('DHIS2 refuses our account, or is away: said in a sentence, the others are as they are', async () => {
    const status = open()
    api.site.sandbox.control.inject({
      kind: 'status',
      status: 401,
      body: { message: 'no' },
      method: 'GET',
      path: 'api/system/info',
      times: 1,
    })
    expect(await status.read()).toMatchObject({
      dhis2: { ok: false, text: expect.stringContaining('DHIS2_USERNAME') as string },
      mart: { ok: true },
    })
    proxy.cut()
    expect(await status.read()).toMatchObject({
      dhis2: { ok: false, text: expect.stringContaining('Check the network and DHIS2_URL') as string },
      queue: { ok: true },
    })
    proxy.mend()
    await until(async () => (await status.read()).dhis2.ok)
    status.close()
  })

  test('a part that hangs is not waited for, and is asked once', async () => {
    let asked = 0
    const hanging = () => {
      asked++
      return new Promise<never>(() => {})
    }
    const status = open({ store: { ...api.service.store, findMart: hanging, countRejected: hanging } }, { keptMs: 0, limitMs: 200 })
    for (let i = 0; i < 3; i++)
      expect(await status.read()).toMatchObject({
        mart: { ok: false, text: 'The database does not answer in time.' },
        openRejected: null,
      })
    expect(asked).toBe(2)
    status.close()
  })

  test('a mapping whose relation is not in the Mart is named; nobody who works on syncs is missed', async () => {
    await api.site.db.query('alter table mart.hts_program_events_table rename to away')
    const status = open({ queues: { ...api.service.queues, countWorkers: () => Promise.resolve(0) } })
    const { mart, queue } = await status.read()
    expect(mart).toEqual({ ok: false, text: expect.stringContaining('"hts_program_events_table" is not in the Mart') as string })
    expect(queue).toEqual({ ok: false, text: expect.stringMatching(/^No process works on syncs/) as string })
    status.close()
  })
})

describe('statistics', () => {
  let api: Api
  // where it is another day than in UTC, whenever this is run
  const zone = new Date().getUTCHours() >= 10 ? 'Pacific/Kiritimati' : 'Pacific/Midway'
  beforeAll(async () => {
    api = await openApi({ workers: true, patients: 2, env: { TIME_ZONE: zone } })
  })
  afterAll(() => api.close())
  const sync = async (body: object = {}) => {
    const { id } = (await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: '-', ...body } })).body
    await until(async () => (await api.call('GET', `/syncs/${id}`)).body.endedAt !== null)
    return id
  }
  const read = async (days: number) => (await api.call('GET', `/statistics?days=${days}`, { as: [] })).body.rows
  const dayOf = (daysAgo: number) =>
    api.site.db
      .query<{ day: string }>(`select ((now() at time zone '${zone}')::date - $1::int)::text as day`, [daysAgo])
      .then((rows) => rows[0]!.day)
  const none = { created: 0, updated: 0, unchanged: 0, rejected: 0 }

  test('each day of the site by outcome, zeros where nothing was; dry runs aside', async () => {
    const id = await sync()
    await sync({ dryRun: true, resync: true })
    const created = { ...none, created: 8 }
    expect(await read(1)).toEqual([{ day: await dayOf(0), ...created }])
    expect(await read(3)).toEqual([
      { day: await dayOf(2), ...none },
      { day: await dayOf(1), ...none },
      { day: await dayOf(0), ...created },
    ])
    await api.site.db.query('update sync_count set day = day - 1 where run_id = $1', [id])
    expect(await read(2)).toEqual([
      { day: await dayOf(1), ...created },
      { day: await dayOf(0), ...none },
    ])
    expect(await read(1)).toEqual([{ day: await dayOf(0), ...none }])
    expect(await read(366)).toHaveLength(366)
  })

  test.each(['0', '367', 'x'])('refused: %s days', async (days) => {
    expect((await api.call('GET', `/statistics?days=${days}`)).status).toBe(400)
  })
})
