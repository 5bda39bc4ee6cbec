/** Migration: of nothing, again, at the same time, and of databases that the Java services left. */
import pg from 'pg'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseNewerError, migrate } from '../../sql/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const databases: TestDatabase[] = []
let db: TestDatabase
beforeEach(async () => {
  db = await createTestDatabase()
  databases.push(db)
})
afterAll(() => Promise.all(databases.map((d) => d.drop())))

const up = (storeSchema = 'public') => migrate({ databaseUrl: db.url, storeSchema })
const ALL = ['0001-tracker-tables', '0002-runs']

test('a fresh database gets everything, and a second time nothing', async () => {
  expect(await up()).toEqual(ALL)
  expect(await up()).toEqual([])
})

test('a schema of its own is made', async () => {
  await up('dhis2_sync')
  expect(
    await db.query(
      `select table_name from information_schema.tables where table_schema = 'dhis2_sync' and table_name = 'instance_tracker'`,
    ),
  ).toHaveLength(1)
  expect(await db.query(`select table_name from information_schema.tables where table_schema = 'public'`)).toEqual([])
})

test('eight processes at once: one migrates, the others wait', async () => {
  const results = await Promise.all(Array.from({ length: 8 }, () => up()))
  expect(results.filter((done) => done.length > 0)).toEqual([ALL])
})

test('a database that is newer than the program is refused', async () => {
  await up()
  await db.query(`insert into sync_migration (name, run_on) values ('9999-of-the-future', now())`)
  await expect(up()).rejects.toThrow(DatabaseNewerError)
  await expect(up()).rejects.toThrow('9999-of-the-future')
})

const TABLES = ['mapping', 'instance_tracker', 'enrollment_tracker', 'event_tracker', 'marker', 'log'] as const

/** What the services' own migrations end at, without the unique constraints that never came to be, and with rows that would break them. */
const GENERATIONS = {
  '2018': `
    create table mapping (mapping_name text primary key, lookup_table json, mapping_json json, created_by text, date_created timestamp, modified_by text, date_modified timestamp);
    create table instance_tracker (patient_id text, instance_id text, created_by text, date_created timestamp, primary key (instance_id, patient_id));
    create table enrollment_tracker (instance_id text, program text, status text, created_by text, date_created timestamp, enrollment_id text, program_unique_id text, primary key (enrollment_id, program_unique_id));
    create table event_tracker (event_id text primary key, instance_id text, program text, program_stage text, event_unique_id text, created_by text, date_created timestamp);
    create table marker (marker_id serial primary key, program_name text, category text, last_synced_date timestamp);
    create table log (log_id serial primary key, program text, synced_by text, comments text, status text, status_info text, date_created timestamp);
    insert into mapping values ('HTS', '{"instance":"i","enrollments":"e","event":"v"}', '{"instance":{"a":"b"},"event":{"c":"d"}}', 'admin', now(), null, null);
    insert into marker (program_name, category, last_synced_date) values ('HTS', 'instance', '2018-06-17 20:30:00'), ('HTS', 'enrollment', null), ('HTS', 'event', '2018-06-17 20:30:00');`,
  '2020': `
    create table mapping (mapping_name text primary key, lookup_table json, mapping_json json, config json, created_by text, date_created timestamp, modified_by text, date_modified text);
    create table instance_tracker (patient_id text, instance_id text, created_by text, date_created timestamp, primary key (instance_id, patient_id));
    create table enrollment_tracker (instance_id text, program text, status text, created_by text, date_created timestamp, enrollment_id text, program_unique_id text, primary key (enrollment_id, program_unique_id));
    create table event_tracker (event_id text primary key, instance_id text, program text, program_stage text, event_unique_id text, created_by text, date_created timestamp);
    create table orgunit_tracker (orgunit text primary key, id text, date_created timestamp);
    create table marker (marker_id serial primary key, program_name text, category text, last_synced_date timestamp);
    create table log (log_id serial primary key, program text, synced_by text, comments text, status text, status_info text, date_created timestamp, start_date timestamp, end_date timestamp);
    insert into mapping values ('HTS', '{"instance":"i"}', '{}', '{"searchable":[]}', 'admin', now(), null, '2020-01-01 00:00:00');
    insert into marker (program_name, category, last_synced_date) select 'HTS', c, '2020-01-01' from unnest(array['instance','event','new_active_enrollment','new_completed_enrollment','new_cancelled_enrollment','updated_active_enrollment','updated_completed_enrollment','updated_cancelled_enrollment']) c;`,
}
const DUPLICATES = `
  insert into instance_tracker values ('P1', 'teiA', 'admin', '2019-01-01'), ('P1', 'teiB', 'admin', '2019-02-01'), ('P2', 'teiA', 'admin', null);
  insert into enrollment_tracker values ('teiA', 'PRG', 'ACTIVE', 'admin', now(), 'enrA', '34'), ('teiA', 'PRG', 'ACTIVE', 'admin', now(), 'enrB', '34');
  insert into event_tracker values ('evA', 'teiA', 'PRG', 'PST', '1049', 'admin', now()), ('evB', 'teiA', 'PRG', 'PST', '1049', 'admin', now());
  insert into log (program, synced_by, comments, status, status_info, date_created) values ('HTS', 'superman', '1', 'pending', '', now());`

describe.each(Object.entries(GENERATIONS))('a database of %s', (_name, schema) => {
  test('is adopted without losing or changing a row', async () => {
    await db.query(schema)
    await db.query(DUPLICATES)
    const read = async () =>
      Object.fromEntries(
        await Promise.all(
          TABLES.map(
            async (table) =>
              [
                table,
                await db.query(
                  `select to_jsonb(t) - 'config' - 'start_date' - 'end_date' - 'date_modified' as row from ${table} t order by 1::text`,
                ),
              ] as const,
          ),
        ),
      )
    const before = await read()
    expect(await up()).toEqual(ALL)
    expect(await read()).toEqual(before)
    expect(before['instance_tracker']).toHaveLength(3)
  })
})

test('a migration waits for one that is going on in another session', async () => {
  const other = new pg.Client({ connectionString: db.url })
  await other.connect()
  await other.query('select pg_advisory_lock(7215032)')
  let done = false
  const migrating = up().then((names) => {
    done = true
    return names
  })
  await db.query(`select pg_sleep(0.3)`)
  expect(done).toBe(false)
  await other.query('select pg_advisory_unlock(7215032)')
  expect(await migrating).toEqual(ALL)
  await other.end()
})
