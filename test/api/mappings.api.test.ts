/** Mappings over HTTP: read, written, renamed, deleted, imported, exported. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatMappingFile, mappingParts } from '../../src/core/mapping-file.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING } from '../support/site.ts'

/** Names that people and machines give. */
const ODD = `O'Hara "x"; drop table mapping; -- <b>&</b> 😀 `

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 1 })
})
afterAll(() => api.close())
beforeEach(async () => {
  await api.site.db.query(`
    truncate sync_audit, sync_schedule, sync_run, sync_confirmed, sync_rejected, sync_doubt, log, marker, mapping, instance_tracker, enrollment_tracker, event_tracker cascade`)
  await api.service.store.saveMappings([MAPPING], 'admin')
})

const at = (name: string) => `/mappings/${encodeURIComponent(name)}`
const read = async (name: string) => (await api.call('GET', at(name))).body as { mapping: Mapping; etag: string }
const replace = (name: string, body: unknown, etag?: string) =>
  api.call('PUT', at(name), { body, headers: { ...(etag !== undefined && { 'if-match': etag }) } })
const markers = () => api.site.db.query('select program_name, category, last_synced_date from marker order by program_name, category')
const names = async () =>
  (await api.site.db.query<{ mapping_name: string }>('select mapping_name from mapping order by 1')).map((m) => m.mapping_name)
/** A row for the mapping in everything that names one. */
async function history(name: string, state = 'succeeded'): Promise<void> {
  const run = '00000000-0000-4000-8000-000000000001'
  await api.site.db.query(
    `insert into sync_run (run_id, mapping_name, mapping, state, requested_by, comment, dry_run, resync) values ($1, $2, '{}', $3, 'clerk', '', false, false)`,
    [run, name, state],
  )
  await api.site.db.query(
    `insert into sync_snapshot_row (run_id, kind, source, state, patient_id, record_key, hash) values ($1, 'trackedEntity', 0, 'created', 'P1', 'P1', 'h')`,
    [run],
  )
  await api.site.db.query(
    `insert into sync_confirmed (mapping_name, kind, record_key, uid, hash, run_id) values ($1, 'trackedEntity', 'P1', 'UIDofPerson', 'h', $2)`,
    [name, run],
  )
  await api.site.db.query(`insert into sync_doubt (mapping_name, kind, record_key) values ($1, 'trackedEntity', 'P1')`, [name])
  await api.site.db.query(
    `insert into sync_rejected (mapping_name, kind, record_key, patient_id, relation, code, rejection, cause, hash, run_id) values ($1, 'trackedEntity', 'P1', 'P1', 'r', 'gone', '{}', 'c', 'h', $2)`,
    [name, run],
  )
  await api.site.db.query(`insert into log (program, synced_by, status) values ($1, 'clerk', 'success')`, [name])
  await schedule(name)
  await api.site.db.query(`update marker set last_synced_date = '2024-03-01' where program_name = $1`, [name])
  await api.site.db.query(`insert into instance_tracker (patient_id, instance_id) values ('P1', 'UIDofPerson')`)
}
const schedule = (name: string) =>
  api.service.store.saveSchedule(name, { cron: '0 6 * * *', timeZone: 'UTC', paused: false, comment: 'daily' }, 'clerk', new Date())
const audit = async () => (await api.service.store.listAudit({}, 10)).map(({ user, type, message }) => [user, type, message])
/** How many rows of each table name the mapping. */
async function naming(name: string): Promise<Record<string, number>> {
  const [row] = await api.site.db.query<Record<string, number>>(
    `select (select count(*)::int from marker where program_name = $1) as marker, (select count(*)::int from log where program = $1) as log,
      (select count(*)::int from sync_run where mapping_name = $1) as runs, (select count(*)::int from sync_confirmed where mapping_name = $1) as confirmed,
      (select count(*)::int from sync_doubt where mapping_name = $1) as doubt, (select count(*)::int from sync_rejected where mapping_name = $1) as rejected,
      (select count(*)::int from sync_schedule where mapping_name = $1) as schedules`,
    [name],
  )
  return row!
}

