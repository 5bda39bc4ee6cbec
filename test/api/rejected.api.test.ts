/** The work list of rejected records over HTTP, on both queues: looked at, sent again, dismissed, opened again. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MartPatient } from '../../src/sandbox/mart/service.ts'
import { COLUMN_OF_NAME, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'

const BACKENDS = ['postgres', ...(process.env['REDIS_URL'] ? ['redis'] : [])] as const
const LATER = '2024-05-01 10:00:00'

const BAD = [
  ['retry', { comment: '-' }, 'body', 'either "ids" or "filter"'],
  ['retry', { ids: ['1'], filter: {}, comment: '-' }, 'body', 'either "ids" or "filter"'],
  ['retry', { ids: ['1'], comment: ' ' }, 'body.comment', 'Please provide comments'],
  ['dismiss', { ids: ['1'] }, 'body.reason', ''],
  ['dismiss', { ids: ['1'], reason: '' }, 'body.reason', 'Please say why'],
  ['dismiss', { ids: [], reason: 'x' }, 'body.ids', ''],
  ['dismiss', { ids: ['1; drop table log'], reason: 'x' }, 'body.ids.0', 'no id'],
  ['reopen', { ids: ['9'.repeat(19)] }, 'body.ids.0', 'no id'],
  ['reopen', { filter: { statee: 'open' } }, 'body.filter', 'statee'],
] as const

describe.each(BACKENDS)('on %s', (backend) => {
  let api: Api
  let lost: MartPatient
  let first: string
  beforeEach(async () => {
    api = await openApi({
      workers: true,
      patients: 1,
      mapping: { ...MAPPING, onRejected: 'continue' },
      env: { SITE_ID: `cli-${randomUUID()}`, REDIS_URL: backend === 'redis' ? process.env['REDIS_URL'] : '' },
    })
    const { clinic } = api.site
    lost = clinic.healthy('lost')
    Object.assign(lost, { orgUnit: null })
    for (let i = 0; i < 6; i++)
      clinic.visit(clinic.enroll(clinic.patient(`ill ${i}`)), INITIAL, {}, { 'HIV result given to client ?': '=maybe' })
    await api.site.mart()
    first = await sync()
  })
  afterEach(() => api.close())

  const ended = async (id: string) => {
    await until(async () => (await api.call('GET', `/syncs/${id}`)).body.endedAt !== null)
    return (await api.call('GET', `/syncs/${id}`)).body
  }
  async function sync() {
    const { id } = (await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: 'all' } })).body
    await ended(id)
    return id as string
  }
  const list = async (query = '') => (await api.call('GET', `/rejected${query}`)).body.rows
  const groups = async (query = '') => (await api.call('GET', `/rejected-groups${query}`)).body.rows
  const post = (what: string, body: object, as: ('upload' | 'log')[] = ['upload']) => api.call('POST', `/rejected/${what}`, { body, as })
  const audits = async () =>
    await api.site.db.query<{ type: string; message: string }>(
      `select type, message from sync_audit where type like '%REJECTED' order by audit_id`,
    )

  test('the list: each with what a clerk needs, page by page', async () => {
    const all = await list('?limit=500')
    expect(all).toHaveLength(10)
    expect(all.find((r: { code: string }) => r.code === 'org-unit-missing')).toEqual({
      id: expect.stringMatching(/^\d+$/) as string,
      mapping: MAPPING.name,
      kind: 'trackedEntity',
      recordKey: lost.patientId,
      patientId: lost.patientId,
      relation: 'hts_instance_table',
      code: 'org-unit-missing',
      title: 'The record has no org unit',
      message: expect.stringContaining(lost.patientId!) as string,
      remedy: expect.stringContaining('facility') as string,
      dhis2Code: null,
      column: 'OrgUnit',
      dhis2Uid: null,
      dhis2Name: null,
      value: null,
      cause: expect.any(String) as string,
      state: 'open',
      attempts: 1,
      syncId: first,
      firstAt: expect.any(String) as string,
      lastAt: expect.any(String) as string,
      dismissedBy: null,
      dismissedReason: null,
      dismissedAt: null,
      erased: false,
    })
    const pages = []
    for (let after = ''; ;) {
      const { body } = await api.call('GET', `/rejected?limit=3${after}`)
      pages.push(...body.rows)
      if (body.next === null) break
      after = `&after=${body.next}`
    }
    expect(pages).toEqual(all)
  })

  test('filters, alone and together; a cursor or a sync that is none is refused', async () => {
    const codes = async (query: string) => [...new Set((await list(query)).map((r: { code: string }) => r.code))]
    expect(await codes('?code=value-not-an-option')).toEqual(['value-not-an-option'])
    expect(await codes('?kind=trackedEntity')).toEqual(['org-unit-missing'])
    expect(await list(`?patient=${lost.patientId}`)).toHaveLength(4)
    expect(
      await list(`?patient=${lost.patientId}&kind=event&state=open&mapping=${encodeURIComponent(MAPPING.name)}&sync=${first}`),
    ).toHaveLength(2)
    expect(await list(`?sync=${randomUUID()}`)).toEqual([])
    expect(await list('?code=no-such-code')).toEqual([])
    expect(await list('?state=dismissed')).toEqual([])
    for (const query of ['after=x', 'sync=1', 'state=closed', 'kind=person', `after=${'9'.repeat(30)}`])
      expect((await api.call('GET', `/rejected?${query}`)).status).toBe(400)
  })

  test('groups: counted by cause, and a cause leads to its records', async () => {
    const found = await groups()
    expect(
      found.map((g: { code: string; records: number; patients: number; value: string | null }) => [g.code, g.records, g.patients, g.value]),
    ).toEqual([
      ['value-not-an-option', 6, 6, '=maybe'],
      ['parent-rejected', 3, 1, null],
      ['org-unit-missing', 1, 1, null],
    ])
    expect(found[0]).toMatchObject({
      title: expect.any(String) as string,
      remedy: expect.any(String) as string,
      kinds: ['event'],
      mappings: [MAPPING.name],
    })
    const records = await list(`?cause=${found[0].cause}`)
    expect(records).toHaveLength(6)
    expect(new Set(records.map((r: { cause: string }) => r.cause))).toEqual(new Set([found[0].cause]))
    expect(await groups(`?cause=${found[1].cause}`)).toEqual([found[1]])
  })

  test('the file: what the filter says, and nothing that a spreadsheet would run', async () => {
    const answer = await api.call('GET', '/rejected-csv?code=value-not-an-option', { as: ['log'] })
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toContain('rejected-records.csv')
    const lines = answer.text.split('\r\n')
    expect(lines[0]).toMatch(/^Number,Mapping,State,/)
    expect(lines).toHaveLength(8)
    expect(lines[1]).toContain(`,'=maybe,`)
  })

  describe('sent again', () => {
    test('only the chosen, with what waits for them; each of their mappings has a sync, and others are told', async () => {
      Object.assign(lost, { orgUnit: 'C-01', dateCreated: LATER })
      await api.site.mart()
      const [{ id }] = await list('?code=org-unit-missing')
      const answer = await post('retry', { ids: [id], comment: 'mended' })
      expect(answer.status).toBe(202)
      expect(answer.body).toEqual({ records: 1, syncs: [{ mapping: MAPPING.name, id: expect.any(String) as string }], refused: [] })
      const done = await ended(answer.body.syncs[0].id)
      expect(done).toMatchObject({
        state: 'succeeded',
        retry: true,
        user: USER,
        comment: 'mended',
        counts: { trackedEntity: { created: 1 }, event: { created: 2 } },
      })
      expect(await list('?state=open')).toHaveLength(6)
      expect(await list('?state=settled')).toHaveLength(4)
      expect(await audits()).toEqual([
        { type: 'RETRY_REJECTED', message: `User ${USER} sent 1 rejected record of "${MAPPING.name}" again` },
      ])
    })

    test('those of a filter; what is not open is not sent, whatever is asked for', async () => {
      const [cause] = await groups('?code=value-not-an-option')
      await post('dismiss', { filter: { patient: lost.patientId }, reason: 'not ours' })
      expect((await post('retry', { filter: { state: 'dismissed' }, comment: '-' })).body).toEqual({ records: 0, syncs: [], refused: [] })
      const answer = await post('retry', { filter: { cause: cause.cause }, comment: '-' })
      expect(answer.body).toMatchObject({ records: 6, syncs: [{ mapping: MAPPING.name }] })
      await ended(answer.body.syncs[0].id)
      const tried = await list()
      expect(tried.map((r: { attempts: number; state: string }) => `${r.state} ${r.attempts}`).toSorted()).toEqual([
        ...Array.from({ length: 4 }, () => 'dismissed 1'),
        ...Array.from({ length: 6 }, () => 'open 2'),
      ])
    })

    test('a mapping of which a sync goes on is refused, the others are sent', async () => {
      await api.service.store.saveMappings([mappingOf('hts', { name: 'Other', onRejected: 'continue' })], 'admin')
      const other = (await api.call('POST', '/syncs', { body: { mapping: 'Other', comment: '-' } })).body.id
      await ended(other)
      for (const patient of api.site.clinic.patients) patient.values = { ...patient.values, [COLUMN_OF_NAME]: 'new' }
      await api.site.mart()
      await api.site.db.query('update mart.hts_instance_table set date_created = now()')
      api.site.sandbox.control.latency = 300
      const going = (await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: 'slow' } })).body.id
      const { body } = await post('retry', { filter: {}, comment: 'all of them' })
      api.site.sandbox.control.latency = 0
      expect(body.syncs).toEqual([{ mapping: 'Other', id: expect.any(String) as string }])
      expect(body.refused).toEqual([
        {
          mapping: MAPPING.name,
          syncId: going,
          message: `A sync of "${MAPPING.name}" is going on already. Wait for its end, or cancel it.`,
        },
      ])
      expect(body.records).toBe((await list('?mapping=Other&state=open')).length)
      await ended(going)
      await ended(body.syncs[0].id)
    })
  })

  test('dismissed with a reason, and opened again: in the name of who is signed in, and written down', async () => {
    const ids = (await list('?code=value-not-an-option')).map((r: { id: string }) => r.id).slice(0, 2)
    expect((await post('dismiss', { ids, reason: 'a test of the lab', user: 'mallory' })).body).toEqual({ records: 2 })
    const dismissed = await list('?state=dismissed')
    expect(dismissed).toMatchObject(
      ids.map((id: string) => ({ id, dismissedBy: USER, dismissedReason: 'a test of the lab', dismissedAt: expect.any(String) as string })),
    )
    // those that are dismissed already are not dismissed again
    expect((await post('dismiss', { filter: { code: 'value-not-an-option' }, reason: 'all' })).body).toEqual({ records: 4 })
    expect((await post('reopen', { ids: [...ids, '999999'] })).body).toEqual({ records: 2 })
    expect((await post('reopen', { ids })).body).toEqual({ records: 0 })
    expect(await list('?state=dismissed')).toHaveLength(4)
    expect(await audits()).toEqual([
      { type: 'DISMISS_REJECTED', message: `User ${USER} dismissed 2 rejected records` },
      { type: 'DISMISS_REJECTED', message: `User ${USER} dismissed 4 rejected records` },
      { type: 'REOPEN_REJECTED', message: `User ${USER} opened 2 rejected records again` },
    ])
  })

  test('refused, with what is wrong', async () => {
    for (const [what, body, at, message] of BAD) {
      const answer = await post(what, body)
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad-request' } })
      expect(answer.body.problems).toContainEqual({ at, message: expect.stringContaining(message) as string })
    }
  })

  test('who may only read may change nothing; who may neither sees nothing', async () => {
    for (const what of ['retry', 'dismiss', 'reopen'])
      expect((await post(what, { ids: ['1'], comment: '-', reason: '-' }, ['log'])).status).toBe(403)
    for (const path of ['/rejected', '/rejected-csv', '/rejected-groups']) {
      expect((await api.call('GET', path, { as: [] })).status).toBe(403)
      expect((await api.call('GET', path, { as: ['log'] })).status).toBe(200)
    }
    expect(await list('?state=open')).toHaveLength(10)
  })

  test('one that is erased tells what it was, and not of whom', async () => {
    await post('dismiss', { filter: {}, reason: '-' })
    await api.site.db.query(`update sync_rejected set last_at = now() - interval '100 days', dismissed_at = now() - interval '100 days'`)
    await api.service.store.eraseOlderThan(90)
    const all = await list()
    expect(all).toHaveLength(10)
    for (const r of all) expect(r).toMatchObject({ patientId: null, recordKey: null, value: null, title: expect.any(String) as string })
    const text = JSON.stringify(all) + (await api.call('GET', '/rejected-csv')).text
    for (const patient of api.site.clinic.patients) expect(text).not.toContain(patient.patientId)
  })
})
