/** Runs that are old or many go, a little at a time; what must stay stays. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../../sql/migrate.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Outcome, Store } from '../../sql/store/store.ts'
import { createMart } from '../../sql/demo/mart.ts'
import { reject } from '../../src/core/rejection.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createTestDatabase()
  await migrate({ databaseUrl: db.url, storeSchema: 'public' })
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'Africa/Harare', size: 4 })
  store = createStore(pool, openChunkLocks(db.url, 'public', 2), { martSchema: 'mart', storeSchema: 'public', overlapDays: 7 })
})
afterAll(async () => {
  await store.close()
  await db.drop()
})
beforeEach(async () => {
  const tables = await db.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'sync_migration'`,
  )
  await db.query(`truncate ${tables.map((t) => t.name).join(', ')} restart identity cascade`)
})

/** With all that belongs to it: steps, counts, chunks, copies, a row of the log. @returns its id */
async function run(over: { mapping?: string; hours: number; state?: string; dryRun?: boolean; chunks?: number }): Promise<string> {
  const { mapping = 'HTS', hours, state = 'succeeded', dryRun = false, chunks = 3 } = over
  const id = randomUUID()
  const ended = !['queued', 'running'].includes(state)
  const [log] = await db.query<{ log_id: number }>(
    `insert into log (program, synced_by, comments, status, status_info, date_created)
     values ($1, 'clerk', '', 'success', '', now() - make_interval(hours => $2)) returning log_id`,
    [mapping, hours],
  )
  await db.query(
    `insert into sync_run (run_id, mapping_name, mapping, state, requested_by, comment, dry_run, resync, log_id, created_at, ended_at)
     values ($1, $2, $3, $4, 'clerk', '', $5, false, $6, now() - make_interval(hours => $7), case when $8 then now() - make_interval(hours => $7) end)`,
    [id, mapping, mappingOf('hts'), state, dryRun, log!.log_id, hours, ended],
  )
  await db.query(`insert into sync_step (run_id, step, position) values ($1, 'patients', 1)`, [id])
  await db.query(`insert into sync_count (run_id, step, kind, created) values ($1, 'patients', 'trackedEntity', 1)`, [id])
  await db.query(`insert into sync_chunk_done (run_id, step, chunk) select $1, 'patients', n from generate_series(1, $2::int) as n`, [
    id,
    chunks,
  ])
  await db.query(
    `insert into sync_snapshot_row (run_id, kind, source, state, patient_id, record_key, hash) values ($1, 'trackedEntity', 0, 'created', 'P', 'P', '')`,
    [id],
  )
  await db.query(`insert into sync_patient values ($1, 1, 'P')`, [id])
  return id
}
/** one after the other, the oldest first */
async function runs(...all: Parameters<typeof run>[0][]): Promise<string[]> {
  const ids: string[] = []
  for (const one of all) ids.push(await run(one))
  return ids
}
const column = async (query: string) => (await db.query<{ id: string }>(query)).map(({ id }) => id)
const there = () => column('select run_id::text as id from sync_run order by created_at, run_id')
const withCopies = () => column('select run_id::text as id from sync_snapshot_row join sync_run using (run_id) order by created_at')
const DAY = 24