describe('reading', () => {
  test('a list by name, found by a part of it in any case', async () => {
    await api.service.store.saveMappings([{ ...MAPPING, name: 'Été 100' }], 'other')
    const { status, body } = await api.call('GET', '/mappings', { as: ['upload'] })
    expect(status).toBe(200)
    expect(body.rows).toMatchObject([
      {
        name: 'HTS Service',
        instance: 'hts_instance_table',
        enrollments: 'hts_program_enrollment_table',
        events: ['hts_program_events_table'],
        createdBy: 'admin',
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        modifiedBy: null,
        modifiedAt: null,
      },
      { name: 'Été 100', createdBy: 'other' },
    ])
    expect((await api.call('GET', '/mappings?search=s%20SERV')).body.rows).toHaveLength(1)
    expect((await api.call('GET', `/mappings?search=${encodeURIComponent("%' or true --")}`)).body.rows).toEqual([])
  })

  test('one, with the ETag that it has until its content changes', async () => {
    const { status, body, headers } = await api.call('GET', at(MAPPING.name))
    expect(status).toBe(200)
    expect(body.mapping).toEqual(MAPPING)
    expect(headers.get('etag')).toBe(body.etag)
    expect(body.etag).toMatch(/^"[\w-]+"$/)
    expect((await read(MAPPING.name)).etag).toBe(body.etag)
    await api.service.store.saveMappings([{ ...MAPPING, openLatestCompletedEnrollment: 'yes' }], 'other')
    expect((await read(MAPPING.name)).etag).not.toBe(body.etag)
  })

  test('one that a Java service of 2018 left: without config, names from HTML, who and when', async () => {
    await api.site.db.query(
      `insert into mapping (mapping_name, lookup_table, mapping_json, created_by, date_created, modified_by, date_modified)
       values ('Old', $1, $2, 'Super Man', '2018-11-02 08:09:10', 'Rudo', '2020-01-02 03:04:05')`,
      [
        JSON.stringify(JSON.stringify({ instance: 'i', enrollments: 'n', event: 'e' })),
        JSON.stringify({ instance: { 'Age &lt; 5': 'TEAUicCode1' }, event: { x: 'DEHtsResul1' } }),
      ],
    )
    const { body } = await api.call('GET', at('Old'))
    expect(body).toMatchObject({
      mapping: {
        instance: { columns: { 'Age < 5': 'TEAUicCode1' } },
        searchable: [],
        openLatestCompletedEnrollment: 'no',
        onRejected: 'stop',
      },
      createdBy: 'Super Man',
      createdAt: '2018-11-02T08:09:10.000Z',
      modifiedBy: 'Rudo',
      modifiedAt: '2020-01-02T03:04:05.000Z',
    })
  })

  test.each(['nothing', ODD, 'a%2Fb', '..%2Fmappings', 'x'.repeat(200)])('there is no %s', async (name) => {
    const { status, body } = await api.call('GET', `/mappings/${name === ODD ? encodeURIComponent(name) : name}`)
    expect([status, body.code]).toEqual([404, 'not-found'])
  })

  test('is for those who map or send, writing for those who map', async () => {
    expect((await api.call('GET', '/mappings', { as: ['log'] })).status).toBe(403)
    expect((await api.call('GET', at(MAPPING.name), { as: ['upload'] })).status).toBe(200)
    expect((await api.call('POST', '/mappings', { as: ['upload'], body: MAPPING })).status).toBe(403)
    expect((await api.call('PUT', at(MAPPING.name), { as: ['upload'], body: MAPPING })).status).toBe(403)
    expect((await api.call('DELETE', at(MAPPING.name), { as: ['upload', 'log'] })).status).toBe(403)
    expect((await api.call('POST', '/mapping-file', { as: ['upload', 'log'], body: [] })).status).toBe(403)
    expect((await api.call('GET', '/mapping-file', { as: ['upload'] })).status).toBe(403)
  })
})

