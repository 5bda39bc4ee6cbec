/** The document's log over HTTP: of the Java services' rows and of ours, as a list and as a file. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'

let api: Api
let syncId: string
beforeAll(async () => {
  api = await openApi({ workers: true, patients: 1, env: { TIME_ZONE: 'Africa/Harare' } })
  await api.site.db.query(`
    insert into log (program, synced_by, comments, status, status_info, date_created, start_date, end_date) values
      ('HTS Service', 'superman', 'Validated on 22 Feb', 'success', '', '2018-12-19 16:30:57', null, null),
      ('TB Service', 'superman', '=HYPERLINK("http://evil")', 'failed', 'He said "no", Please contact Admin team.', '2018-12-19 16:27:50', '2018-12-01', '2018-12-18')`)
  syncId = (await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: 'ours', from: '2024-01-01', to: '2024-12-31' } }))
    .body.id
  await until(async () => (await api.call('GET', `/syncs/${syncId}`)).body.endedAt !== null)
})
afterAll(() => api.close())

const list = async (query = '') => (await api.call('GET', `/logs${query}`, { as: ['log'] })).body

describe('the list', () => {
  test('the newest first, times in UTC, ours with its sync', async () => {
    expect(await list()).toEqual({
      rows: [
        {
          id: 3,
          service: 'HTS Service',
          user: 'clerk',
          comments: 'ours',
          status: 'success',
          statusInfo: '',
          at: expect.any(String) as string,
          from: '2024-01-01',
          to: '2024-12-31',
          syncId,
        },
        {
          id: 2,
          service: 'TB Service',
          user: 'superman',
          comments: '=HYPERLINK("http://evil")',
          status: 'failed',
          statusInfo: 'He said "no", Please contact Admin team.',
          at: '2018-12-19T14:27:50.000Z',
          from: '2018-12-01',
          to: '2018-12-18',
          syncId: null,
        },
        {
          id: 1,
          service: 'HTS Service',
          user: 'superman',
          comments: 'Validated on 22 Feb',
          status: 'success',
          statusInfo: '',
          at: '2018-12-19T14:30:57.000Z',
          from: null,
          to: null,
          syncId: null,
        },
      ],
      older: false,
      newer: false,
    })
  })

  test('filters together, and pages both ways', async () => {
    const ids = (body: { rows: { id: number }[] }) => body.rows.map(({ id }) => id)
    expect(
      ids(await list('?service=service&user=SUPER&status=failed&text=admin&from=2018-12-19T14:27:50Z&to=2018-12-19T14:27:50Z')),
    ).toEqual([2])
    expect(ids(await list('?service=%25'))).toEqual([])
    expect(await list('?limit=1&before=3')).toMatchObject({ rows: [{ id: 2 }], older: true, newer: true })
    expect(await list('?limit=1&after=1')).toMatchObject({ rows: [{ id: 2 }], older: true, newer: true })
  })

  test.each(['?from=yesterday', '?from=0000-01-01T00:00:00Z', '?status=Success', '?before=x', '?limit=0', '?limit=501', '?users=x'])(
    'refused: %s',
    async (query) => {
      expect(await api.call('GET', `/logs${query}`)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    },
  )

  test.each(['/logs', '/logs-csv'])('%s is for those with the right log only', async (path) => {
    expect((await api.call('GET', path, { as: ['upload', 'mapping'] })).status).toBe(403)
    expect((await api.call('GET', path, { as: null })).status).toBe(401)
  })
})

describe('the file', () => {
  test('every row that fits, and nothing that a spreadsheet would run', async () => {
    const answer = await api.call('GET', '/logs-csv?user=superman')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=sync-log.csv')
    expect(answer.text).toBe(
      [
        'Service,Username,Comments,Status,Status Info,Sync Date,Start Date,End Date,Sync',
        `TB Service,superman,"'=HYPERLINK(""http://evil"")",failed,"He said ""no"", Please contact Admin team.",2018-12-19T14:27:50.000Z,2018-12-01,2018-12-18,`,
        'HTS Service,superman,Validated on 22 Feb,success,,2018-12-19T14:30:57.000Z,,,',
        '',
      ].join('\r\n'),
    )
  })

  test('many rows come whole, each once, though more arrive meanwhile', async () => {
    await api.site.db.query(
      `insert into log (program, synced_by, comments, status, status_info, date_created) select 'many', 'm', n::text, 'success', '', now() from generate_series(1, 3500) n`,
    )
    const answer = api.call('GET', '/logs-csv?service=many')
    await api.site.db.query(
      `insert into log (program, status, comments, date_created) select 'many', 'success', 'later', now() from generate_series(1, 50)`,
    )
    const lines = (await answer).text.split('\r\n').slice(1, -1)
    const numbers = lines.map((line) => line.split(',')[2]!).filter((comment) => comment !== 'later')
    expect(numbers).toEqual(Array.from({ length: 3500 }, (_, i) => String(3500 - i)))
  })
})
