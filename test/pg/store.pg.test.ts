/** The store: mappings, markers, runs and the log, snapshots and what they take from the Mart, records and how they end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import { MappingNotFoundError, RunActiveError, type Outcome, type Run, type RunRequest, type Store } from '../../sql/store/store.ts'
import { mappedColumns, type Mapping } from '../../src/core/mapping.ts'
import type { DeltaRow } from '../../src/core/delta-row.ts'
import type { Kind } from '../../src/core/model.ts'
import { reject } from '../../src/core/rejection.ts'
import { Clinic, COLUMN_OF_NAME, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'
import { withColumns } from '../support/with-columns.ts'

const MAPPING = mappingOf('hts', { name: 'HTS Service' })
const ODD = `It's "odd" \\ 🎗? %s $1`
const OVERLAP_DAYS = 7

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createMigratedDatabase()
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'Africa/Harare', size: 4 })
  store = createStore(pool, openChunkLocks(db.url, 'public', 2), {
    martSchema: 'mart',
    storeSchema: 'public',
    overlapDays: OVERLAP_DAYS,
  })
})
afterAll(async () => {
  await store.close()
  await db.drop()
})

let clinic: Clinic
beforeEach(async () => {
  const tables = await db.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'sync_migration'`,
  )
  await db.query(`truncate ${tables.map((t) => t.name).join(', ')} restart identity cascade`)
  clinic = new Clinic('P')
  await store.saveMappings([MAPPING], 'admin')
})

const mart = (service = 'hts') => createMart(db.url, 'mart', [clinic.service(service)])
const request = (over: Partial<RunRequest> = {}): RunRequest => ({
  mappingName: MAPPING.name,
  requestedBy: 'clerk',
  comment: 'a test',
  dryRun: false,
  from: null,
  to: null,
  resync: false,
  ...over,
})
const created = (over: Partial<RunRequest> = {}) => store.createRun(request(over))
const end = (runId: string, over: Partial<Parameters<Store['finishRun']>[1]> = {}) =>
  store.finishRun(runId, { state: 'succeeded', failure: null, statusInfo: '', moveMarkers: true, ...over })

/** A run up to its chunks. */
async function snapshot(over: Partial<RunRequest> = {}) {
  const run = await created(over)
  await store.startRun(run.runId)
  const summary = await store.takeSnapshot(run)
  return { run, summary, chunks: await store.assignChunks(run.runId, 100) }
}
interface RawRow {
  row_id: string
  kind: Kind
  state: string
  record_key: string
  patient_id: string
}
const rowsOf = (run: Run) =>
  db.query<RawRow>('select row_id::text, kind, state, record_key, patient_id from sync_snapshot_row where run_id = $1 order by row_id', [
    run.runId,
  ])
/** what the snapshot has to send, as "kind record" */
const pendingOf = async (run: Run) =>
  (await rowsOf(run))
    .filter((row) => row.state === 'pending')
    .map((row) => `${row.kind} ${row.record_key}`)
    .toSorted()

const outcome = (rowId: string, over: Partial<Outcome> = {}): Outcome => ({
  rowId,
  state: 'created',
  uid: `uid${rowId.padStart(8, '0')}`,
  trackedEntity: 'TEIofPerson',
  status: null,
  adopted: false,
  sent: [],
  rejection: null,
  warnings: [],
  ...over,
})
/** Every pending row of a run is delivered, and the run succeeds. */
async function deliver(run: Run): Promise<void> {
  const rows = (await rowsOf(run)).filter((row) => row.state === 'pending')
  await store.recordOutcomes(
    run.runId,
    'patients',
    rows.map((row) => outcome(row.row_id)),
  )
  await end(run.runId)
}
const sickOutcome = (rowId: string) =>
  outcome(rowId, {
    state: 'rejected',
    uid: null,
    trackedEntity: null,
    rejection: reject('value-invalid', 'A sentence.', { column: 'Phone' }),
  })
const workList = () =>
  db.query<{ record_key: string; state: string; attempts: number }>(
    'select record_key, state, attempts from sync_rejected order by record_key',
  )

describe('mappings', () => {
  const odd: Mapping = {
    ...withColumns(MAPPING, { instance: { [ODD]: 'TEAUicCode1' } }),
    name: ODD,
    searchable: [ODD],
    comparable: [],
    onRejected: 'continue',
  }
  test('are read as they were saved, odd names too, in the order of their names', async () => {
    expect(await store.saveMappings([odd, MAPPING], 'admin')).toEqual([
      { name: ODD, action: 'create' },
      { name: MAPPING.name, action: 'unchanged' },
    ])
    expect(await store.readMapping(ODD)).toEqual(odd)
    expect((await store.listMappings()).map((m) => m.name)).toEqual([MAPPING.name, ODD])
    expect(await store.readMapping('nobody')).toBeNull()
  })
  test('all or none', async () => {
    const impossible = { ...MAPPING, name: 'a\u0000b' }
    await expect(store.saveMappings([odd, impossible], 'admin')).rejects.toThrow()
    expect((await store.listMappings()).map((m) => m.name)).toEqual([MAPPING.name])
  })
  test('who and when, as the Java services write it; each has its three markers, once', async () => {
    await store.saveMappings([{ ...MAPPING, chunkSize: 7 }], 'second')
    expect(await store.saveMappings([{ ...MAPPING, chunkSize: 7 }], 'third')).toEqual([{ name: MAPPING.name, action: 'unchanged' }])
    expect(
      await db.query(`select created_by, modified_by, date_modified ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' as at from mapping`),
    ).toEqual([{ created_by: 'admin', modified_by: 'second', at: true }])
    expect(await db.query('select category, last_synced_date from marker order by category')).toEqual([
      { category: 'enrollment', last_synced_date: null },
      { category: 'event', last_synced_date: null },
      { category: 'instance', last_synced_date: null },
    ])
  })
  test('a row that a Java service left, JSON as text and without config', async () => {
    const tables = { instance: 'old_instance', enrollments: 'old_enrollments', event: 'old_events' }
    await db.query(`insert into mapping (mapping_name, lookup_table, mapping_json) values ('Old', to_json($1::text), to_json($2::text))`, [
      JSON.stringify(tables),
      JSON.stringify({ instance: { 'a &amp; b': 'TEAUicCode1' }, event: {} }),
    ])
    expect(await store.readMapping('Old')).toMatchObject({
      instance: { table: 'old_instance', columns: { 'a & b': 'TEAUicCode1' } },
      enrollments: { table: 'old_enrollments' },
      events: [{ table: 'old_events', columns: {} }],
      searchable: [],
    })
  })
})