describe('adding', () => {
  const odd: Mapping = {
    ...MAPPING,
    name: 'Été 2024',
    instance: {
      table: ODD.trim(),
      columns: { [ODD]: 'TEAUicCode1', "it's": 'TEAFirstNm1', __proto__x: '' },
      constants: { OrgUnit: `C-'01"` },
      translations: { [ODD]: { "O'x": '\\ "😀' } },
    },
    events: [
      { table: 'one', columns: { a: 'DEHtsResul1' }, constants: { program_stage: 'PSTHtsInit1' }, translations: {} },
      { table: 'one', columns: { a: 'DEHtsResul1' }, constants: { program_stage: 'PSTHtsFoll1' }, translations: {} },
    ],
    searchable: [ODD],
    comparable: ["it's"],
    onRejected: 'continue',
    chunkSize: 7,
  }

  test('whatever its names are: it is read as it was written, by whom the session says, with markers from the beginning', async () => {
    const { status, body, headers } = await api.call('POST', '/mappings', { body: { ...odd, createdBy: 'somebody else' } })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/api/v1/mappings/%C3%89t%C3%A9%202024')
    expect(headers.get('etag')).toBe(body.etag)
    // an empty UID is none
    const { __proto__x: _, ...columns } = odd.instance.columns
    expect(body).toMatchObject({ createdBy: USER, modifiedBy: null })
    expect(body.mapping).toEqual({ ...odd, instance: { ...odd.instance, columns } })
    expect((await read('Été 2024')).mapping).toEqual(body.mapping)
    expect(await markers()).toEqual(
      ['HTS Service', 'Été 2024'].flatMap((program_name) =>
        ['enrollment', 'event', 'instance'].map((category) => ({ program_name, category, last_synced_date: null })),
      ),
    )
  })

  test('a name that there is', async () => {
    const { status, body } = await api.call('POST', '/mappings', { body: { ...MAPPING, name: ` ${MAPPING.name} ` } })
    expect([status, body.code]).toEqual([409, 'name-taken'])
    expect(body.detail).toContain('"HTS Service"')
  })

  test('the same by two at once: one of them', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => api.call('POST', '/mappings', { body: { ...MAPPING, name: 'Twin' } })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409])
    expect(await names()).toEqual(['HTS Service', 'Twin'])
    expect((await markers()).filter((row) => row['program_name'] === 'Twin')).toHaveLength(3)
  })

  test.each<[string, object, number, RegExp]>([
    ['a name with a quote', { name: "O'Hara" }, 400, /only letters, numbers and spaces/],
    ['a name with HTML', { name: '<b>x</b>' }, 400, /only letters, numbers and spaces/],
    ['a name with an emoji', { name: 'x 😀' }, 400, /only letters, numbers and spaces/],
    ['no name', { name: '  ' }, 400, /provide a mapping name/],
    ['a name of 201 characters', { name: 'x'.repeat(201) }, 400, /body\.name/],
    ['no event relation', { events: [] }, 400, /body\.events/],
    [
      'no columns',
      { instance: { ...MAPPING.instance, columns: { UIC: ' ' } }, searchable: [], comparable: [] },
      422,
      /Instance mappings is missing/,
    ],
    ['a searchable column that is not mapped', { searchable: ['Phone no'] }, 422, /All searchable values should contain mapping/],
    ['an event table twice', { events: [...MAPPING.events, ...MAPPING.events] }, 422, /can be used again only|used more than once/],
    ['a NUL', { enrollments: { table: 'a\u0000b', constants: {} } }, 400, /NUL/],
    ['half a character', { instance: { ...MAPPING.instance, translations: { UIC: { '\ud83d': 'x' } } } }, 400, /half of a pair/],
    ['a translation of a column that is not mapped', { instance: { ...MAPPING.instance, translations: { nobody: { a: 'b' } } } }, 201, /./],
  ])('%s', async (_what, over, status, detail) => {
    const answer = await api.call('POST', '/mappings', { body: { ...MAPPING, name: 'New one', ...over } })
    expect(answer.status).toBe(status)
    if (status === 201) return
    expect(answer.body.code).toBe(status === 400 ? 'bad-request' : 'invalid')
    expect(answer.body.detail).toMatch(detail)
    expect(answer.body.problems.length).toBeGreaterThan(0)
    expect(await names()).toEqual(['HTS Service'])
  })
})

