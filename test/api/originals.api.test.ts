/** The routes of the two Java services, each as an installed Bahmni asks it and reads its answer. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { originalRoutes } from '../../src/api/originals/routes.ts'
import { RIGHTS, type Right } from '../../src/api/contract/operation.ts'
import { mappingParts } from '../../src/core/mapping-file.ts'
import { COLUMN_OF_NAME, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING } from '../support/site.ts'

const PREFIX = '/dhis-integration/api'
let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0, workers: true, env: { TIME_ZONE: 'Africa/Harare' } })
})
afterAll(() => api.close())
beforeEach(async () => {
  await api.site.db.query('delete from log')
  await api.site.db.query(`delete from mapping where mapping_name <> $1`, [MAPPING.name])
})

const get = (path: string, as: readonly Right[] = RIGHTS) => api.call('GET', `${PREFIX}/${path}`, { as })
const put = (path: string, body: unknown, as: readonly Right[] = RIGHTS) =>
  api.call('PUT', path.startsWith('/') ? path : `${PREFIX}/${path}`, { as, body })
/** rows of the log as a Java service wrote them, in the site's time: two hours before UTC */
async function logged(...rows: { program?: string; by?: string | null; status?: string; at: string; from?: string }[]): Promise<number[]> {
  const ids: number[] = []
  for (const { program = MAPPING.name, by = 'superman', status = 'success', at, from = null } of rows) {
    const [row] = await api.site.db.query<{ log_id: number }>(
      `insert into log (program, synced_by, comments, status, status_info, date_created, start_date, end_date) values ($1, $2, '1', $3, '', $4, $5, $5) returning log_id`,
      [program, by, status, at, from],
    )
    ids.push(row!.log_id)
  }
  return ids
}

describe('who may', () => {
  test('nobody without a session: 401 and nothing else, also without any cookie', async () => {
    for (const { method, path } of originalRoutes) {
      const answer = await api.call(method.toUpperCase(), path, { as: null, ...(method === 'put' && { body: {} }) })
      expect([path, answer.status, answer.text]).toEqual([path, 401, ''])
    }
  })

  test.each(originalRoutes.flatMap((route) => RIGHTS.map((right) => ({ ...route, right }))))(
    '$method $path with the right $right',
    async ({ method, path, access, right }) => {
      const answer = await api.call(method.toUpperCase(), path, { as: [right], ...(method === 'put' && { body: '"no such body"' }) })
      const refused = access.length > 0 && !access.includes(right)
      expect(answer.status === 403).toBe(refused)
      if (refused)
        expect(answer.body).toMatchObject({ status: 403, error: 'Forbidden', message: 'Privileges is required to access DHIS2 sync', path })
    },
  )

  test('a page of another site is refused', async () => {
    const answer = await api.call('PUT', `${PREFIX}/syncData`, { body: { service: 'x' }, headers: { origin: 'https://evil.example' } })
    expect(answer.status).toBe(403)
  })
})

test('the page /sync of the web interface is no route of theirs', async () => {
  expect((await api.call('GET', '/sync', { headers: { accept: 'text/html' } })).headers.get('content-type')).toMatch('text/html')
})

test('an address that is none', async () => {
  const { status, body } = await get('nothing?x=1')
  expect(status).toBe(404)
  expect(body).toMatchObject({ status: 404, error: 'Not Found', path: '/dhis-integration/api/nothing' })
  expect(body.message).toMatch(/^Application cannot handle url /)
})

test.each([
  [[], '[app:dhis2sync]'],
  [['log', 'upload'], '[app:dhis2sync, app:dhis2sync:log, app:dhis2sync:upload]'],
] as const)('session: %j are one text', async (rights, privileges) => {
  expect((await get('session', rights)).body).toEqual({ user: USER, privileges })
})