describe('runs', () => {
  test('a run is as it was asked for, with its mapping as it was then', async () => {
    const run = await created({ from: '2024-01-01', to: '2024-01-31', comment: ODD })
    await store.saveMappings([{ ...MAPPING, onRejected: 'continue' }], 'admin')
    expect(await store.readRun(run.runId)).toEqual(run)
    expect(run).toMatchObject({
      ...request({ from: '2024-01-01', to: '2024-01-31', comment: ODD }),
      state: 'queued',
      snapshotAt: null,
      programs: [],
      mapping: MAPPING,
    })
    expect((await store.readSteps(run.runId)).map((s) => [s.step, s.state])).toEqual([
      ['snapshot', 'queued'],
      ['patients', 'queued'],
      ['enrollments', 'queued'],
      ['new-completed', 'queued'],
      ['updated-completed', 'queued'],
      ['new-active', 'queued'],
      ['updated-active', 'queued'],
      ['finish', 'queued'],
    ])
    expect(await store.readRun('00000000-0000-4000-8000-000000000000')).toBeNull()
  })
  test('an unknown mapping is named', async () => {
    await expect(created({ mappingName: ODD })).rejects.toThrow(MappingNotFoundError)
    await expect(created({ mappingName: ODD })).rejects.toThrow(ODD)
  })
  test('of eight at once one is made, the others name it; another mapping’s runs too', async () => {
    await store.saveMappings([{ ...MAPPING, name: 'Other' }], 'admin')
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => created()))
    const made = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value.runId] : []))
    expect(made).toHaveLength(1)
    for (const { reason } of results.flatMap((r) => (r.status === 'rejected' ? [r as { reason: unknown }] : []))) {
      expect(reason).toBeInstanceOf(RunActiveError)
      expect((reason as RunActiveError).runId).toBe(made[0])
    }
    expect(await db.query('select from log')).toHaveLength(1)
    expect((await created({ mappingName: 'Other' })).state).toBe('queued')
    expect((await store.listActiveRuns()).map((r) => r.mappingName)).toEqual([MAPPING.name, 'Other'])
  })
  test('queued, running, ended: it is started and cancelled only before its end, and ended once', async () => {
    const { runId } = await created()
    expect(await store.startRun(runId)).toBe(true)
    expect(await store.startRun(runId)).toBe(true)
    expect(await store.requestCancel(runId)).toBe(true)
    await end(runId, { state: 'cancelled', failure: 'Cancelled', statusInfo: 'Cancelled', moveMarkers: false })
    await end(runId)
    expect(await store.readRun(runId)).toMatchObject({ state: 'cancelled', failure: 'Cancelled', cancelRequested: true })
    expect([await store.startRun(runId), await store.requestCancel(runId)]).toEqual([false, false])
    expect(await store.listActiveRuns()).toEqual([])
    expect((await created()).runId).not.toBe(runId)
  })
  test('the log: pending from the start, then what became of it; none of a dry run', async () => {
    const { runId } = await created({ from: '2024-01-01', to: '2024-01-31', comment: ODD })
    expect(await store.readLog(10)).toMatchObject([
      {
        program: MAPPING.name,
        syncedBy: 'clerk',
        comments: ODD,
        status: 'pending',
        statusInfo: '',
        dateCreated: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) as string,
      },
    ])
    await end(runId, { state: 'failed', failure: 'x', statusInfo: `${ODD}, Please contact Admin team.`, moveMarkers: false })
    await created({ dryRun: true })
    expect((await store.readLog(10)).map((row) => [row.status, row.statusInfo])).toEqual([['failed', `${ODD}, Please contact Admin team.`]])
  })
  test('the log of the Java services is read: rows with nothing in them, the newest first, as many as asked for', async () => {
    await db.query(`insert into log (status) values ('failed'), ('success')`)
    expect(await store.readLog(1)).toEqual([
      { logId: 2, program: '', syncedBy: '', comments: '', status: 'success', statusInfo: '', dateCreated: '' },
    ])
  })
  test('a step’s chunks are counted once however often they are done', async () => {
    const { runId } = await created()
    await store.startStep(runId, 'patients', 2)
    expect(await store.chunkDone(runId, 'patients', 0)).toEqual({ done: 1, total: 2 })
    expect(await store.chunkDone(runId, 'patients', 0)).toEqual({ done: 1, total: 2 })
    expect(await store.chunkDone(runId, 'patients', 1)).toEqual({ done: 2, total: 2 })
    await store.finishStep(runId, 'patients', 'failed', ODD)
    const step = async () => (await store.readSteps(runId)).find((s) => s.step === 'patients')
    expect(await step()).toMatchObject({ state: 'failed', failure: ODD, chunksTotal: 2, chunksDone: 2 })
    await store.startStep(runId, 'patients', 3)
    expect(await step()).toMatchObject({ state: 'running', failure: null, endedAt: null })
  })
})

