/** Whatever names a mapping has to follow when it gets another name. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMED } from '../../sql/store/mapping-names.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createMigratedDatabase()
})
afterAll(() => db.drop())

/** Of the tracker tables it is DHIS2's program. */
const TRACKERS = ['enrollment_tracker', 'event_tracker', 'sync_snapshot_row']

test('no table that names a mapping is forgotten', async () => {
  const columns = await db.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and c.relname <> 'mapping' and c.relname <> all ($1)
       and (a.attname ~ 'mapping' or a.attname in ('program', 'program_name', 'service')) and format_type(a.atttypid, null) = 'text'
     order by 1, 2`,
    [TRACKERS],
  )
  expect(NAMED.map(({ table, column }) => ({ table, column })).toSorted((a, b) => (a.table < b.table ? -1 : 1))).toEqual(columns)
})
