/** The document's log table, page by page: nothing twice, nothing passed over, whatever comes meanwhile; and its times. */
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import type { LogEntry, LogFilter } from '../../sql/store/log.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Store } from '../../sql/store/store.ts'
import { mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'
import { until } from '../support/site.ts'

let db: TestDatabase
const stores: Store[] = []
async function storeIn(timeZone: string): Promise<Store> {
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone, size: 4 })
  const store = createStore(pool, openChunkLocks(db.url, 'public', 2), { martSchema: 'mart', storeSchema: 'public', overlapDays: 7 })
  stores.push(store)
  return store
}
let store: Store
beforeAll(async () => {
  db = await createMigratedDatabase()
  store = await storeIn('Africa/Harare')
})
afterAll(async () => {
  await Promise.all(stores.map((each) => each.close()))
  await db.drop()
})
beforeEach(() => db.query('truncate log, sync_run, mapping restart identity cascade'))

interface Row {
  program: string | null
  synced_by: string | null
  comments: string | null
  status: string | null
  status_info: string | null
  date_created: string | null
}
const ROW: Row = {
  program: 'HTS',
  synced_by: 'superman',
  comments: '1',
  status: 'success',
  status_info: '',
  date_created: '2024-03-01 10:00:00',
}
const insert = (rows: readonly Partial<Row>[]) =>
  db.query<{ log_id: number }>(
    `insert into log (program, synced_by, comments, status, status_info, date_created)
     select program, synced_by, comments, status, status_info, date_created::timestamp from jsonb_to_recordset($1::jsonb)
       as r (program text, synced_by text, comments text, status text, status_info text, date_created text) returning log_id`,
    [JSON.stringify(rows.map((row) => ({ ...ROW, ...row })))],
  )
const list = (filter: LogFilter = {}, page: { before?: number; after?: number; limit?: number } = {}) =>
  store.listLog(filter, { limit: 50, ...page })
const ids = (rows: readonly LogEntry[]) => rows.map(({ id }) => id)