describe('markers', () => {
  const set = async (rows: Record<string, string | null>) => {
    await db.query('delete from marker')
    for (const [category, at] of Object.entries(rows))
      await db.query(`insert into marker (program_name, category, last_synced_date) values ($1, $2, $3)`, [MAPPING.name, category, at])
  }
  const markers = async () =>
    Object.fromEntries(
      (await db.query<{ category: string; at: string | null }>('select category, last_synced_date::text as at from marker')).map((r) => [
        r.category,
        r.at,
      ]),
    )
  beforeEach(async () => {
    clinic.healthy('old')
    for (const list of [clinic.patients, clinic.enrollments, clinic.visits])
      for (const row of list) Object.assign(row, { dateCreated: '2020-05-05 10:00:00' })
    clinic.healthy('new')
    await mart()
  })

  test.each<[string, Record<string, string | null>, string[]]>([
    ['none: everything', {}, ['old', 'new']],
    ['without a date: everything', { instance: null, enrollment: null, event: null }, ['old', 'new']],
    ['the first generation’s', { instance: '2023-01-01', enrollment: '2023-01-01', event: '2023-01-01' }, ['new']],
    [
      'the last generation’s: the oldest of the six for enrollments',
      {
        instance: '2023-01-01',
        event: '2023-01-01',
        new_active_enrollment: '2023-01-01',
        new_completed_enrollment: '2020-05-01',
        updated_cancelled_enrollment: '2023-01-01',
      },
      ['old', 'new'],
    ],
    [
      'of both generations: the first one’s rules',
      { instance: '2023-01-01', enrollment: '2023-01-01', event: '2023-01-01', new_completed_enrollment: null },
      ['new'],
    ],
    [
      'some days before the marker are looked at again',
      { instance: '2020-05-12 09:59:59', enrollment: '2023-01-01', event: '2023-01-01' },
      ['old', 'new'],
    ],
    ['but no more than those', { instance: '2020-05-12 10:00:01', enrollment: '2023-01-01', event: '2023-01-01' }, ['new']],
  ])('%s', async (_name, rows, patients) => {
    await set(rows)
    const { run } = await snapshot()
    const found = new Set((await rowsOf(run)).map((row) => row.patient_id))
    expect([...found].toSorted()).toEqual(patients.map((id) => `P-${id}`).toSorted())
  })

  test('move to the newest date of the snapshot, never past now, and every row of both generations does', async () => {
    clinic.patient('absurd', { dateCreated: '2999-01-01 00:00:00' })
    await mart()
    await set({ instance: null, new_active_enrollment: '2020-01-01', updated_active_enrollment: '2024-12-31 00:00:00' })
    const { run } = await snapshot()
    await end(run.runId)
    expect(await markers()).toEqual({
      instance: '2024-03-01 10:00:00',
      new_active_enrollment: '2024-03-01 10:00:00',
      updated_active_enrollment: '2024-12-31 00:00:00',
      event: '2024-03-02 10:00:00',
    })
  })
  test('stay where the run says so', async () => {
    const before = await markers()
    const { run } = await snapshot()
    await end(run.runId, { state: 'failed', moveMarkers: false })
    expect(await markers()).toEqual(before)
  })
})

