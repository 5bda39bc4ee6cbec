/** The audit over HTTP: page by page, the newest first. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0 })
  for (let n = 1; n <= 7; n++)
    await api.service.store.recordAudit({
      user: n % 2 ? 'Maria' : 'bob',
      type: n < 4 ? 'SAVE_DHIS_MAPPING' : 'CANCEL_SYNC',
      message: `no. ${n}`,
      requestId: null,
    })
})
afterAll(() => api.close())
const list = async (query: string) =>
  (await api.call('GET', `/audit?${query}`, { as: ['log'] })).body as { rows: { id: string; message: string }[]; older: boolean }
const messages = async (query: string) => (await list(query)).rows.map((row) => row.message)

test('pages follow one another without a gap, and the last one says so', async () => {
  const first = await list('limit=3')
  expect(first).toEqual({
    rows: [
      { id: '7', at: expect.stringMatching(/^20\d\d-.*Z$/), user: 'Maria', type: 'CANCEL_SYNC', message: 'no. 7' },
      expect.objectContaining({ id: '6' }),
      expect.objectContaining({ id: '5' }),
    ],
    older: true,
  })
  const second = await list('limit=3&before=5')
  expect([second.rows.map((row) => row.id), second.older]).toEqual([['4', '3', '2'], true])
  const last = await list('limit=3&before=2')
  expect([last.rows.map((row) => row.id), last.older]).toEqual([['1'], false])
  expect(await list('limit=7')).toMatchObject({ older: false })
})
test('of a user, in any case, of a type, of a time', async () => {
  expect(await messages('user=MAR&type=SAVE_DHIS_MAPPING')).toEqual(['no. 3', 'no. 1'])
  expect(await messages('type=SAVE')).toEqual([])
  const [{ at }] = (await api.call('GET', '/audit?before=5&limit=1')).body.rows as [{ at: string }]
  expect(await messages(`from=${at}`)).toContain('no. 5')
  expect(await messages(`to=2020-01-01T00:00:00Z`)).toEqual([])
  expect(await messages('from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z')).toHaveLength(7)
})
test.each(['before=x', 'before=99999999999999999999', 'limit=0', 'limit=501', 'from=yesterday', 'from=2026-13-01T00:00:00Z'])(
  '%s is refused',
  async (query) => {
    expect((await api.call('GET', `/audit?${query}`)).body).toMatchObject({
      status: 400,
      problems: [{ at: `query.${query.split('=')[0]}` }],
    })
  },
)
