/** Migration: of nothing, again, at the same time, and of databases that the Java services left. */
import { readdirSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseNewerError, migrate } from '../../sql/migrate.ts'
import { GENERATIONS } from '../support/java-databases.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const databases: TestDatabase[] = []
let db: TestDatabase
beforeEach(async () => {
  db = await createTestDatabase()
  databases.push(db)
})
afterAll(() => Promise.all(databases.map((d) => d.drop())))

const up = (storeSchema = 'public') => migrate({ databaseUrl: db.url, storeSchema })
const ALL = readdirSync('sql/migrations')
  .map((file) => file.replace(/\.sql$/, ''))
  .toSorted()

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