describe('changing', () => {
  const changed: Mapping = { ...MAPPING, openLatestCompletedEnrollment: 'yes' }

  test('with the ETag that was read; who and when are kept', async () => {
    const { etag } = await read(MAPPING.name)
    const { status, body, headers } = await replace(MAPPING.name, changed, etag)
    expect(status).toBe(200)
    expect(body).toMatchObject({ mapping: changed, createdBy: 'admin', modifiedBy: USER, modifiedAt: expect.stringMatching(/Z$/) })
    expect(body.etag).not.toBe(etag)
    expect(headers.get('etag')).toBe(body.etag)
  })

  test('not without it, and not with an old or a weak one', async () => {
    const { etag } = await read(MAPPING.name)
    expect((await replace(MAPPING.name, changed)).body.code).toBe('precondition-required')
    expect((await replace(MAPPING.name, changed, `W/${etag}`)).body.code).toBe('changed')
    await api.service.store.saveMappings([{ ...MAPPING, chunkSize: 3 }], 'somebody else')
    const late = await replace(MAPPING.name, changed, etag)
    expect([late.status, late.body.code]).toEqual([412, 'changed'])
    expect((await read(MAPPING.name)).mapping.chunkSize).toBe(3)
    expect((await replace(MAPPING.name, changed, `"other", ${(await read(MAPPING.name)).etag}`)).status).toBe(200)
    expect((await replace(MAPPING.name, MAPPING, '*')).status).toBe(200)
  })

  test('two who have read the same: the second is told', async () => {
    const { etag } = await read(MAPPING.name)
    const answers = await Promise.all([1, 2, 3].map((chunkSize) => replace(MAPPING.name, { ...MAPPING, chunkSize }, etag)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412])
  })

  test('one that there is not', async () => {
    expect((await replace('Nobody', MAPPING, '*')).body.code).toBe('not-found')
  })

  test('another name: all that names it follows, and nothing else', async () => {
    await api.service.store.saveMappings([{ ...MAPPING, name: 'Other' }], 'admin')
    await history(MAPPING.name)
    const before = await naming('Other')
    const { etag } = await read(MAPPING.name)
    const { status } = await replace(MAPPING.name, { ...changed, name: 'HTS 2026' }, etag)
    expect(status).toBe(200)
    expect(await names()).toEqual(['HTS 2026', 'Other'])
    expect(await naming('HTS 2026')).toEqual({ marker: 3, log: 1, runs: 1, confirmed: 1, doubt: 1, rejected: 1, schedules: 1 })
    expect(await naming(MAPPING.name)).toEqual({ marker: 0, log: 0, runs: 0, confirmed: 0, doubt: 0, rejected: 0, schedules: 0 })
    expect(await naming('Other')).toEqual(before)
    expect(await api.site.db.query('select count(*)::int as n from sync_snapshot_row')).toEqual([{ n: 1 }])
    expect(await audit()).toEqual([[USER, 'SAVE_DHIS_MAPPING', `User ${USER} changed mapping HTS Service, and renamed it to HTS 2026`]])
  })

  test('another name that there is', async () => {
    await api.service.store.saveMappings([{ ...MAPPING, name: 'Other', chunkSize: 9 }], 'admin')
    await history(MAPPING.name)
    const { status, body } = await replace(MAPPING.name, { ...MAPPING, name: 'Other' }, '*')
    expect([status, body.code]).toEqual([409, 'name-taken'])
    expect((await read('Other')).mapping.chunkSize).toBe(9)
    expect((await naming(MAPPING.name))['confirmed']).toBe(1)
  })

  test.each(['queued', 'running'])('a sync that is %s: its content may be changed, its name not', async (state) => {
    await history(MAPPING.name, state)
    const { status, body } = await replace(MAPPING.name, { ...MAPPING, name: 'HTS 2026' }, '*')
    expect([status, body.code, body.syncId]).toEqual([409, 'sync-active', '00000000-0000-4000-8000-000000000001'])
    expect(await names()).toEqual([MAPPING.name])
    expect((await replace(MAPPING.name, changed, '*')).status).toBe(200)
  })

  test('a sync that begins meanwhile: it has the old name, or finds no mapping; never a run of nobody', async () => {
    for (let i = 0; i < 10; i++) {
      const [from, to] = [`Name ${i}`, `Name ${i} new`]
      await api.service.store.saveMappings([{ ...MAPPING, name: from }], 'admin')
      const request = { mappingName: from, requestedBy: USER, comment: '', dryRun: false, from: null, to: null, resync: false }
      const [renamed, started] = await Promise.allSettled([
        replace(from, { ...MAPPING, name: to }, '*'),
        api.service.store.createRun(request),
      ])
      const code = renamed.status === 'fulfilled' ? renamed.value.status : 0
      expect([code, started.status]).toEqual(code === 200 ? [200, 'rejected'] : [409, 'fulfilled'])
    }
    expect(
      await api.site.db.query('select mapping_name from sync_run where mapping_name not in (select mapping_name from mapping)'),
    ).toEqual([])
  })
})

