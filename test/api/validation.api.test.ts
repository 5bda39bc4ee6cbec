/** Does a mapping fit the Mart and DHIS2? The pure part has a test of its own for each finding. */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '../../src/core/mapping-facts.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { openApi, type Api } from '../support/api.ts'
import { MAPPING } from '../support/site.ts'
import { withColumns } from '../support/with-columns.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 4 })
})
afterAll(() => api.close())
afterEach(() => api.site.mart())

interface Answer {
  findings: Finding[]
  checkedAgainstDhis2: boolean
  dhis2Problem: string | null
}
async function validate(over: Partial<Mapping> = {}, as: ('mapping' | 'upload')[] = ['mapping']): Promise<Answer> {
  const { status, body } = await api.call('POST', '/mapping-validation', { as, body: { ...MAPPING, ...over } })
  expect(status).toBe(200)
  return body
}
const columns = (of: Parameters<typeof withColumns>[1]) => {
  const { name: _, ...changed } = withColumns(MAPPING, of)
  return changed
}

test('the demo’s mapping fits, saved or not', async () => {
  const fits = { findings: [], checkedAgainstDhis2: true, dhis2Problem: null }
  expect(await validate()).toEqual(fits)
  expect((await api.call('GET', '/mappings/HTS%20Service/validation')).body).toEqual(fits)
  expect((await api.call('GET', '/mappings/nobody/validation')).body.code).toBe('not-found')
  expect((await api.call('POST', '/mapping-validation', { as: ['upload'], body: MAPPING })).status).toBe(403)
})

test('UIDs are found for what they are', async () => {
  const { findings } = await validate(
    columns({ instance: { ...MAPPING.instance.columns, Phone: 'DEHtsResul1', Gender: 'PRGHtsTest1', 'First Name': 'nowhere' } }),
  )
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^"First Name" is mapped to attribute nowhere, which DHIS2 does not have/),
    expect.stringMatching(/^"Gender" is mapped to attribute PRGHtsTest1, which is the program ".*" and no attribute/),
    expect.stringMatching(/^"Phone" is mapped to attribute DEHtsResul1, which is the data element "HTS test result" and no attribute/),
  ])
})

test('what the rows name, and their values: counted for all, named for those who may see them', async () => {
  await api.site.db.query(
    `update mart.hts_instance_table set "OrgUnit" = 'ZWNSC-X', "Gender" = 'secret value' where "Patient_Identifier" = 'C-1'`,
  )
  await api.site.db.query(`update mart.hts_program_enrollment_table set program = 'PRGNowhere1' where "Patient_Identifier" = 'C-2'`)
  const mapper = await validate()
  expect(mapper.findings.map(({ message }) => message)).toEqual([
    'DHIS2 does not know 1 org unit code of "hts_instance_table" (1 row): "ZWNSC-X".',
    'Program PRGNowhere1 of "hts_program_enrollment_table" (1 row) is not in DHIS2, or not for our account.',
    '1 of the newest 4 rows (25 %) have a value in "Gender" that DHIS2 refuses for "Gender": it is not an option (Male, Female).',
  ])
  expect(JSON.stringify(mapper)).not.toContain('secret')
  const clerk = await validate({}, ['mapping', 'upload'])
  expect(clerk.findings.at(-1)!.message).toMatch(/for example "secret value"\.$/)
})

test('relations that are not there, or not as they should be', async () => {
  const odd = `x"; drop table mapping; --`
  await api.site.db.query(`alter table mart.hts_program_enrollment_table drop column status`)
  const { findings } = await validate({
    ...columns({ event: { ...MAPPING.events[0]!.columns, "it's 'odd' 😀": 'DEHtsResul1' } }),
    instance: { ...MAPPING.instance, table: odd },
  })
  expect(findings).toMatchObject([
    { severity: 'error', part: 'instance', field: 'table', relation: odd },
    { severity: 'error', part: 'enrollments', field: 'column', column: 'status' },
    { severity: 'error', part: 'events', index: 0, field: 'column', column: "it's 'odd' 😀" },
    { severity: 'warning', part: 'events', field: 'uid' },
  ])
})

test('a view with a mistake in its SQL, and one that may not be read, are findings', async () => {
  await api.site.db.query(`
    alter view mart.hts_program_events_table rename to events_before;
    create view mart.hts_program_events_table as select *, (1 / (v.event_unique_id - v.event_unique_id)) as broken from mart.events_before v`)
  const { findings } = await validate(columns({ event: { ...MAPPING.events[0]!.columns, broken: 'DEHtsTests1' } }))
  expect(findings).toMatchObject([
    { severity: 'warning', part: 'events', field: 'table', message: expect.stringMatching(/fails when it is read/) },
    {},
  ])
  await api.site.db.query('drop view mart.hts_program_events_table; alter view mart.events_before rename to hts_program_events_table')
})

test('our own tables are no relations of the Mart: nobody looks into sessions with a mapping', async () => {
  const same = await openApi({ patients: 0, env: { MART_SCHEMA: 'public' } })
  const peeping = { ...MAPPING.instance, table: 'sync_run', columns: { requested_by: 'TEABirthDt1' } }
  const { body } = await same.call('POST', '/mapping-validation', {
    body: { ...MAPPING, instance: peeping, searchable: [], comparable: [] },
  })
  expect(body.findings[0]).toMatchObject({ part: 'instance', field: 'table', message: 'The Mart has no table or view "sync_run".' })
  expect(body.findings.filter((f: Finding) => f.field === 'value')).toEqual([])
  await same.close()
})

describe('DHIS2 away', () => {
  test('the Mart is looked at, and why DHIS2 was not', async () => {
    api.site.sandbox.control.inject({ kind: 'reset', path: '/api', times: 100 })
    const answer = await validate({ enrollments: { table: 'nowhere', constants: {} } })
    api.site.sandbox.control.clearFaults()
    expect(answer).toMatchObject({
      findings: [{ part: 'enrollments', field: 'table' }],
      checkedAgainstDhis2: false,
      dhis2Problem: expect.stringMatching(/breaks the connection/),
    })
  })
})

test('a Mart that is being rebuilt is waited for, and no longer than that', { timeout: 60_000 }, async () => {
  const rebuilding = new pg.Client({ connectionString: api.site.db.url })
  await rebuilding.connect()
  await rebuilding.query('begin; lock table mart.hts_instance_table in access exclusive mode')
  const { findings } = await validate()
  await rebuilding.end()
  expect(findings).toMatchObject([{ severity: 'warning', part: 'instance', message: '"hts_instance_table" took too long to read.' }])
})