describe('mappings', () => {
  const parts = mappingParts(MAPPING)
  const json = (value: unknown) => ({ type: 'json', value: JSON.stringify(value) })
  const row = {
    mapping_name: MAPPING.name,
    lookup_table: json(parts.lookup_table),
    mapping_json: json(parts.mapping_json),
    config: json(parts.config),
  }

  test('are named, and read as rows with their JSON as text', async () => {
    expect((await get('getMappingNames')).body).toEqual([MAPPING.name])
    expect((await get(`getMapping?mappingName=${encodeURIComponent(MAPPING.name)}`)).body).toEqual(row)
    expect((await get('getAllMappings')).body).toEqual([row])
  })

  test('a row of 2018 has no config', async () => {
    await api.site.db.query(`insert into mapping (mapping_name, lookup_table, mapping_json) values ('Old', '{"instance":"a"}', null)`)
    expect((await get('getMapping?mappingName=Old')).body).toEqual({
      mapping_name: 'Old',
      lookup_table: { type: 'json', value: '{"instance":"a"}' },
      mapping_json: null,
      config: null,
    })
  })

  test('one that is none', async () => {
    const { status, body } = await get('getMapping?mappingName=Nobody%27s')
    expect([status, body.message]).toEqual([500, "Mapping Nobody's not found."])
    const missing = await get('getMapping')
    expect([missing.status, missing.body.message]).toEqual([400, "Required String parameter 'mappingName' is not present"])
  })

  const saving = (name: string, more: Record<string, unknown> = {}) => ({
    mappingName: name,
    lookupTable: JSON.stringify(parts.lookup_table),
    mappingJson: JSON.stringify(parts.mapping_json),
    config: JSON.stringify(parts.config),
    currentMapping: '',
    user: 'somebody else',
    ...more,
  })
  const stored = async (name: string) =>
    (await api.site.db.query(`select created_by, modified_by, config from mapping where mapping_name = $1`, [name]))[0]
  const categories = async (name: string) =>
    (await api.site.db.query<{ category: string }>('select category from marker where program_name = $1', [name])).map((r) => r.category)

  test('a new one is saved under the name of who is signed in, with its markers', async () => {
    const { status, body } = await put('saveMapping', saving('TB Service'))
    expect([status, body]).toEqual([200, { data: 'Successfully Saved Mapping' }])
    expect(await stored('TB Service')).toMatchObject({ created_by: USER, modified_by: null, config: parts.config })
    expect(await categories('TB Service')).toContain('instance')
  })

  test('one is changed, and renamed with its markers', async () => {
    await put('saveMapping', saving('TB Service'))
    const changed = { ...parts.config, openLatestCompletedEnrollment: 'yes' }
    const again = await put('saveMapping', saving('TB Program', { currentMapping: 'TB Service', config: JSON.stringify(changed) }))
    expect(again.body).toEqual({ data: 'Successfully Saved Mapping' })
    expect(await stored('TB Service')).toBeUndefined()
    expect(await stored('TB Program')).toMatchObject({ created_by: USER, modified_by: USER, config: changed })
    expect(await categories('TB Service')).toEqual([])
    expect(await categories('TB Program')).toContain('event')
  })

  test.each([
    ['a name that is taken', saving(MAPPING.name)],
    ['JSON that is none', saving('New', { mappingJson: '{' })],
    ['a mapping to change that is none', saving('New', { currentMapping: 'Nobody' })],
    ['no tables', saving('New', { lookupTable: '{}' })],
    ['an odd name', saving(`New'; drop table mapping; --`)],
  ])('not saved: %s', async (_what, body) => {
    const answer = await put('saveMapping', body)
    expect(answer.status).toBe(500)
    expect(answer.body.message).toMatch(/^Could not add Mapping/)
    expect((await get('getMappingNames')).body).toEqual([MAPPING.name])
  })

  test('are imported from texts: those that there are, and new ones; all or none', async () => {
    const item = (name: string, more: object = {}) =>
      JSON.stringify({
        mapping_name: name,
        lookup_table: JSON.stringify(parts.lookup_table),
        mapping_json: JSON.stringify(parts.mapping_json),
        config: JSON.stringify(parts.config),
        user: 'somebody else',
        ...more,
      })
    const opening = { ...parts.config, openLatestCompletedEnrollment: 'yes' }
    const bad = await put('mappings', [item('One'), item('Two', { mapping_json: '{}' })])
    expect(bad.status).toBe(500)
    expect(bad.body.message).toMatch(/^Could not add Mapping\(s\).*Two/)
    expect(await stored('One')).toBeUndefined()

    const good = await put('mappings', [
      item('One'),
      item(MAPPING.name, { current_mapping: MAPPING.name, config: JSON.stringify(opening) }),
    ])
    expect([good.status, good.body]).toEqual([200, { data: 'Successfully Imported All Mappings' }])
    expect(await stored('One')).toMatchObject({ created_by: USER })
    expect(await stored(MAPPING.name)).toMatchObject({ modified_by: USER, config: opening })
  })
})

describe('the Mart', () => {
  test('its tables and views, and not ours', async () => {
    const { body } = await get('getTables')
    expect(body).toEqual(expect.arrayContaining(['hts_instance_table', 'hts_program_enrollment_table', 'hts_program_events_table']))
    expect(body).not.toContain('mapping')
  })

  test('columns of a table, and none of one that is not there', async () => {
    expect((await get('getColumns?tableName=hts_instance_table')).body).toEqual(
      expect.arrayContaining(['Patient_Identifier', 'OrgUnit', 'date_created', 'UIC', COLUMN_OF_NAME]),
    )
    expect((await get("getColumns?tableName=no'table")).body).toEqual([])
    expect((await get('getColumns')).status).toBe(400)
  })
})