describe('pages', () => {
  const services = ['HTS Service', 'hts', 'TB', '100%', 'a_b', null]
  const row = fc.record({
    program: fc.constantFrom(...services),
    synced_by: fc.constantFrom('superman', 'Rudo', null),
    status: fc.constantFrom('success', 'failed', 'pending'),
    date_created: fc.constantFrom('2024-03-01 10:00:00', '2024-03-02 10:00:00', '2024-03-03 10:00:00', null),
  })
  const filters = fc.record(
    {
      service: fc.constantFrom('hts', '%', '_', 'S'),
      user: fc.constantFrom('man', 'rudo'),
      status: fc.constantFrom('success', 'failed', 'pending'),
      from: fc.constantFrom('2024-03-01T08:00:00Z', '2024-03-02T08:00:00Z'),
      to: fc.constantFrom('2024-03-02T08:00:00Z', '2024-03-03T08:00:00Z'),
    },
    { requiredKeys: [] },
  )
  const step = fc.oneof(fc.constant('older' as const), fc.constant('newer' as const), fc.array(row, { minLength: 1, maxLength: 4 }))

  /** said again, plainly */
  const fits = (filter: LogFilter, r: Partial<Row>) =>
    (filter.service === undefined || (r.program ?? '').toLowerCase().includes(filter.service.toLowerCase())) &&
    (filter.user === undefined || (r.synced_by ?? '').toLowerCase().includes(filter.user.toLowerCase())) &&
    (filter.status === undefined || r.status === filter.status) &&
    // Harare is two hours ahead
    [filter.from, filter.to].every((limit, i) => {
      if (limit === undefined) return true
      if (r.date_created == null) return false
      const time = Date.parse(`${r.date_created.replace(' ', 'T')}+02:00`)
      return i === 0 ? time >= Date.parse(limit) : time <= Date.parse(limit)
    })

  test('both ways, while new rows come: each that fits once, in order, and it is known whether there are more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 12 }),
        filters,
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 10 }),
        async (first, filter, limit, way) => {
          await db.query('truncate log restart identity')
          const there: number[] = []
          const add = async (rows: readonly Partial<Row>[]) => {
            const added = rows.length > 0 ? await insert(rows) : []
            rows.forEach((r, i) => fits(filter, r) && there.push(added[i]!.log_id))
          }
          await add(first)
          const begin = await list(filter, { limit })
          /** what was shown, the newest first */
          let shown = ids(begin.rows)
          const check = (page: { older: boolean; newer: boolean }, pageIds: readonly number[]) => {
            expect(pageIds).toEqual(pageIds.toSorted((a, b) => b - a))
            if (pageIds.length === 0) return
            expect(page.older).toBe(there.some((id) => id < pageIds.at(-1)!))
            expect(page.newer).toBe(there.some((id) => id > pageIds[0]!))
          }
          check(begin, shown)
          const older = async () => {
            const page = shown.length > 0 ? await list(filter, { before: shown.at(-1)!, limit }) : { rows: [], older: false, newer: false }
            check(page, ids(page.rows))
            shown = [...shown, ...ids(page.rows)]
            return page.rows.length
          }
          const newer = async () => {
            const page = await list(filter, { after: shown[0] ?? 0, limit })
            check(page, ids(page.rows))
            shown = [...ids(page.rows), ...shown]
            return page.rows.length
          }
          for (const next of way) {
            if (next === 'older') await older()
            else if (next === 'newer') await newer()
            else await add(next)
          }
          while ((await older()) > 0);
          while ((await newer()) > 0);
          expect(shown).toEqual(there.toSorted((a, b) => b - a))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('an empty page knows on which side the others are', async () => {
    await insert([{}, {}, {}])
    expect(await list({}, { before: 1 })).toEqual({ rows: [], older: false, newer: true })
    expect(await list({}, { after: 3 })).toEqual({ rows: [], older: true, newer: false })
    expect(await list({ service: 'none' })).toEqual({ rows: [], older: false, newer: false })
    expect(await list({}, { before: Number.MAX_SAFE_INTEGER, limit: 1 })).toMatchObject({ rows: [{ id: 3 }], older: true, newer: false })
    expect(await list({}, { after: 1, before: 3 })).toMatchObject({ rows: [{ id: 2 }], older: true, newer: true })
  })

  test('a sync whose row is not yet visible holds back those with higher ids: paging forward never passes it', async () => {
    await store.saveMappings([mappingOf('hts', { name: 'slow' }), mappingOf('tb', { name: 'quick' })], 'admin')
    const gate = new pg.Client({ connectionString: db.url })
    await gate.connect()
    await gate.query('select pg_advisory_lock(42)')
    // the slow one's transaction stands still after its log row was made
    await db.query(`
      create function wait_at_gate() returns trigger language plpgsql as $$ begin
        if new.log_id is not null and new.mapping_name = 'slow' then perform pg_advisory_xact_lock(42); end if; return new; end $$;
      create trigger gate before update on sync_run for each row execute function wait_at_gate()`)
    const request = { requestedBy: 'clerk', comment: '-', dryRun: false, from: null, to: null, resync: false }
    const slow = store.createRun({ ...request, mappingName: 'slow' })
    const waiting = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'`
    const waits = async (n: number) => until(async () => (await db.query<{ n: number }>(waiting))[0]!.n === n)
    await waits(1)
    const quick = store.createRun({ ...request, mappingName: 'quick' })
    await Promise.race([quick, waits(2)])
    const seen = ids((await list({}, { after: 0 })).rows)
    await gate.end()
    await Promise.all([slow, quick])
    const later = ids((await list({}, { after: seen[0] ?? 0 })).rows)
    await db.query('drop trigger gate on sync_run; drop function wait_at_gate')
    expect([...later, ...seen]).toEqual([2, 1])
  })
})