describe('deleting', () => {
  test('one that never synced goes with its markers', async () => {
    const { etag } = await read(MAPPING.name)
    expect((await api.call('DELETE', at(MAPPING.name), { headers: { 'if-match': '"other"' } })).body.code).toBe('changed')
    const { status, text } = await api.call('DELETE', at(MAPPING.name), { headers: { 'if-match': etag } })
    expect([status, text]).toEqual([204, ''])
    expect([await names(), await markers()]).toEqual([[], []])
    expect((await api.call('DELETE', at(MAPPING.name))).body.code).toBe('not-found')
  })

  test('a timetable is no history: it goes too', async () => {
    await schedule(MAPPING.name)
    expect((await api.call('DELETE', at(MAPPING.name))).status).toBe(204)
    expect(await api.service.store.listSchedules()).toEqual([])
    expect(await audit()).toEqual([[USER, 'DELETE_DHIS_MAPPING', `User ${USER} deleted mapping HTS Service`]])
  })

  test.each([
    ['log', `insert into log (program) values ('HTS Service')`],
    ['sync_doubt', `insert into sync_doubt (mapping_name, kind, record_key) values ('HTS Service', 'event', 'x')`],
    ['marker', `update marker set last_synced_date = '2024-01-01' where program_name = 'HTS Service'`],
  ])('one with history is kept: %s', async (_table, sql) => {
    await api.site.db.query(sql)
    const { status, body } = await api.call('DELETE', at(MAPPING.name))
    expect([status, body.code]).toEqual([409, 'has-history'])
    expect(body.detail).toMatch(/what is in DHIS2 stays/)
    expect(await names()).toEqual([MAPPING.name])
  })

  test('with its history, when asked for: what was done and what DHIS2 has stays written down, patients’ copies do not', async () => {
    await history(MAPPING.name)
    expect((await api.call('DELETE', at(MAPPING.name))).status).toBe(409)
    expect((await api.call('DELETE', `${at(MAPPING.name)}?withHistory=true`)).status).toBe(204)
    expect(await naming(MAPPING.name)).toEqual({ marker: 0, log: 1, runs: 1, confirmed: 0, doubt: 0, rejected: 0, schedules: 0 })
    expect(await api.site.db.query('select * from sync_snapshot_row')).toEqual([])
    expect(await api.site.db.query('select patient_id, instance_id from instance_tracker')).toEqual([
      { patient_id: 'P1', instance_id: 'UIDofPerson' },
    ])
  })

  test('one of the same name begins anew', async () => {
    await history(MAPPING.name)
    await api.call('DELETE', `${at(MAPPING.name)}?withHistory=true`)
    expect((await api.call('POST', '/mappings', { body: MAPPING })).status).toBe(201)
    expect((await markers()).map((row) => row['last_synced_date'])).toEqual([null, null, null])
  })

  test('not while it syncs', async () => {
    await history(MAPPING.name, 'running')
    const { status, body } = await api.call('DELETE', `${at(MAPPING.name)}?withHistory=true`)
    expect([status, body.code]).toEqual([409, 'sync-active'])
  })
})