describe('log', () => {
  const NONE = '&user=&service=&getAbove=false&logId=0&onLoad=true'

  test('rows as they are, in UTC', async () => {
    const [id] = await logged({ at: '2018-12-19 18:30:57', from: '2018-12-01' })
    expect((await get(`logs?date=${NONE}`)).body).toEqual([
      {
        log_id: id,
        program: MAPPING.name,
        synced_by: 'superman',
        comments: '1',
        status: 'success',
        status_info: '',
        date_created: '2018-12-19 16:30:57',
        start_date: '2018-11-30T22:00:00.000+0000',
        end_date: '2018-11-30T22:00:00.000+0000',
      },
    ])
  })

  test('filtered: from a time in UTC, by a part of user and service in any case, signs taken as they are', async () => {
    const [old, mine, theirs, , odd] = await logged(
      { at: '2020-01-01 10:00:00' },
      { at: '2020-01-02 10:00:00', by: 'Clark' },
      { at: '2020-01-02 10:00:00', program: 'TB Service' },
      { at: '2020-01-02 10:00:00', by: null },
      { at: '2020-01-02 10:00:00', by: '100%' },
    )
    const ids = async (filter: string) =>
      (await get(`logs?${filter}&getAbove=false&logId=0&onLoad=true`)).body.map((row: { log_id: number }) => row.log_id)
    expect(await ids('date=2020-01-02 08:00:00&user=&service=')).toEqual([odd, theirs, mine])
    expect(await ids('date=2020-01-02 08:00:01&user=&service=')).toEqual([])
    expect(await ids('date=rubbish&user=&service=')).toEqual([odd, theirs, mine, old])
    expect(await ids('date=&user=cLA&service=')).toEqual([mine])
    expect(await ids('date=&user=&service=tb')).toEqual([theirs])
    expect(await ids('date=&user=%25&service=')).toEqual([odd])
    expect(await ids("date=&user=' or 1=1 --&service=")).toEqual([])
  })

  test('ten a page: older ones, and back to newer ones, which come oldest first', async () => {
    const ids = await logged(...Array.from({ length: 23 }, (_, i) => ({ at: `2020-01-01 10:00:${String(i).padStart(2, '0')}` })))
    const page = async (more: string) => (await get(`logs?date=&user=&service=${more}`)).body.map((row: { log_id: number }) => row.log_id)
    const newest = ids.toReversed()
    expect(await page('&getAbove=false&logId=0&onLoad=true')).toEqual(newest.slice(0, 10))
    expect(await page(`&getAbove=false&logId=${newest[9]}&onLoad=false`)).toEqual(newest.slice(10, 20))
    expect(await page(`&getAbove=false&logId=${newest[19]}`)).toEqual(newest.slice(20))
    expect(await page(`&getAbove=true&logId=${newest[10]}&onLoad=false`)).toEqual(newest.slice(0, 10).toReversed())
  })

  test.each(['date', 'user', 'service', 'getAbove', 'logId'])('%s has to be there', async (name) => {
    const query = new URLSearchParams({ date: '', user: '', service: '', getAbove: 'false', logId: '0', onLoad: 'true' })
    query.delete(name)
    const { status, body } = await get(`logs?${query}`)
    expect([status, body.message]).toEqual([400, `Required String parameter '${name}' is not present`])
  })
})

test('when each mapping was last synced, and how the last sync went', async () => {
  expect((await get('getMappingsSyncInfo')).body).toEqual({
    [MAPPING.name]: { date: '', status: '', checkBoxClicked: false, startDate: null, endDate: null },
  })
  await logged({ at: '2018-12-19 18:30:57' }, { at: '2018-12-19 18:40:00', status: 'failed' })
  const info = { date: '2018-12-19 16:30:57', status: 'failed' }
  expect((await get('getMappingsSyncInfo')).body[MAPPING.name]).toMatchObject(info)
  expect((await get('getMappingSyncInfo')).body).toEqual({ [MAPPING.name]: info })
})