describe('snapshot', () => {
  test('what was confirmed is unchanged, and nothing of it is copied; a change, and a changed mapping, is sent again', async () => {
    clinic.healthy('a')
    clinic.patient('b', {}, { 'First Name': ODD, Phone: ' ' })
    await mart()
    const first = await snapshot()
    expect(first.summary.counts).toEqual({
      trackedEntity: { scanned: 2, pending: 2, unchanged: 0, rejected: 0 },
      enrollment: { scanned: 1, pending: 1, unchanged: 0, rejected: 0 },
      event: { scanned: 2, pending: 2, unchanged: 0, rejected: 0 },
    })
    expect(first.summary.programs).toEqual([HTS])
    await deliver(first.run)
    const second = await snapshot()
    expect(second.summary.counts.trackedEntity).toEqual({ scanned: 2, pending: 0, unchanged: 2, rejected: 0 })
    expect(await rowsOf(second.run)).toEqual([])
    await end(second.run.runId)
    await db.query(`update mart.hts_instance_table set "First Name" = "First Name" || ' ' where "Patient_Identifier" = 'P-b'`)
    const third = await snapshot()
    expect(await pendingOf(third.run)).toEqual(['trackedEntity P-b'])
    await end(third.run.runId)
    await store.saveMappings([withColumns(MAPPING, { instance: { ...MAPPING.instance.columns, Phone: 'TEAPhoneNo2' } })], 'admin')
    expect(await pendingOf((await snapshot()).run)).toEqual(['trackedEntity P-a', 'trackedEntity P-b'])
  })
  test('the order of a mapping’s columns is none of its content', async () => {
    clinic.healthy('a')
    await mart()
    await deliver((await snapshot()).run)
    const turned = (columns: Record<string, string>) => Object.fromEntries(Object.entries(columns).toReversed())
    const { instance, events } = MAPPING
    await store.saveMappings([withColumns(MAPPING, { instance: turned(instance.columns), event: turned(events[0]!.columns) })], 'admin')
    expect(await pendingOf((await snapshot()).run)).toEqual([])
  })
  test('with resync, and for a period, what was confirmed goes too', async () => {
    clinic.healthy('a')
    await mart()
    await deliver((await snapshot()).run)
    const again = await snapshot({ resync: true })
    expect(again.summary.counts.event).toEqual({ scanned: 2, pending: 2, unchanged: 0, rejected: 0 })
    await end(again.run.runId)
    const period = await snapshot({ from: '2024-03-02', to: '2024-03-02' })
    expect(period.summary.counts).toMatchObject({
      trackedEntity: { scanned: 0 },
      enrollment: { scanned: 0 },
      event: { scanned: 2, pending: 2 },
    })
  })
  test.each([
    ['null', null, '2024-06-01'],
    ['before there were computers', '0001-01-01 00:00:00', '2024-06-01'],
    ['in the future', '2999-01-01 00:00:00', '2024-06-01'],
  ])('date_created %s: in every snapshot, until it is confirmed', async (_name, dateCreated, marker) => {
    clinic.patient('odd', { dateCreated })
    clinic.patient('plain')
    await mart()
    await db.query('update marker set last_synced_date = $1', [marker])
    const { run } = await snapshot()
    expect(await pendingOf(run)).toEqual(['trackedEntity P-odd'])
    await deliver(run)
    expect((await snapshot()).summary.counts.trackedEntity).toEqual({ scanned: 1, pending: 0, unchanged: 1, rejected: 0 })
  })
  test('a marker in the future, as a Java service may have left it, hides nothing', async () => {
    clinic.patient('odd', { dateCreated: '2999-01-01 00:00:00' })
    clinic.patient('plain')
    await mart()
    await db.query(`update marker set last_synced_date = '2999-06-01'`)
    const { run } = await snapshot()
    expect(await pendingOf(run)).toEqual(['trackedEntity P-odd', 'trackedEntity P-plain'])
    await deliver(run)
    expect((await snapshot()).summary.counts.trackedEntity).toMatchObject({ pending: 0, unchanged: 2 })
    expect(await db.query(`select last_synced_date::text as at from marker where category = 'instance'`)).toEqual([
      { at: '2024-03-01 10:00:00' },
    ])
  })
  test('date_created as text: what is no date counts as none', async () => {
    clinic.patient('text')
    clinic.patient('other')
    await mart()
    await db.query(`alter table mart.hts_instance_table alter date_created type text`)
    await db.query(`update mart.hts_instance_table set date_created = 'no date' where "Patient_Identifier" = 'P-text'`)
    await db.query(`update marker set last_synced_date = '2024-06-01'`)
    const { run } = await snapshot()
    expect(await pendingOf(run)).toEqual(['trackedEntity P-text'])
    await end(run.runId)
    expect(await db.query(`select last_synced_date::text as at from marker where category = 'instance'`)).toEqual([
      { at: '2024-06-01 00:00:00' },
    ])
  })
  test('values come as they are: odd names and texts, blanks, nothing', async () => {
    const columns = { [ODD]: 'TEAFirstNm1', [COLUMN_OF_NAME]: 'TEALastNam1', UIC: 'TEAUicCode1' }
    await store.saveMappings([withColumns(MAPPING, { instance: columns })], 'admin')
    const values = { [COLUMN_OF_NAME]: `a'b"c\\d\n🌻 {x,y} NULL`, UIC: ' 1.50 ' }
    clinic.patient(`o'"\\🌻`, { orgUnit: ' C-01 ' }, values)
    await mart()
    await db.query(`alter table mart.hts_instance_table add "${ODD.replaceAll('"', '""')}" text default ''`)
    const { run } = await snapshot()
    const [patient] = await store.readPatients(run.runId, 0)
    const named = mappedColumns(run.mapping.instance).map(([column], i) => [column, patient!.values[i]])
    expect(Object.fromEntries(named)).toEqual({ ...values, [ODD]: '' })
    expect(patient).toMatchObject({ patientId: `P-o'"\\🌻`, orgUnitCode: 'C-01', trackedEntity: null, sent: [] })
  })
  test('the same row several times is one record; rows that differ are all rejected, with the column', async () => {
    clinic.patient('twice')
    clinic.patients.push(clinic.patients[0]!)
    clinic.patient('differs', {}, { Phone: '1' })
    clinic.patients.push({ ...clinic.patients[2]!, values: { ...clinic.patients[2]!.values, Phone: '2' } })
    await mart()
    const { run, summary } = await snapshot()
    expect(summary.counts.trackedEntity).toEqual({ scanned: 4, pending: 1, unchanged: 0, rejected: 2 })
    expect(await store.readRejected(run.runId)).toMatchObject(
      [1, 2].map(() => ({
        recordKey: 'P-differs',
        relation: 'hts_instance_table',
        rejection: {
          code: 'duplicate-rows',
          column: 'Phone',
          message: 'Patient P-differs: hts_instance_table has 2 rows for P-differs, which differ in "Phone".',
        },
      })),
    )
    expect(await workList()).toEqual([{ record_key: 'P-differs', state: 'open', attempts: 1 }])
  })
  test('a row that comes beside one that DHIS2 has: neither is sent', async () => {
    clinic.patient('a', { dateCreated: '2024-03-01' }, { Phone: '1' })
    await mart()
    await deliver((await snapshot()).run)
    clinic.patients.push({ ...clinic.patients[0]!, values: { ...clinic.patients[0]!.values, Phone: '2' } })
    await mart()
    for (const attempts of [1, 2]) {
      const { run, summary } = await snapshot()
      expect(summary.counts.trackedEntity).toEqual({ scanned: 2, pending: 0, unchanged: 0, rejected: 2 })
      expect(await workList()).toEqual([{ record_key: 'P-a', state: 'open', attempts }])
      await end(run.runId)
    }
  })
  test('rows without a patient are rejected one by one, and hide no other', async () => {
    clinic.patient('a', { patientId: ' ' })
    clinic.patient('b', { patientId: null })
    clinic.patient('c')
    await mart()
    const { run, summary } = await snapshot()
    expect(summary.counts.trackedEntity).toMatchObject({ pending: 1, rejected: 2 })
    expect((await store.readRejected(run.runId)).map((r) => r.rejection.code)).toEqual(['identifier-missing', 'identifier-missing'])
    expect(await workList()).toHaveLength(2)
  })
  test('taken a second time it replaces the first, counts and work list too', async () => {
    clinic.healthy('a')
    clinic.patient('b', { patientId: null })
    await mart()
    const { run, summary } = await snapshot()
    expect(await store.takeSnapshot(run)).toEqual(summary)
    expect((await store.readRun(run.runId))!.counts.trackedEntity.rejected).toBe(1)
    expect(await workList()).toMatchObject([{ attempts: 1 }])
    expect(await rowsOf(run)).toHaveLength(5)
  })
  test('it may take long: the run is said to be alive meanwhile', async () => {
    clinic.healthy('a')
    await mart()
    const view = 'mart.hts_program_events_table'
    await db.query(`alter view ${view} rename to slow`)
    await db.query('create sequence mart.looked')
    await db.query(
      `create view ${view} as select * from mart.slow where (select nextval('mart.looked')) > 0 and (select pg_advisory_xact_lock_shared(77)) is not null`,
    )
    const run = await created()
    await db.query('select pg_advisory_lock(77)')
    const taking = store.takeSnapshot(run)
    const isWaiting = async () =>
      (await db.query(`select from pg_locks where locktype = 'advisory' and not granted and objid = 77`)).length > 0
    while (!(await isWaiting())) await new Promise((done) => setTimeout(done, 10))
    await store.sayAlive([run.runId])
    await db.query('select pg_advisory_unlock(77)')
    expect((await taking).counts.event).toMatchObject({ pending: 2 })
    expect((await store.readRun(run.runId))!.programs).toEqual([HTS])
    // not begun anew
    expect(await db.query('select last_value::int as times from mart.looked')).toEqual([{ times: 1 }])
    await db.query('drop view mart.slow cascade')
    await db.query('drop sequence mart.looked')
  })
  test('an event brings its patient and enrollments: to be sent when DHIS2 has never had them, else to look at', async () => {
    clinic.healthy('a')
    clinic.healthy('b')
    await mart()
    await db.query(`update marker set last_synced_date = '2024-06-01'`)
    await db.query(`update mart.hts_visits set date_created = '2024-07-01'`)
    await db.query(`insert into instance_tracker values ('P-b', 'TEIofB', 'java', null)`)
    const [, { programUniqueId: episode }] = clinic.enrollments as [unknown, { programUniqueId: string | null }]
    await db.query(`insert into enrollment_tracker values ('TEIofB', $1, 'ACTIVE', 'java', null, 'ENRofB', $2)`, [HTS, episode])
    const { run } = await snapshot()
    const states = (await rowsOf(run)).filter((r) => r.kind !== 'event').map((r) => `${r.patient_id} ${r.kind} ${r.state}`)
    expect(states.toSorted()).toEqual([
      'P-a enrollment pending',
      'P-a trackedEntity pending',
      'P-b enrollment context',
      'P-b trackedEntity context',
    ])
  })
  test('a relation and a column that are not there are named', async () => {
    await mart()
    const { run } = { run: await created() }
    await db.query('alter table mart.hts_program_enrollment_table drop column status')
    await expect(store.takeSnapshot(run)).rejects.toThrow(
      'column "status" is not in the enrollment relation "hts_program_enrollment_table"',
    )
    await db.query('drop table mart.hts_program_enrollment_table')
    await expect(store.takeSnapshot(run)).rejects.toThrow(
      'the enrollment relation "hts_program_enrollment_table" is not in the Mart (schema mart)',
    )
  })
  test('optional columns may be missing', async () => {
    clinic.healthy('a')
    await mart()
    await db.query('alter table mart.hts_program_enrollment_table drop column incident_date')
    expect((await snapshot()).summary.counts.enrollment.pending).toBe(1)
  })
  test('patients who share a value are flagged with the other, blanks and case apart, empty ones never; one whom DHIS2 has is not', async () => {
    clinic.patient('a', {}, { UIC: 'X-1', Phone: '077' })
    clinic.patient('b', {}, { UIC: ' x-1 ', Phone: '' })
    clinic.patient('c', {}, { UIC: null, Phone: '' })
    clinic.patient('d', {}, { UIC: null, Phone: '077' })
    await mart()
    await db.query(`insert into instance_tracker values ('P-d', 'TEIofD', 'java', null)`)
    const { run } = await snapshot()
    expect(await store.flagSameValues(run.runId, { searchable: ['UIC'], unique: ['Phone'] })).toBe(2)
    const flagged = (await store.readPatients(run.runId, 0)).map((p) => [p.patientId, p.sameValueAs])
    expect(Object.fromEntries(flagged)).toEqual({
      'P-a': { patientId: 'P-b', column: 'UIC', value: 'X-1' },
      'P-b': { patientId: 'P-a', column: 'UIC', value: ' x-1 ' },
      'P-c': null,
      'P-d': null,
    })
  })
  test('chunks: in the order of patients, none in two', async () => {
    for (const id of ['e', 'a', 'd', 'b', 'c']) clinic.healthy(id)
    await mart()
    const { run } = await snapshot()
    await db.query('delete from sync_patient')
    expect(await store.assignChunks(run.runId, 2)).toBe(3)
    expect(await store.chunksOf(run.runId, 'patients')).toEqual([0, 1, 2])
    const people = await Promise.all(
      [0, 1, 2].map(async (n) => (await store.readPatients(run.runId, n)).map((p) => p.patientId).toSorted()),
    )
    expect(people).toEqual([['P-a', 'P-b'], ['P-c', 'P-d'], ['P-e']])
    const rows = await rowsOf(run)
    await store.recordOutcomes(
      run.runId,
      'patients',
      rows.filter((r) => r.kind === 'trackedEntity' && r.patient_id === 'P-e').map((r) => outcome(r.row_id)),
    )
    expect(await store.chunksOf(run.runId, 'patients')).toEqual([0, 1])
    expect(await store.chunksOf(run.runId, 'enrollments')).toEqual([0, 1, 2])
  })
})