describe('runs', () => {
  test('that ended before so many days go with all that is theirs; their rows of the log stay', async () => {
    const [, , young] = await runs({ hours: 740 * DAY }, { hours: 731 * DAY }, { hours: 729 * DAY })
    expect(await store.pruneRuns(730)).toEqual({ runs: 2, copies: 2 })
    expect(await there()).toEqual([young])
    for (const table of ['sync_step', 'sync_count', 'sync_snapshot_row', 'sync_patient'])
      expect(await column(`select run_id::text as id from ${table}`), table).toEqual([young])
    expect(new Set(await column('select run_id::text as id from sync_chunk_done'))).toEqual(new Set([young]))
    expect(await db.query('select from log')).toHaveLength(3)
    expect((await store.listLog({}, { limit: 10 })).rows.map(({ syncId }) => syncId)).toEqual([young, null, null])
    expect(await store.pruneRuns(730)).toEqual({ runs: 0, copies: 0 })
  })

  test('of a mapping that has very many: the oldest go, and the copies of the oldest that are left', async () => {
    const hours = [50, 49, 48, 47, 46, 45]
    const all = await runs(...hours.map((h) => ({ hours: h })))
    const [other] = await runs({ mapping: 'Other', hours: 60 })
    expect(await store.pruneRuns(730, undefined, { runs: 4, copies: 2 })).toEqual({ runs: 2, copies: 4 })
    expect(await there()).toEqual([other, ...all.slice(2)])
    expect(await withCopies()).toEqual([other, ...all.slice(4)])
    expect(await store.readRun(all[2]!)).toMatchObject({ erasedAt: expect.any(Date), counts: { trackedEntity: { created: 1 } } })
    expect(await store.readRun(all[5]!)).toMatchObject({ erasedAt: null })
  })

  test('that are the last of their kind stay, however old and many', async () => {
    const last = await runs(
      { hours: 9000 * DAY, state: 'succeeded' },
      { hours: 8000 * DAY, state: 'failed' },
      { hours: 7000 * DAY, state: 'succeeded', dryRun: true },
      { hours: 6000 * DAY, state: 'cancelled', dryRun: true },
    )
    expect(await store.pruneRuns(730, undefined, { runs: 1, copies: 1 })).toEqual({ runs: 0, copies: 4 })
    expect(await there()).toEqual(last)
    await runs({ hours: 5000 * DAY, state: 'cancelled' })
    expect(await store.pruneRuns(730, undefined, { runs: 1, copies: 1 })).toEqual({ runs: 1, copies: 1 })
    expect(await there()).not.toContain(last[1])
  })

  test('that go on stay, those that ended within a day, and the copies of those that ended within an hour', async () => {
    const all = await runs({ hours: 900 * DAY, state: 'running' }, { hours: 23 }, { hours: 2 }, { hours: 0 }, { hours: 0 })
    expect(await store.pruneRuns(730, undefined, { runs: 1, copies: 1 })).toEqual({ runs: 0, copies: 2 })
    expect(await there()).toHaveLength(5)
    expect(new Set(await withCopies())).toEqual(new Set([all[0], all[3], all[4]]))
  })

  test('take a schedule and an idempotency key with them as if they had never been', async () => {
    const [old] = await runs({ hours: 800 * DAY }, { hours: 1 })
    await db.query(
      `insert into sync_schedule (mapping_name, cron, time_zone, paused, comment, attended_at, last_run_id, modified_by, modified_at)
       values ('HTS', '0 1 * * *', 'UTC', false, '', now(), $1, 'admin', now())`,
      [old],
    )
    await db.query(`insert into sync_request (requested_by, key, content, run_id) values ('clerk', 'k', '', $1)`, [old])
    expect(await store.pruneRuns(730)).toMatchObject({ runs: 1 })
    expect(await db.query('select last_run_id from sync_schedule')).toEqual([{ last_run_id: null }])
    expect(await db.query('select from sync_request')).toEqual([])
  })
})

test('the work list, the trackers, the markers and what was confirmed stay; of the settled records those go whose details were erased long ago', async () => {
  const [old] = await runs({ hours: 2000 * DAY }, { hours: 1 })
  for (const [key, state, erasedDays] of [
    ['open', 'open', null],
    ['dismissed', 'dismissed', 1900],
    ['settled', 'settled', null],
    ['erased lately', 'settled', 700],
    ['erased long ago', 'settled', 731],
  ] as const)
    await db.query(
      `insert into sync_rejected (mapping_name, kind, record_key, relation, code, rejection, cause, hash, run_id, state, last_at, erased_at)
       values ('HTS', 'event', $1, '', 'value-invalid', '{}', '', '', $2, $3, now() - interval '2000 days', now() - make_interval(days => $4))`,
      [key, old, state, erasedDays],
    )
  await db.query(`insert into marker (program_name, category, last_synced_date) values ('HTS', 'instance', now())`)
  await db.query(`insert into instance_tracker (patient_id, instance_id) values ('P', 'U')`)
  await db.query(`insert into sync_confirmed (mapping_name, kind, record_key, uid, run_id) values ('HTS', 'event', 'open', 'U', $1)`, [old])
  expect(await store.pruneRuns(730)).toMatchObject({ runs: 1 })
  expect(await column('select record_key as id from sync_rejected order by rejected_id')).toEqual([
    'open',
    'dismissed',
    'settled',
    'erased lately',
  ])
  for (const table of ['marker', 'instance_tracker', 'sync_confirmed'])
    expect(await db.query(`select from ${table}`), table).toHaveLength(1)
  expect(await store.listRejected({ state: 'open' }, { after: null, limit: 10 })).toHaveLength(1)
})

