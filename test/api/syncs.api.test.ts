/** Syncs over HTTP, on both queues: begun once, listed, read, cancelled, and what they said. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { COLUMN_OF_NAME, mappingOf } from '../support/clinic-model.ts'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'

const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const
const NAME = MAPPING.name
const NONE = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }

describe.each(BACKENDS)('on %s', (backend) => {
  let api: Api
  beforeAll(async () => {
    api = await openApi({
      workers: true,
      patients: 4,
      env: { SYNC_CHUNK_SIZE: '2', SITE_ID: `cli-${randomUUID()}`, REDIS_URL: backend === 'redis' ? process.env['REDIS_URL'] : '' },
    })
  })
  afterAll(() => api.close())
  beforeEach(async () => {
    api.site.sandbox.control.latency = 0
    api.site.sandbox.control.clearFaults()
    await allEnded()
  })

  const start = (body: object = {}, headers: Record<string, string> = {}) =>
    api.call('POST', '/syncs', { body: { mapping: NAME, comment: 'weekly', ...body }, headers })
  const read = async (id: string) => (await api.call('GET', `/syncs/${id}`)).body
  const allEnded = () => until(async () => (await api.call('GET', '/syncs?active=true')).body.rows.length === 0)
  const ended = async (id: string) => {
    await until(async () => (await read(id)).endedAt !== null)
    return read(id)
  }
  /** something to send */
  const changed = (name: string) => {
    for (const patient of api.site.clinic.patients) patient.values = { ...patient.values, [COLUMN_OF_NAME]: name }
    return api.site.mart().then(() => api.site.db.query(`update mart.hts_instance_table set date_created = now()`))
  }
  const audits = () => api.site.db.query('select user_name, type, message from sync_audit order by audit_id')
  const lastLog = () => api.site.db.query('select status, synced_by, comments from log order by log_id desc limit 1')

  test('begun: 202 at once, with its address; at its end all is in DHIS2 and in the log', async () => {
    const answer = await start()
    expect(answer.status).toBe(202)
    const { id } = answer.body
    expect(answer.headers.get('location')).toBe(`/api/v1/syncs/${id}`)
    expect(answer.body).toMatchObject({ mapping: NAME, state: 'queued', user: USER, comment: 'weekly', dryRun: false, startedAt: null })
    const sync = await ended(id)
    expect(sync).toMatchObject({
      state: 'succeeded',
      failure: null,
      counts: { trackedEntity: { ...NONE, created: 4 }, enrollment: { ...NONE, created: 4 }, event: { ...NONE, created: 8 } },
      percent: 100,
      secondsLeft: null,
    })
    expect(sync.recordsPerSecond).toBeGreaterThan(0)
    expect(sync.steps.map((s: { name: string; state: string; chunksDone: number }) => [s.name, s.state, s.chunksDone])).toEqual([
      ['snapshot', 'succeeded', 1],
      ['patients', 'succeeded', 2],
      ['enrollments', 'succeeded', 0],
      ['new-completed', 'succeeded', 0],
      ['updated-completed', 'succeeded', 0],
      ['new-active', 'succeeded', 2],
      ['updated-active', 'succeeded', 0],
      ['finish', 'succeeded', 1],
    ])
    expect(await lastLog()).toEqual([{ status: 'success', synced_by: USER, comments: 'weekly' }])
  })

  test('the user is who is signed in, whatever the body says', async () => {
    const answer = await start({ user: 'mallory', requestedBy: 'mallory' })
    expect(answer.body.user).toBe(USER)
    await ended(answer.body.id)
    expect((await audits()).at(-1)).toEqual({
      user_name: USER,
      type: 'SEND_DATA_TO_DHIS',
      message: `User ${USER} started a sync of "${NAME}"`,
    })
  })

  test.each([
    [{ comment: '   ' }, 'body.comment', 'Please provide comments'],
    [{ comment: undefined }, 'body.comment', ''],
    [{ mapping: '' }, 'body.mapping', ''],
    [{ from: '2024-01-01' }, 'body', '"from" and "to" go together'],
    [{ from: '2024-02-01', to: '2024-01-01' }, 'body', '"from" not after "to"'],
    [{ from: '2024-02-30', to: '2024-03-01' }, 'body.from', ''],
    [{ from: '0000-01-01', to: '2024-03-01' }, 'body.from', 'no year 0'],
  ])('refused: %j', async (body, at, message) => {
    const answer = await start(body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    expect(answer.body.problems).toMatchObject([{ at, message: expect.stringContaining(message) as string }])
  })

  test('a mapping that is none: 404, also with a key, which stays free', async () => {
    const key = { 'idempotency-key': randomUUID() }
    expect(await start({ mapping: 'No such' }, key)).toMatchObject({ status: 404, body: { code: 'not-found' } })
    const begun = await start({}, key)
    expect(begun.status).toBe(202)
    await ended(begun.body.id)
  })

  test('while one goes on a second is refused, and told which; a dry run too', async () => {
    await changed('slow')
    api.site.sandbox.control.latency = 200
    const first = await start()
    for (const body of [{}, { dryRun: true }]) {
      const second = await start(body)
      expect(second).toMatchObject({ status: 409, body: { code: 'sync-active', syncId: first.body.id } })
      expect(second.body.detail).toBe(`A sync of "${NAME}" is going on already. Wait for its end, or cancel it.`)
    }
    api.site.sandbox.control.latency = 0
    await ended(first.body.id)
  })

  describe('with an Idempotency-Key', () => {
    const key = () => ({ 'idempotency-key': randomUUID() })

    test('the same again: the same answer, and nothing is begun', async () => {
      const same = key()
      const first = await start({}, same)
      await ended(first.body.id)
      const before = await audits()
      const again = await start({}, same)
      expect(await audits()).toEqual(before)
      expect(again.status).toBe(202)
      expect(again.body).toEqual(first.body)
      expect(again.headers.get('location')).toBe(first.headers.get('location'))
    })

    test('twins at the same time are one sync', async () => {
      const same = key()
      const twins = await Promise.all(Array.from({ length: 12 }, () => start({}, same)))
      expect(twins.map((twin) => twin.status)).toEqual(twins.map(() => 202))
      expect(new Set(twins.map((twin) => twin.body.id)).size).toBe(1)
      await ended(twins[0]!.body.id)
    })

    test('of another content: refused', async () => {
      const same = key()
      const { body } = await start({}, same)
      await ended(body.id)
      const answer = await start({ comment: 'another' }, same)
      expect(answer).toMatchObject({ status: 409, body: { code: 'key-reused' } })
    })

    test('of another user, or a day later: another sync', async () => {
      const same = key()
      const first = await start({}, same)
      await ended(first.body.id)
      await api.site.db.query(`update sync_request set requested_by = 'somebody else' where run_id = $1`, [first.body.id])
      const second = await start({ comment: 'mine' }, same)
      await ended(second.body.id)
      await api.site.db.query(`update sync_request set asked_at = asked_at - interval '25 hours'`)
      const third = await start({ comment: 'the next day' }, same)
      await ended(third.body.id)
      expect(new Set([first, second, third].map((answer) => answer.body.id)).size).toBe(3)
      // what is old is not kept
      expect(await api.site.db.query('select run_id::text from sync_request')).toEqual([{ run_id: third.body.id }])
    })

    test('a start that was refused because one goes on may be tried again with its key', async () => {
      await changed('busy')
      api.site.sandbox.control.latency = 200
      const first = await start()
      const same = key()
      expect(await start({ comment: 'mine' }, same)).toMatchObject({ status: 409, body: { code: 'sync-active' } })
      api.site.sandbox.control.latency = 0
      await ended(first.body.id)
      const second = await start({ comment: 'mine' }, same)
      expect(second.status).toBe(202)
      await ended(second.body.id)
    })
  })

  test('a run that nobody works on is settled by the next start', async () => {
    const abandoned = await api.service.store.createRun({
      mappingName: NAME,
      requestedBy: 'gone',
      comment: 'its process died before its jobs were there',
      dryRun: false,
      from: null,
      to: null,
      resync: false,
    })
    expect((await start()).body).toMatchObject({ code: 'sync-active', syncId: abandoned.runId })
    await api.site.db.query(`update sync_run set alive_at = now() - interval '31 seconds' where run_id = $1`, [abandoned.runId])
    const begun = await start()
    expect(begun.status).toBe(202)
    await ended(begun.body.id)
    const sync = await read(abandoned.runId)
    expect(sync).toMatchObject({ state: 'failed', failure: expect.stringContaining('cut off') as string })
    expect(sync.steps.map((s: { state: string }) => s.state)).toEqual(Array.from({ length: 8 }, () => 'skipped'))
  })

  describe('cancelled', () => {
    test('it ends after the requests in flight; twice is once, and after its end it is too late', async () => {
      await changed('cancelled')
      api.site.sandbox.control.latency = 300
      const { body } = await start()
      await until(async () => (await read(body.id)).steps[1].chunksDone > 0)
      const cancelled = await api.call('POST', `/syncs/${body.id}/cancel`)
      expect(cancelled).toMatchObject({ status: 202, body: { id: body.id, cancelRequested: true } })
      expect((await api.call('POST', `/syncs/${body.id}/cancel`)).status).toBe(202)
      expect((await audits()).at(-1)).toEqual({
        user_name: USER,
        type: 'CANCEL_SYNC',
        message: `User ${USER} cancelled the sync of "${NAME}"`,
      })
      expect((await read(body.id)).secondsLeft).toBeNull()
      const sync = await ended(body.id)
      expect(sync.state).toBe('cancelled')
      expect(sync.percent).toBeLessThan(100)
      const late = await api.call('POST', `/syncs/${body.id}/cancel`)
      expect(late).toMatchObject({ status: 409, body: { code: 'sync-ended' } })
    })

    test('one that nobody works on ends at once', async () => {
      const request = { requestedBy: 'gone', comment: '-', dryRun: false, from: null, to: null, resync: false }
      const { runId } = await api.service.store.createRun({ mappingName: NAME, ...request })
      await api.site.db.query(`update sync_run set alive_at = now() - interval '31 seconds' where run_id = $1`, [runId])
      expect(await api.call('POST', `/syncs/${runId}/cancel`)).toMatchObject({ status: 202, body: { state: 'cancelled' } })
      expect(await lastLog()).toMatchObject([{ status: 'failed', synced_by: 'gone' }])
    })
  })

  test.each(['', '/log', '/warnings', '/progress'])('one that is none: 404 at /syncs/…%s', async (what) => {
    expect(await api.call('GET', `/syncs/${randomUUID()}${what}`)).toMatchObject({ status: 404, body: { code: 'not-found' } })
    expect(await api.call('GET', `/syncs/one${what}`)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
  })
  test('nor can one that is none be cancelled', async () => {
    expect(await api.call('POST', `/syncs/${randomUUID()}/cancel`)).toMatchObject({ status: 404 })
  })

  describe('the list', () => {
    test('page by page, the newest first, each once', async () => {
      for (let i = 0; i < 3; i++) await ended((await start({ comment: `page ${i}` })).body.id)
      const whole = (await api.call('GET', '/syncs?limit=500')).body
      expect(whole.next).toBeNull()
      const pages = []
      for (let after = ''; ;) {
        const { body } = await api.call('GET', `/syncs?limit=2${after}`)
        pages.push(...body.rows)
        if (body.next === null) break
        after = `&after=${body.next}`
      }
      expect(pages).toEqual(whole.rows)
      expect(pages.slice(0, 3).map((row) => row.comment)).toEqual(['page 2', 'page 1', 'page 0'])
    })

    test('runs of one moment are not lost between two pages', async () => {
      const [{ n }] = (await api.site.db.query('select count(*)::int as n from sync_run')) as [{ n: number }]
      await api.site.db.query(`update sync_run set created_at = date_trunc('day', now())`)
      const ids = new Set<string>()
      for (let after = ''; ;) {
        const { body } = await api.call('GET', `/syncs?limit=1${after}`)
        for (const row of body.rows) ids.add(row.id)
        if (body.next === null) break
        after = `&after=${body.next}`
      }
      expect(ids.size).toBe(n)
    })

    test('by mapping and state; a cursor of another list is refused', async () => {
      const all = (await api.call('GET', '/syncs?limit=500')).body.rows
      const of = async (query: string) => (await api.call('GET', `/syncs?limit=500&${query}`)).body.rows
      expect(await of(`mapping=${encodeURIComponent(NAME)}`)).toEqual(all)
      expect(await of('mapping=HTS')).toEqual([])
      expect(await of('state=cancelled')).toEqual(all.filter((row: { state: string }) => row.state === 'cancelled'))
      expect(await of('active=true')).toEqual([])
      expect(await api.call('GET', '/syncs?after=42')).toMatchObject({ status: 400, body: { problems: [{ at: 'query.after' }] } })
    })
  })

  test('the last syncs: of every mapping, the same for everyone, dry runs aside', async () => {
    await api.service.store.saveMappings([mappingOf('tb', { name: 'A new one' })], 'admin')
    const real = await ended((await start({ comment: 'real' })).body.id)
    await ended((await start({ comment: 'dry', dryRun: true })).body.id)
    await changed('last')
    api.site.sandbox.control.latency = 200
    const going = (await start({ comment: 'now' })).body
    const { rows } = (await api.call('GET', '/last-syncs', { as: [] })).body
    expect(rows.map((row: { mapping: string }) => row.mapping)).toEqual(['A new one', NAME])
    expect(rows[0]).toEqual({ mapping: 'A new one', active: null, last: null, lastSuccessAt: null })
    expect(rows[1]).toMatchObject({ active: { id: going.id, percent: expect.any(Number) as number }, last: { id: real.id } })
    const seconds = (at: string) => Math.floor(Date.parse(at) / 1000)
    expect(seconds(rows[1].lastSuccessAt)).toBe(seconds(real.createdAt))
    api.site.sandbox.control.latency = 0
    await ended(going.id)
  })

  test('its log: what the steps and chunks said, in order; and the steps’ story when the queue has forgotten', async () => {
    await changed('logged')
    const { id } = (await start()).body
    await ended(id)
    const { lines } = (await api.call('GET', `/syncs/${id}/log`)).body
    const told = (step: string) =>
      lines.filter((l: { step: string }) => l.step === step).map((l: { chunk: number; text: string }) => [l.chunk, l.text])
    expect(told('patients')).toEqual([
      [null, 'begins, 2 chunks'],
      [expect.any(Number), expect.stringMatching(/^2 in \d+ ms; \d requests? at a time$/)],
      [expect.any(Number), expect.stringMatching(/^2 in \d+ ms; \d requests? at a time$/)],
      [null, 'done: 4 updated'],
    ])
    expect(told('snapshot')[1][1]).toMatch(/^2 chunks; /)
    expect(told('finish').at(-1)).toEqual([null, 'done'])
    const times = lines.map((l: { at: string }) => l.at)
    expect(times).toEqual(times.toSorted())
    for (const patient of api.site.clinic.patients) expect(JSON.stringify(lines)).not.toContain(patient.patientId)

    await api.service.queues.steps.obliterate({ force: true })
    await api.service.queues.chunks.obliterate({ force: true })
    const later = (await api.call('GET', `/syncs/${id}/log`)).body.lines
    expect(later.filter((l: { step: string }) => l.step === 'patients').map((l: { text: string }) => l.text)).toEqual([
      'begins, 2 chunks',
      'done',
      'done',
      'done: 4 updated',
    ])
  })

  test('a failed one: its steps and its log say why', async () => {
    await changed('failing')
    api.site.sandbox.control.inject({
      kind: 'status',
      status: 401,
      body: { message: 'no' },
      method: 'POST',
      path: 'api/tracker',
      times: 1000,
    })
    const sync = await ended((await start()).body.id)
    expect(sync).toMatchObject({ state: 'failed', failure: expect.stringContaining('DHIS2_USERNAME') as string })
    expect(sync.steps[1]).toMatchObject({ name: 'patients', state: 'failed', failure: expect.stringContaining('DHIS2_USERNAME') as string })
    const { lines } = (await api.call('GET', `/syncs/${sync.id}/log`)).body
    const texts = lines.map((l: { text: string }) => l.text)
    expect(texts).toContainEqual(expect.stringMatching(/^failed: DHIS2 .*DHIS2_USERNAME/))
    expect(texts).toContain('not done')
  })

  test('warnings, page by page', async () => {
    const { id } = (await start()).body
    await ended(id)
    await api.site.db.query(
      `insert into sync_snapshot_row (run_id, kind, source, state, patient_id, record_key, hash, warnings)
       select $1, 'event', 0, 'created', 'P' || n, 'K' || n, 'h', case when n % 2 = 0 then '["first", "second"]'::jsonb end from generate_series(1, 10) n`,
      [id],
    )
    const rows = []
    for (let after = ''; ;) {
      const { body } = await api.call('GET', `/syncs/${id}/warnings?limit=2${after}`)
      rows.push(...body.rows)
      if (body.next === null) break
      after = `&after=${body.next}`
    }
    expect(rows.map((row) => `${row.recordKey} ${row.warning}`)).toEqual([2, 4, 6, 8, 10].flatMap((n) => [`K${n} first`, `K${n} second`]))
    expect((await api.call('GET', `/syncs/${id}/warnings?after=${'9'.repeat(30)}`)).status).toBe(400)
  })

  test.each([
    ['POST', '/syncs', ['log']],
    ['GET', '/syncs', []],
    ['GET', `/syncs/${randomUUID()}`, ['mapping']],
    ['GET', `/syncs/${randomUUID()}/warnings`, ['log']],
    ['POST', `/syncs/${randomUUID()}/cancel`, ['log']],
  ] as const)('%s %s is not for everybody', async (method, path, as) => {
    expect((await api.call(method, path, { as, ...(method === 'POST' && { body: {} }) })).status).toBe(403)
    expect((await api.call(method, path, { as: null, ...(method === 'POST' && { body: {} }) })).status).toBe(401)
  })
})