describe('rejected records', () => {
  const rejectAll = async (run: Run) => {
    const rows = (await rowsOf(run)).filter((r) => r.state === 'pending')
    await store.recordOutcomes(
      run.runId,
      'patients',
      rows.map((r) => sickOutcome(r.row_id)),
    )
    await end(run.runId)
  }
  test('stay open and are in every later snapshot until they pass', async () => {
    clinic.patient('a')
    await mart()
    const first = await snapshot()
    await rejectAll(first.run)
    await db.query(`update marker set last_synced_date = '2024-06-01'`)
    const second = await snapshot()
    expect(await pendingOf(second.run)).toEqual(['trackedEntity P-a'])
    await rejectAll(second.run)
    expect(await workList()).toEqual([{ record_key: 'P-a', state: 'open', attempts: 2 }])
    const third = await snapshot()
    await deliver(third.run)
    expect(await workList()).toMatchObject([{ state: 'settled' }])
  })
  test.each<[string, string, Partial<RunRequest>, string]>([
    ['its row is gone from the Mart', 'delete from mart.hts_instance_table', {}, 'settled'],
    ['its row is there', 'select', {}, 'open'],
    ['in a dry run nothing is settled', 'delete from mart.hts_instance_table', { dryRun: true }, 'open'],
    [
      'a period says nothing of what is outside it',
      'delete from mart.hts_instance_table',
      { from: '2020-01-01', to: '2020-01-02' },
      'open',
    ],
    [
      'nor is another mapping’s settled',
      `delete from mart.hts_instance_table; update sync_rejected set mapping_name = 'Other'`,
      {},
      'open',
    ],
    ['one that was dismissed stays so', `update sync_rejected set state = 'dismissed'`, {}, 'dismissed'],
    ['also when everything is compared', `update sync_rejected set state = 'dismissed'`, { resync: true }, 'dismissed'],
  ])('%s', async (_name, change, over, state) => {
    clinic.patient('a')
    await mart()
    await rejectAll((await snapshot()).run)
    await db.query(change)
    await snapshot(over)
    expect(await workList()).toMatchObject([{ state }])
  })
  test('one whose row is again as DHIS2 has it is settled', async () => {
    clinic.patient('a')
    await mart()
    await deliver((await snapshot()).run)
    await db.query(`update mart.hts_instance_table set "Phone" = 'x'`)
    await rejectAll((await snapshot()).run)
    expect(await workList()).toMatchObject([{ state: 'open' }])
    await db.query(`update mart.hts_instance_table set "Phone" = null`)
    await snapshot()
    expect(await workList()).toMatchObject([{ state: 'settled' }])
  })
})