describe('preview', () => {
  const preview = async (more = '') => (await get(`getDeltaData?mappingName=${encodeURIComponent(MAPPING.name)}${more}`)).body
  beforeAll(async () => {
    const { clinic } = api.site
    const patient = clinic.patient('1')
    const enrollment = clinic.enroll(patient)
    clinic.visit(enrollment, INITIAL, { eventDate: '2024-03-02' })
    clinic.patient('2', { dateCreated: '2024-04-01 10:00:00' })
    clinic.enroll(clinic.patient('3'), { dateCreated: '2024-03-05 10:00:00' })
    await api.site.mart()
  })

  test('a row for each event with its enrollment and its patient, keys in order', async () => {
    const { result, generatedDate, ...rest } = await preview()
    expect(rest).toEqual({})
    expect(generatedDate).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect(result).toHaveLength(3)
    const [event] = result
    expect(Object.keys(event)).toEqual([
      'Patient Identifier',
      'Org Unit',
      'Date of Birth',
      'First Name',
      'Gender',
      COLUMN_OF_NAME,
      'Phone',
      'UIC',
      'Instance Date Created',
      'Enrollment Date',
      'Incident Date',
      'Enrollment Status',
      'Prog Enrollment Date Created',
      'Event Date',
      'Program',
      'Program Stage',
      'Event Status',
      'Date of HIV test',
      'HIV result given to client ?',
      'Have you had a cough?',
      'Next appointment',
      'Notes',
      'Tests in the last 12 months',
      'Visit number',
      'Event Date Created',
    ])
    expect(event).toMatchObject({
      'Patient Identifier': 'C-1',
      'Org Unit': 'C-01',
      'First Name': 'Asha 1',
      'Instance Date Created': '2024-03-01 10:00:00',
      'Enrollment Date': '2024-03-01',
      'Enrollment Status': 'ACTIVE',
      'Event Date': '2024-03-02',
      Program: HTS,
      'Program Stage': INITIAL,
      'Have you had a cough?': true,
      'Visit number': null,
    })
    expect(result[1]).toMatchObject({ 'Patient Identifier': 'C-3', 'Event Date': null, 'Enrollment Status': 'ACTIVE' })
    expect(result[2]).toMatchObject({ 'Patient Identifier': 'C-2', Program: null, 'Instance Date Created': '2024-04-01 10:00:00' })
  })

  test('of a period, with days as the page writes them', async () => {
    const ids = async (more: string) => (await preview(more)).result.map((row: Record<string, unknown>) => row['Patient Identifier'])
    expect(await ids('&startDate=2024-4-1&endDate=2024-4-1')).toEqual(['C-2'])
    expect((await get(`getDeltaData?mappingName=${encodeURIComponent(MAPPING.name)}&startDate=2024-04-01`)).status).toBe(500)
  })

  test('two failures are answered with 200', async () => {
    expect((await get(`getDeltaData?mappingName=No'body`)).body).toMatchObject({ error: "No mapping specified with the name No'body" })
    await api.service.store.saveMappings([mappingOf('hts', { name: 'Broken', instance: { ...MAPPING.instance, table: 'gone' } })], 'admin')
    expect((await get('getDeltaData?mappingName=Broken')).body).toMatchObject({
      error: 'There is an error in the preview. Please contact Admin.',
    })
  })
})

describe.each([
  ['syncData', `${PREFIX}/syncData`, 'NO DATA TO SYNC'],
  ['pushData', '/sync/pushData', '500 NO DATA TO SYNC'],
])('%s', (name, path, nothing) => {
  const body = { service: MAPPING.name, user: 'somebody else', comment: name, startDate: '', endDate: '' }

  test('starts a sync of who is signed in, and says when there is nothing to sync', async () => {
    await api.site.db.query('update marker set last_synced_date = null')
    await api.site.db.query('delete from sync_confirmed')
    const started = await put(path, body)
    expect([started.status, started.text]).toEqual([200, ''])
    await vi.waitUntil(async () => (await api.site.db.query(`select from log where status = 'pending'`)).length === 0, 60_000)
    expect(await api.site.db.query('select program, synced_by, comments, status from log')).toEqual([
      { program: MAPPING.name, synced_by: USER, comments: name, status: 'success' },
    ])
    const again = await put(path, body)
    expect([again.status, again.body]).toMatchObject([500, { status: 500, error: 'Internal Server Error', message: nothing, path }])
  })

  test('one at a time', async () => {
    const run = await api.service.store.createRun({
      mappingName: MAPPING.name,
      requestedBy: 'a',
      comment: 'b',
      dryRun: true,
      from: null,
      to: null,
      resync: false,
    })
    const answer = await put(path, body)
    expect([answer.status, answer.body.message]).toEqual([500, expect.stringContaining('is going on already')])
    await api.service.store.finishRun(run.runId, { state: 'failed', failure: 'a test', statusInfo: '', moveMarkers: false })
  })

  test('what cannot be synced', async () => {
    expect((await put(path, { ...body, service: `x'; drop table log` })).status).toBe(500)
    expect((await put(path, { ...body, startDate: '2024-03-01' })).status).toBe(500)
    expect((await put(path, '{')).status).toBe(400)
    expect((await put(path, '[]')).status).toBe(400)
  })
})