describe('of very many chunks', () => {
  beforeEach(async () => {
    await runs({ hours: 800 * DAY, chunks: 12_000 }, { hours: 1 })
    await db.query('create table public.statement (rows bigint)')
    await db.query(`create function public.note() returns trigger language plpgsql as
      'begin insert into public.statement select count(*) from changed; return null; end'`)
    await db.query(
      `create trigger note after delete on sync_chunk_done referencing old table as changed for each statement execute function public.note()`,
    )
    return async () => {
      await db.query('drop function public.note cascade')
      await db.query('drop table public.statement')
    }
  })
  const statements = async () => (await db.query<{ rows: number }>('select rows::int from public.statement')).map(({ rows }) => rows)

  test('some hundred rows a statement', async () => {
    expect(await store.pruneRuns(730)).toEqual({ runs: 1, copies: 1 })
    expect(Math.max(...(await statements()))).toBe(500)
    expect(await there()).toHaveLength(1)
  })
  test('it can be ended, and goes on where it was', async () => {
    const stop = new AbortController()
    const pruning = store.pruneRuns(730, stop.signal)
    stop.abort()
    expect(await pruning).toEqual({ runs: 0, copies: 0 })
    expect(await there()).toHaveLength(2)
    expect(await store.pruneRuns(730)).toEqual({ runs: 1, copies: 1 })
  })
  test('two processes at once prune each run once', async () => {
    const [one, two] = await Promise.all([store.pruneRuns(730), store.pruneRuns(730)])
    expect(one.runs + two.runs).toBe(1)
    expect(await there()).toHaveLength(1)
  })
})

test('our tables do not grow for ever: after 100 runs they are about as large as after 20', async () => {
  const mapping = mappingOf('hts', { name: 'HTS Service' })
  const clinic = new Clinic('P')
  for (let i = 0; i < 30; i++) clinic.healthy(String(i))
  await createMart(db.url, 'mart', [clinic.service('hts')])
  await store.saveMappings([mapping], 'admin')
  const request = { mappingName: mapping.name, requestedBy: 'clerk', comment: '', dryRun: false, from: null, to: null, resync: true }

  async function syncOnce(n: number): Promise<void> {
    const made = await store.createRun(request)
    await store.startRun(made.runId)
    await store.takeSnapshot(made)
    await store.assignChunks(made.runId, 5)
    const rows = await db.query<{ row_id: string }>('select row_id::text from sync_snapshot_row where run_id = $1 order by row_id', [
      made.runId,
    ])
    const uidOf = (rowId: string) => `uid${rowId.padStart(8, '0')}`
    await store.markSending(
      made.runId,
      rows.map(({ row_id }) => ({ rowId: row_id, uid: uidOf(row_id), sent: ['TEAUicCode1'] })),
    )
    // every tenth record is rejected, each time another one
    const rejection = reject('value-invalid', `Run ${n}`, { column: 'Phone', value: String(n) })
    await store.recordOutcomes(
      made.runId,
      'patients',
      rows.map(({ row_id }, i): Outcome => {
        const settled = { rowId: row_id, trackedEntity: null, status: null, adopted: false, sent: [], warnings: [] }
        return i % 10 === n % 10
          ? { ...settled, state: 'rejected', uid: null, rejection }
          : { ...settled, state: 'updated', uid: uidOf(row_id), rejection: null }
      }),
    )
    for (let chunk = 0; chunk < 6; chunk++) await store.chunkDone(made.runId, 'patients', chunk)
    await store.finishRun(made.runId, { state: 'succeeded', failure: null, statusInfo: '', moveMarkers: true })
    // two days pass
    await db.query(
      `update sync_run set created_at = created_at - interval '2 days', ended_at = ended_at - interval '2 days' where run_id = $1`,
      [made.runId],
    )
    await store.pruneRuns(730, undefined, { runs: 15, copies: 5 })
  }
  const tables = await db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename like 'sync\\_%'`,
  )
  /** @param from the first of them @returns kilobytes by table */
  async function sizesAfter(from: number, to: number): Promise<Map<string, number>> {
    for (let n = from; n < to; n++) {
      await syncOnce(n)
      // as the server does by itself from time to time
      if (n % 5 === 4) await db.query(`vacuum ${tables.map(({ name }) => name).join(', ')}`)
    }
    const sizes = await db.query<{ name: string; kb: number }>(
      `select tablename as name, pg_total_relation_size(quote_ident(tablename)::regclass)::int / 1024 as kb from pg_tables
       where schemaname = 'public' and tablename like 'sync\\_%'`,
    )
    return new Map(sizes.map(({ name, kb }) => [name, kb]))
  }
  const after20 = await sizesAfter(0, 20)
  const after100 = await sizesAfter(20, 100)
  // a few pages more or less are of the moment at which a table was vacuumed
  const grown = [...after100].filter(([name, kb]) => kb > 1.3 * after20.get(name)! + 64)
  const total = (sizes: ReadonlyMap<string, number>) => [...sizes.values()].reduce((a, b) => a + b, 0)
  expect(grown).toEqual([])
  expect(total(after100) / total(after20)).toBeLessThan(1.2)
  expect(await there()).toHaveLength(15)
  expect(new Set(await withCopies()).size).toBe(5)
  expect(await db.query('select from log')).toHaveLength(100)
})