describe('adopted databases have several tracker rows for one record', () => {
  test('the newest rules, those without a date last', async () => {
    clinic.healthy('a')
    await mart()
    const episode = clinic.enrollments[0]!.programUniqueId!
    const visit = clinic.visits.find((v) => v.programStage === INITIAL)!.eventUniqueId!
    await db.query(
      `insert into instance_tracker values ('P-a', 'TEIold', 'j', '2019-01-01'), ('P-a', 'TEInew', 'j', '2019-02-01'), ('P-a', 'TEInone', 'j', null), ('P-x', 'TEInew', 'j', null)`,
    )
    await db.query(
      `insert into enrollment_tracker values ('TEInew', '${HTS}', 'ACTIVE', 'j', '2019-02-01', 'ENRnew', $1), ('TEInew', '${HTS}', 'ACTIVE', 'j', '2019-01-01', 'ENRold', $1), ('TEInew', 'PRGother', 'ACTIVE', 'j', '2020-01-01', 'ENRother', $1)`,
      [episode],
    )
    await db.query(
      `insert into event_tracker values ('EVTold', 'TEInew', '${HTS}', '${INITIAL}', $1, 'j', '2019-01-01'), ('EVTnew', 'TEInew', '${HTS}', '${INITIAL}', $1, 'j', '2019-02-01'), ('EVTstage', 'TEInew', '${HTS}', '${FOLLOW_UP}', $1, 'j', '2020-01-01')`,
      [visit],
    )
    const { run, chunks } = await snapshot()
    expect(chunks).toBe(1)
    expect(await store.readPatients(run.runId, 0)).toMatchObject([
      { trackedEntity: 'TEInew', unconfirmed: false, sharesTrackedEntityWith: ['P-x'] },
    ])
    expect(await store.patientsOf(['TEInew', 'TEInobody'])).toEqual(new Map([['TEInew', ['P-a', 'P-x']]]))
    expect(await store.patientsOf([])).toEqual(new Map())
    const [work] = await store.readEnrollmentWork(run.runId, 0, 'all')
    expect(work).toMatchObject({
      patientId: 'P-a',
      trackedEntity: 'TEInew',
      enrollments: [{ tracker: 'ENRnew', trackerInstance: 'TEInew', pending: true }],
    })
    expect(work!.trackers.map((t) => t.enrollment).toSorted()).toEqual(['ENRnew', 'ENRold', 'ENRother'])
    const events = (await rowsOf(run)).filter((r) => r.kind === 'event')
    await store.savePlan(run.runId, 0, [
      { rowId: work!.enrollments[0]!.rowId, step: 'updated-active', wave: 0, plan: { any: ODD }, events: events.map((e) => e.row_id) },
    ])
    const [item] = await store.readPlanned<{ any: string }>(run.runId, 'updated-active', 0)
    expect(item).toMatchObject({ trackedEntity: 'TEInew', enrollment: { plan: { any: ODD }, wave: 0, tracker: 'ENRnew' } })
    expect(item!.events.map((e) => [e.programStage, e.tracker])).toEqual([
      [INITIAL, 'EVTnew'],
      [FOLLOW_UP, null],
    ])
  })
  test('an outcome adds no row where one is, and changes none but the status', async () => {
    clinic.healthy('a')
    await mart()
    const episode = clinic.enrollments[0]!.programUniqueId!
    await db.query(`insert into instance_tracker values ('P-a', 'TEIofA', 'java', '2019-01-01')`)
    await db.query(`insert into enrollment_tracker values ('TEIofA', '${HTS}', 'ACTIVE', 'java', '2019-01-01', 'ENRofA', $1)`, [episode])
    const { run } = await snapshot()
    const of = async (kind: Kind) => (await rowsOf(run)).find((r) => r.kind === kind)!.row_id
    await store.recordOutcomes(run.runId, 'patients', [outcome(await of('trackedEntity'), { state: 'updated', uid: 'TEIofA' })])
    await store.recordOutcomes(run.runId, 'updated-active', [
      outcome(await of('enrollment'), { state: 'updated', uid: 'ENRofA', trackedEntity: 'TEIofA', status: 'COMPLETED' }),
    ])
    expect(await db.query('select patient_id, instance_id, created_by from instance_tracker')).toEqual([
      { patient_id: 'P-a', instance_id: 'TEIofA', created_by: 'java' },
    ])
    expect(await db.query('select enrollment_id, status, created_by from enrollment_tracker')).toEqual([
      { enrollment_id: 'ENRofA', status: 'COMPLETED', created_by: 'java' },
    ])
  })
})