describe('files', () => {
  const file = (body: unknown, dryRun = false) => api.call('POST', `/mapping-file${dryRun ? '?dryRun=true' : ''}`, { body })
  const OLD = {
    mapping_name: 'Old 2018',
    lookup_table: { instance: 'i', enrollments: 'n', event: 'e' },
    mapping_json: { instance: { 'Age &lt; 5': 'TEAUicCode1' }, event: { "it's": 'DEHtsResul1' } },
  }
  const text = {
    ...OLD,
    mapping_name: 'As text',
    lookup_table: JSON.stringify(OLD.lookup_table),
    mapping_json: JSON.stringify(OLD.mapping_json),
  }

  test('a dry run says what would become of each, and changes nothing', async () => {
    const items = [mappingParts(MAPPING), mappingParts({ ...MAPPING, name: 'New' }), OLD, JSON.stringify(text)]
    const changed = { ...mappingParts(MAPPING), config: { ...mappingParts(MAPPING).config, openLatestCompletedEnrollment: 'yes' } }
    expect((await file(items, true)).body).toEqual({
      imported: false,
      items: [
        { item: 1, name: 'HTS Service', action: 'unchanged', problems: [] },
        { item: 2, name: 'New', action: 'create', problems: [] },
        { item: 3, name: 'Old 2018', action: 'create', problems: [] },
        { item: 4, name: 'As text', action: 'create', problems: [] },
      ],
    })
    expect((await file([changed], true)).body.items).toMatchObject([{ action: 'replace' }])
    expect([await names(), (await markers()).length]).toEqual([['HTS Service'], 3])
    expect((await file(items)).body).toMatchObject({ imported: true, items: [{}, { action: 'create' }, {}, {}] })
    expect(await names()).toEqual(['As text', 'HTS Service', 'New', 'Old 2018'])
    expect((await read('As text')).mapping).toEqual({ ...(await read('Old 2018')).mapping, name: 'As text' })
    expect(await read('New')).toMatchObject({ createdBy: USER })
    expect(await file(items).then(({ body }) => body.items.map((i: { action: string }) => i.action))).toEqual(Array(4).fill('unchanged'))
  })

  test('who imports and exports is written down', async () => {
    await file([OLD], true)
    await file([])
    expect(await audit()).toEqual([])
    await file([OLD])
    await api.call('GET', '/mapping-file')
    await api.call('GET', '/mapping-file?name=Old%202018')
    expect(await audit()).toEqual([
      [USER, 'EXPORT_MAPPING_SERVICE', `User ${USER} exported Old 2018 Mapping Service`],
      [USER, 'EXPORT_ALL_MAPPINGS', `User ${USER} exported all mappings`],
      [USER, 'IMPORT_MAPPING_SERVICE', `User ${USER} imported Old 2018 (create)`],
    ])
  })

  test('all or none: each problem of each item is told', async () => {
    const { status, body } = await file([OLD, { ...OLD, mapping_name: "O'Hara <b>" }, { ...OLD, lookup_table: {} }, 7])
    expect(status).toBe(200)
    expect(body.imported).toBe(false)
    expect(body.items).toMatchObject([
      { item: 1, name: 'Old 2018', action: 'none', problems: [expect.stringMatching(/should be unique/)] },
      { item: 2, name: "O'Hara <b>", action: 'none', problems: [expect.stringMatching(/invalid mapping name/)] },
      { item: 3, name: 'Old 2018', action: 'none' },
      { item: 4, name: null, action: 'none', problems: [expect.stringMatching(/should have value/)] },
    ])
    expect(body.items[2].problems).toHaveLength(4)
    expect(await names()).toEqual(['HTS Service'])
  })

  test.each<[string, unknown, RegExp]>([
    ['an object', OLD, /array of Object/],
    ['nothing', [], /should not be empty/],
    ['null', null, /array of Object/],
    ['a number', 3, /array of Object/],
  ])('%s is no file', async (_what, body, problem) => {
    expect((await file(body)).body).toEqual({
      imported: false,
      items: [{ item: 0, name: null, action: 'none', problems: [expect.stringMatching(problem)] }],
    })
  })

  test('a file that is too large, and one that is no JSON', async () => {
    expect((await file([{ ...OLD, padding: 'x'.repeat(6_000_000) }])).body.code).toBe('too-large')
    expect((await api.call('POST', '/mapping-file', { body: '[{' })).body.code).toBe('bad-request')
  })

  test('an export is the originals’ file, of one or of all', async () => {
    const other = { ...MAPPING, name: 'Other' }
    await api.service.store.saveMappings([other], 'admin')
    const all = await api.call('GET', '/mapping-file')
    expect(`${JSON.stringify(all.body, null, 2)}\n`).toBe(formatMappingFile([MAPPING, other]))
    expect((await api.call('GET', '/mapping-file?name=Other')).body).toEqual([mappingParts(other)])
    expect((await api.call('GET', '/mapping-file?name=nobody')).body.code).toBe('not-found')
    await api.site.db.query('delete from mapping')
    expect((await file(all.body)).body.imported).toBe(true)
    expect((await api.call('GET', '/mapping-file')).body).toEqual(all.body)
  })

  test('its schema is for anyone', async () => {
    const { status, body } = await api.call('GET', '/mapping-file-schema', { as: null })
    expect([status, body.type]).toEqual([200, 'array'])
  })
})