describe('filters', () => {
  test('a part of a name in any case; % and _ are letters like others', async () => {
    await insert([{ program: 'HTS Service' }, { program: '100% sure' }, { program: 'a_b' }, { program: 'aXb' }, { program: null }])
    const found = async (service: string) => (await list({ service })).rows.map((r) => r.service)
    expect(await found('service')).toEqual(['HTS Service'])
    expect(await found('%')).toEqual(['100% sure'])
    expect(await found('A_B')).toEqual(['a_b'])
    expect(await found(`'; drop table log; --`)).toEqual([])
    expect(await found('\\')).toEqual([])
  })
  test('text: in the comments or the status info', async () => {
    await insert([{ comments: 'Validated on 22 Feb' }, { comments: null, status_info: 'Please contact Admin team.' }, {}])
    expect((await list({ text: 'ADMIN' })).rows).toMatchObject([{ id: 2, comments: '', statusInfo: 'Please contact Admin team.' }])
    expect((await list({ text: 'validated' })).rows).toMatchObject([{ id: 1 }])
  })
  test('odd rows are shown: other writings of a status, and none', async () => {
    await insert([{ status: 'Success' }, { status: null }, { status: 'stopped', date_created: 'infinity' }])
    expect((await list()).rows.map((r) => [r.status, r.at === null])).toEqual([
      ['failed', true],
      ['failed', false],
      ['success', false],
    ])
    expect(ids((await list({ status: 'failed' })).rows)).toEqual([3, 2])
    expect(ids((await list({ status: 'success' })).rows)).toEqual([1])
  })
})

describe('times', () => {
  test('the site’s wall clock becomes UTC, of a Java service’s row and of ours', async () => {
    await insert([{ date_created: '2018-12-19 16:30:57' }])
    await store.saveMappings([mappingOf('hts')], 'admin')
    const before = Math.floor(Date.now() / 1000) * 1000
    const { runId } = await store.createRun({
      mappingName: 'Mapping hts',
      requestedBy: 'c',
      comment: '-',
      dryRun: false,
      from: '2024-01-01',
      to: '2024-02-29',
      resync: false,
    })
    const [ours, java] = (await list()).rows
    expect(java).toMatchObject({ at: new Date('2018-12-19T14:30:57Z'), from: null, to: null, syncId: null })
    expect(ours).toMatchObject({ from: '2024-01-01', to: '2024-02-29', syncId: runId })
    expect(ours!.at!.getTime()).toBeGreaterThanOrEqual(before)
    expect(ours!.at!.getTime()).toBeLessThanOrEqual(Date.now())
  })

  test('from and to are inclusive, to the second', async () => {
    await insert([
      { date_created: '2024-03-01 10:00:00' },
      { date_created: '2024-03-01 10:00:01' },
      { date_created: '2024-03-01 10:00:02' },
    ])
    expect(ids((await list({ from: '2024-03-01T08:00:01Z' })).rows)).toEqual([3, 2])
    expect(ids((await list({ to: '2024-03-01T08:00:01Z' })).rows)).toEqual([2, 1])
    expect(ids((await list({ from: '2024-03-01T08:00:01.000Z', to: '2024-03-01T08:00:01Z' })).rows)).toEqual([2])
  })

  test('where the clocks change: what is found is what is shown, also in the hour that comes twice', async () => {
    const berlin = await storeIn('Europe/Berlin')
    const walls = [
      '2024-10-27 01:30:00',
      '2024-10-27 02:10:00',
      '2024-10-27 02:50:00',
      '2024-10-27 03:30:00',
      '2024-03-31 01:59:59',
      '2024-03-31 02:30:00',
      '2024-03-31 03:00:00',
    ]
    await insert(walls.map((date_created) => ({ date_created })))
    const all = (await berlin.listLog({}, { limit: 50 })).rows
    for (let minute = 0; minute < 6 * 60; minute += 7)
      for (const start of ['2024-10-26T22:00:00Z', '2024-03-30T22:00:00Z']) {
        const limit = new Date(Date.parse(start) + minute * 60_000)
        const iso = limit.toISOString()
        expect(ids((await berlin.listLog({ from: iso }, { limit: 50 })).rows)).toEqual(ids(all.filter((r) => r.at! >= limit)))
        expect(ids((await berlin.listLog({ to: iso }, { limit: 50 })).rows)).toEqual(ids(all.filter((r) => r.at! <= limit)))
      }
    expect(all.find(({ id }) => id === 1)!.at).toEqual(new Date('2024-10-26T23:30:00Z'))
    expect(all.find(({ id }) => id === 4)!.at).toEqual(new Date('2024-10-27T02:30:00Z'))
  })
})