describe('outcomes', () => {
  test('said twice they count once; what comes after the first changes nothing', async () => {
    clinic.healthy('a')
    await mart()
    const { run } = await snapshot()
    const [person] = await rowsOf(run)
    await store.recordOutcomes(run.runId, 'patients', [
      outcome(person!.row_id, { uid: 'TEIfirst', sent: ['TEAUicCode1'], warnings: [ODD] }),
    ])
    await store.recordOutcomes(run.runId, 'patients', [sickOutcome(person!.row_id), outcome(person!.row_id, { uid: 'TEIsecond' })])
    await store.recordOutcomes(run.runId, 'patients', [])
    expect((await store.readRun(run.runId))!.counts.trackedEntity).toEqual({
      created: 1,
      updated: 0,
      unchanged: 0,
      rejected: 0,
      adopted: 0,
    })
    expect(await db.query('select instance_id, created_by from instance_tracker')).toEqual([
      { instance_id: 'TEIfirst', created_by: 'clerk' },
    ])
    expect(await workList()).toEqual([])
    expect(await store.readWarnings(run.runId)).toEqual([{ kind: 'trackedEntity', patientId: 'P-a', recordKey: 'P-a', warning: ODD }])
    expect(await store.countPending(run.runId)).toBe(3)
    await db.query(`update mart.hts_instance_table set "Phone" = '1'`)
    await end(run.runId, { moveMarkers: false })
    const next = await snapshot()
    expect(await store.readPatients(next.run.runId, 0)).toMatchObject([{ trackedEntity: 'TEIfirst', sent: ['TEAUicCode1'] }])
  })
  test('on its way: the next run knows that it may be there, and under which uid; a record that was refused for good is not', async () => {
    clinic.patient('a')
    clinic.patient('b')
    await mart()
    const { run } = await snapshot()
    const [a, b] = await rowsOf(run)
    await store.markSending(run.runId, [])
    await store.markSending(
      run.runId,
      [a!, b!].map((row) => ({ rowId: row.row_id, uid: `TEI${row.record_key}`, sent: ['TEAUicCode1'] })),
    )
    await store.recordOutcomes(run.runId, 'patients', [sickOutcome(b!.row_id)])
    await end(run.runId, { state: 'failed', moveMarkers: false })
    const next = await snapshot()
    expect(await store.readPatients(next.run.runId, 0)).toMatchObject([
      { patientId: 'P-a', trackedEntity: 'TEIP-a', unconfirmed: true, sent: ['TEAUicCode1'] },
      { patientId: 'P-b', trackedEntity: null, unconfirmed: false, sent: [] },
    ])
  })
  test('a dry run writes its own rows and counts, and nothing else', async () => {
    clinic.healthy('a')
    await mart()
    const { run } = await snapshot({ dryRun: true })
    const [first, ...others] = await rowsOf(run)
    await store.markSending(run.runId, [{ rowId: first!.row_id, uid: 'TEI', sent: [] }])
    await store.recordOutcomes(run.runId, 'patients', [sickOutcome(first!.row_id), ...others.map((r) => outcome(r.row_id))])
    for (const table of ['instance_tracker', 'enrollment_tracker', 'event_tracker', 'sync_confirmed', 'sync_rejected', 'log'])
      expect(await db.query(`select from ${table}`), table).toEqual([])
    expect((await store.readRun(run.runId))!.counts).toMatchObject({
      trackedEntity: { rejected: 1 },
      enrollment: { created: 1 },
      event: { created: 2 },
    })
    expect(await store.readPatients(run.runId, 0, 'all')).toEqual([])
  })
})

