/** The Mart's relations and columns, to choose from in a mapping. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'

/** Names that people and machines give. */
const ODD = `Patient's "age"; drop table mapping -- <b>&amp;</b> 😀`

let api: Api
beforeAll(async () => {
  // in one schema with our tables, as the Java services had it
  api = await openApi({ patients: 0, env: { MART_SCHEMA: 'public' } })
  await api.site.db.query(`
    create table databasechangelog (id text);
    create table databasechangeloglock (id text);
    create table batch_job_execution_params (id text);
    create table batch_step_execution (id text);
    create table orgunit_tracker (orgunit text);
    create table batch_of_medicine (drug text);
    create table "HTS instance" ("Patient_Identifier" text, "Date of Birth" date, "${ODD.replaceAll('"', '""')}" varchar(300), empty text, age integer, gone text);
    alter table "HTS instance" drop column gone;
    create view hts_view as select * from "HTS instance";
    create materialized view hts_materialized as select 1 as one;
    create table hts_parts (day date, note text) partition by range (day);
    create table hts_parts_2024 partition of hts_parts for values from ('2024-01-01') to ('2025-01-01');
    create view hts_slow as select v as day, pg_sleep(30)::text as slept from generate_series(1, 3) v`)
  await api.site.db.query(
    `insert into "HTS instance" select 'P' || n, '2000-01-01', case when n % 2 = 0 then $1 else ' ' end, null, n from generate_series(1, 20) n`,
    [`=1+1 ${'long '.repeat(50)}`],
  )
})
afterAll(() => api.close())

const names = async (path = '/mart/relations') => (await api.call('GET', path)).body.rows.map((row: { name: string }) => row.name)

describe('relations', () => {
  test('tables and views of every sort, without ours and other programs’ books', async () => {
    const { status, body } = await api.call('GET', '/mart/relations')
    expect(status).toBe(200)
    expect(body.rows).toEqual([
      { name: 'HTS instance', type: 'table' },
      { name: 'batch_of_medicine', type: 'table' },
      { name: 'hts_materialized', type: 'view' },
      { name: 'hts_parts', type: 'table' },
      { name: 'hts_slow', type: 'view' },
      { name: 'hts_view', type: 'view' },
    ])
  })

  test('by a part of the name, in any case; signs of patterns and of SQL are letters like others', async () => {
    expect(await names('/mart/relations?search=TS_V')).toEqual(['hts_view'])
    expect(await names('/mart/relations?search=%25')).toEqual([])
    expect(await names(`/mart/relations?search=${encodeURIComponent("' or true --")}`)).toEqual([])
    expect(await names('/mart/relations?search=MAPPING')).toEqual([])
  })

  test('in another schema than ours, a Mart may have names like ours', async () => {
    const other = await openApi({ patients: 0, env: { MART_SCHEMA: 'mart' } })
    await other.site.db.query('create table mart.log (id integer); create table mart.sync_of_clocks (id integer)')
    const { body } = await other.call('GET', '/mart/relations')
    expect(body.rows.map((row: { name: string }) => row.name)).toEqual([
      'hts_instance_table',
      'hts_program_enrollment_table',
      'hts_program_events_table',
      'hts_visits',
      'log',
      'sync_of_clocks',
    ])
    await other.close()
  })

  test('are for those who map or send', async () => {
    expect((await api.call('GET', '/mart/relations', { as: ['mapping'] })).status).toBe(200)
    expect((await api.call('GET', '/mart/relations', { as: ['log'] })).body.code).toBe('forbidden')
  })
})

describe('columns', () => {
  test('in their order, with a few different values', async () => {
    const { status, body } = await api.call('GET', '/mart/relations/HTS%20instance/columns')
    expect(status).toBe(200)
    expect(body.rows).toEqual([
      { name: 'Patient_Identifier', type: 'text', samples: ['P1', 'P2', 'P3', 'P4', 'P5'] },
      { name: 'Date of Birth', type: 'date', samples: ['2000-01-01'] },
      { name: ODD, type: 'character varying(300)', samples: [expect.stringMatching(/^=1\+1 long .{40,60}$/)] },
      { name: 'empty', type: 'text', samples: [] },
      { name: 'age', type: 'integer', samples: ['1', '2', '3', '4', '5'] },
    ])
  })

  test('values are patient data: only for those who send', async () => {
    const { body } = await api.call('GET', '/mart/relations/HTS%20instance/columns', { as: ['mapping'] })
    expect(body.rows.map((row: { samples: unknown }) => row.samples)).toEqual([null, null, null, null, null])
  })

  test('of a slow view come without values', async () => {
    const { body } = await api.call('GET', '/mart/relations/hts_slow/columns')
    expect(body.rows).toEqual([
      { name: 'day', type: 'integer', samples: null },
      { name: 'slept', type: 'text', samples: null },
    ])
    // and nothing goes on behind our back
    expect(
      await api.site.db.query(
        `select pid from pg_stat_activity where state = 'active' and query like '%hts_slow%' and pid <> pg_backend_pid()`,
      ),
    ).toEqual([])
  })

  test('of a table that Bahmni Mart is rebuilding come without values', async () => {
    const rebuilding = new pg.Client({ connectionString: api.site.db.url })
    await rebuilding.connect()
    await rebuilding.query('begin; lock table hts_parts in access exclusive mode')
    const { body } = await api.call('GET', '/mart/relations/hts_parts/columns')
    expect(body.rows).toEqual([
      { name: 'day', type: 'date', samples: null },
      { name: 'note', type: 'text', samples: null },
    ])
    await rebuilding.end()
  })

  test.each(['nothing', 'mapping', 'sync_run', 'databasechangelog', 'pg_class', `"HTS instance"`, `HTS instance" where false --`])(
    '%s is none of the Mart’s relations',
    async (name) => {
      const { status, body } = await api.call('GET', `/mart/relations/${encodeURIComponent(name)}/columns`)
      expect(status).toBe(404)
      expect(body.detail).toContain(`"${name}"`)
    },
  )
})