describe('preview', () => {
  const preview = async (over: Partial<RunRequest> = {}) => {
    const rows: DeltaRow[] = []
    for await (const row of store.streamDelta(MAPPING, request(over), {})) rows.push(row)
    return rows
  }
  test('what a snapshot takes: new, changed and unchanged rows, with the Mart’s own values', async () => {
    clinic.healthy('a')
    await mart()
    expect((await preview()).map((r) => [r.kind, r.what])).toEqual([
      ['trackedEntity', 'new'],
      ['enrollment', 'new'],
      ['event', 'new'],
      ['event', 'new'],
    ])
    await deliver((await snapshot()).run)
    await db.query('update marker set last_synced_date = null')
    await db.query(`update mart.hts_instance_table set "Phone" = $1`, [ODD])
    const rows = await preview()
    expect(rows.map((r) => r.what)).toEqual(['update', 'unchanged', 'unchanged', 'unchanged'])
    expect(rows[0]).toMatchObject({ patientId: 'P-a', recordKey: 'P-a', orgUnitCode: 'C-01', tracked: true })
    const values = Object.fromEntries(mappedColumns(MAPPING.instance).map(([name], i) => [name, rows[0]!.values[i]]))
    expect(values).toMatchObject({ Phone: ODD, 'First Name': 'Asha a' })
    expect(rows[1]).toMatchObject({
      enrollmentDate: '2024-03-01',
      incidentDate: '2024-02-28',
      eventDate: null,
      status: 'ACTIVE',
      values: [null],
    })
    expect(rows[2]).toMatchObject({ eventDate: '2024-03-02', incidentDate: null })
  })
  test('a record that a Java service delivered is an update', async () => {
    clinic.healthy('a')
    await mart()
    await db.query(`insert into instance_tracker values ('P-a', 'TEIofA', 'java', null)`)
    await db.query(`insert into enrollment_tracker values ('TEIofA', '${HTS}', 'ACTIVE', 'java', null, 'ENR', $1)`, [
      clinic.enrollments[0]!.programUniqueId,
    ])
    const [initial] = clinic.visits
    await db.query(`insert into event_tracker values ('EVT', 'TEIofA', '${HTS}', '${INITIAL}', $1, 'java', null)`, [initial!.eventUniqueId])
    expect((await preview()).map((r) => [r.kind, r.what])).toEqual([
      ['trackedEntity', 'update'],
      ['enrollment', 'update'],
      // the follow-up's key comes first
      ['event', 'new'],
      ['event', 'update'],
    ])
  })
  test('a period: patients and enrollments by the day they were made, events by the day of the visit', async () => {
    clinic.healthy('a')
    await mart()
    const kinds = async (from: string, to: string) => (await preview({ from, to })).map((r) => r.kind)
    expect(await kinds('2024-03-01', '2024-03-01')).toEqual(['trackedEntity', 'enrollment'])
    expect(await kinds('2024-03-02', '2024-03-31')).toEqual(['event', 'event'])
    expect(await kinds('2023-01-01', '2023-12-31')).toEqual([])
  })
  test('whoever stops early ends the query, and the store goes on', async () => {
    clinic.healthy('a')
    await mart()
    for await (const row of store.streamDelta(MAPPING, request(), {})) {
      expect(row.kind).toBe('trackedEntity')
      break
    }
    expect(
      await db.query(
        `select query from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and datname = current_database()`,
      ),
    ).toEqual([])
    expect(await preview()).toHaveLength(4)
  })
})
