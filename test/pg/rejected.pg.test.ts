/** The work list of rejected records: how it is read and grouped, dismissed and reopened, tried again, counted, and erased in time. */
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Outcome, RejectedFilter, Run, RunRequest, Store } from '../../sql/store/store.ts'
import type { Kind } from '../../src/core/model.ts'
import { reject, type Rejection } from '../../src/core/rejection.ts'
import { Clinic, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'

const MAPPING = mappingOf('hts', { name: 'HTS Service' })

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createMigratedDatabase()
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'UTC', size: 4 })
  store = createStore(pool, openChunkLocks(db.url, 'public', 2), { martSchema: 'mart', storeSchema: 'public', overlapDays: 0 })
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
  await store.saveMappings([MAPPING, { ...MAPPING, name: 'Other' }], 'admin')
})

const mart = () => createMart(db.url, 'mart', [clinic.service('hts')])
const edit = (id: string, phone: string) =>
  db.query(`update mart.hts_instance_table set "Phone" = $2, date_created = now() where "Patient_Identifier" = $1`, [`P-${id}`, phone])

async function snapshot(over: Partial<RunRequest> = {}) {
  const request = { mappingName: MAPPING.name, requestedBy: 'clerk', comment: 'a test', dryRun: false, from: null, to: null, resync: false }
  const run = await store.createRun({ ...request, ...over })
  await store.startRun(run.runId)
  return { run, summary: await store.takeSnapshot(run) }
}
const end = (run: Run, state: 'succeeded' | 'failed' = 'succeeded') =>
  store.finishRun(run.runId, { state, failure: null, statusInfo: '', moveMarkers: state === 'succeeded' && !run.retry })

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
const statesOf = async (run: Run) => (await rowsOf(run)).map((r) => `${r.patient_id} ${r.kind} ${r.state}`).toSorted()
const pendingOf = async (run: Run) => (await statesOf(run)).filter((row) => row.endsWith('pending'))

const outcome = (row: RawRow, rejection: Rejection | null): Outcome => ({
  rowId: row.row_id,
  state: rejection ? 'rejected' : 'created',
  uid: rejection ? null : `uid${row.row_id.padStart(8, '0')}`,
  trackedEntity: null,
  status: null,
  adopted: false,
  sent: [],
  rejection,
  warnings: [],
})
type Verdict = (row: RawRow) => Rejection | null
const bad = (value = 'x', message = 'Patient P: bad.') =>
  reject('value-invalid', message, { column: 'Phone', dhis2Name: 'Telephone', value })
/** A whole run in which every pending row ends as `verdict` says. */
async function sync(verdict: Verdict, over: Partial<RunRequest> = {}): Promise<Run> {
  const { run } = await snapshot(over)
  const pending = (await rowsOf(run)).filter((row) => row.state === 'pending')
  await store.recordOutcomes(
    run.runId,
    'patients',
    pending.map((row) => outcome(row, verdict(row))),
  )
  await end(run)
  return run
}
const all: Verdict = () => bad()
const none: Verdict = () => null
/** the patient as it is, and what waits for it */
const family: Verdict = (row) => (row.kind === 'trackedEntity' ? bad() : reject('parent-rejected', 'Patient P: not sent.'))

const list = (filter: RejectedFilter = {}) => store.listRejected(filter, { after: null, limit: 1000 })
const keys = async (filter: RejectedFilter = {}) => (await list(filter)).map((r) => r.recordKey)
const states = async () => Object.fromEntries((await list()).map((r) => [r.recordKey, `${r.state} ${r.attempts}`]))

describe('the list', () => {
  test('filters, alone and together; as many are counted as listed', async () => {
    for (const id of ['a', 'b', 'c']) clinic.patient(id)
    await mart()
    const first = await sync((row) => (row.record_key === 'P-c' ? reject('mandatory-missing', 'm', { column: 'UIC' }) : bad()))
    const other = await sync(all, { mappingName: 'Other' })
    await store.dismissRejected({ patient: 'P-b', mapping: 'Other' }, 'clerk', 'a test patient')
    const { id, cause } = (await list())[1]!
    const cases: [RejectedFilter, string[]][] = [
      [{}, ['P-a', 'P-b', 'P-c', 'P-a', 'P-b', 'P-c']],
      [{ mapping: 'Other' }, ['P-a', 'P-b', 'P-c']],
      [{ code: 'mandatory-missing' }, ['P-c']],
      [{ cause }, ['P-a', 'P-b', 'P-a', 'P-b', 'P-c']],
      [{ cause, mapping: 'HTS Service' }, ['P-a', 'P-b']],
      [{ cause: 'nothing' }, []],
      [{ kind: 'trackedEntity', mapping: 'Other' }, ['P-a', 'P-b', 'P-c']],
      [{ kind: 'event' }, []],
      [{ patient: 'P-b' }, ['P-b', 'P-b']],
      [{ patient: 'P-b', state: 'open' }, ['P-b']],
      [{ state: 'dismissed' }, ['P-b']],
      [{ state: 'settled' }, []],
      [{ run: other.runId, state: 'open' }, ['P-a', 'P-c']],
      [{ run: first.runId, code: 'value-invalid' }, ['P-a', 'P-b']],
      [{ ids: [id] }, ['P-b']],
      [{ ids: [] }, []],
    ]
    for (const [filter, found] of cases) {
      expect(await keys(filter), JSON.stringify(filter)).toEqual(found)
      expect(await store.countRejected(filter), JSON.stringify(filter)).toBe(found.length)
    }
  })
  test('one record by its id, which stays the same', async () => {
    clinic.patient('a')
    await mart()
    const run = await sync(all)
    const { id } = (await list())[0]!
    expect(await store.readRejectedRecord(id)).toEqual({
      id,
      mapping: 'HTS Service',
      kind: 'trackedEntity',
      recordKey: 'P-a',
      patientId: 'P-a',
      relation: 'hts_instance_table',
      rejection: bad(),
      cause: (await store.groupRejected({}))[0]!.cause,
      state: 'open',
      attempts: 1,
      runId: run.runId,
      firstAt: expect.any(Date) as Date,
      lastAt: expect.any(Date) as Date,
      dismissed: null,
      erased: false,
    })
    await sync(all)
    expect(await store.readRejectedRecord(id)).toMatchObject({ id, attempts: 2 })
    expect(await store.readRejectedRecord('999')).toBeNull()
  })
  test('a record is of every run that rejected it, not of one of another mapping; a dry run rejects nothing', async () => {
    clinic.patient('a')
    await mart()
    const runs = [await sync(all), await sync(all)]
    const other = await sync(all, { mappingName: 'Other' })
    for (const run of runs) expect(await list({ run: run.runId })).toMatchObject([{ mapping: 'HTS Service' }])
    expect(await list({ run: other.runId })).toMatchObject([{ mapping: 'Other' }])
    expect(await keys({ run: (await sync(all, { dryRun: true })).runId })).toEqual([])
  })
  test('page by page nothing is left out, also when records are rejected again in between', async () => {
    for (let i = 0; i < 5; i++) clinic.patient(String(i))
    await mart()
    await sync(all)
    const pages = []
    for (let after: string | null = null; ;) {
      const page = await store.listRejected({ state: 'open' }, { after, limit: 2 })
      pages.push(page.map((r) => r.recordKey))
      if (page.length === 0) break
      after = page.at(-1)!.id
      await sync(all)
    }
    expect(pages).toEqual([['P-0', 'P-1'], ['P-2', 'P-3'], ['P-4'], []])
  })
})

describe('groups', () => {
  test('one org unit is one cause for patients, enrollments and events; values of patients are no cause, and not shown', async () => {
    for (const id of ['a', 'b']) clinic.healthy(id)
    await mart()
    const noClinic = (value: string) => reject('org-unit-unknown', 'A sentence.', { column: 'OrgUnit', value })
    await sync((row) =>
      row.kind === 'event'
        ? bad(`secret ${row.row_id}`)
        : noClinic(row.kind === 'trackedEntity' && row.patient_id === 'P-b' ? 'ZW-2' : 'ZW-1'),
    )
    const groups = await store.groupRejected({ state: 'open' })
    expect(groups.map((g) => [g.records, g.patients, g.code, g.column, g.dhis2Name, g.value, g.kinds])).toEqual([
      [4, 2, 'value-invalid', 'Phone', 'Telephone', null, ['event']],
      [3, 2, 'org-unit-unknown', 'OrgUnit', null, 'ZW-1', ['trackedEntity', 'enrollment']],
      [1, 1, 'org-unit-unknown', 'OrgUnit', null, 'ZW-2', ['trackedEntity']],
    ])
    expect(groups[0]).toMatchObject({ mappings: ['HTS Service'], attempts: 1, firstAt: expect.any(Date) as Date })
    expect(JSON.stringify(groups)).not.toContain('secret')
    for (const group of groups) {
      expect(await list({ cause: group.cause })).toHaveLength(group.records)
      expect((await list({ cause: group.cause })).every((r) => r.cause === group.cause)).toBe(true)
    }
  })
  test('over mappings and runs: the most attempts, the first and the last time', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    await sync(all)
    await sync(all, { mappingName: 'Other' })
    await db.query(`update sync_rejected set first_at = '2024-01-01', last_at = '2024-01-02' where mapping_name = 'Other'`)
    const [group, ...others] = await store.groupRejected({})
    expect(others).toEqual([])
    expect(group).toMatchObject({ records: 2, patients: 1, mappings: ['HTS Service', 'Other'], attempts: 2 })
    expect(group!.firstAt.getFullYear()).toBe(2024)
    expect(group!.lastAt.getFullYear()).toBeGreaterThan(2024)
  })

  const option = (value: string) => reject('value-not-an-option', value, { column: 'Gender', dhis2Name: 'Sex', value })
  test('an answer is a cause when five patients have it; those that fewer have are one cause, whose value nobody is shown', async () => {
    const answers = ['Man', 'Man', 'Man', 'Man', 'Man', '0777 123', '0777 123', '0777 123', '0777 123', '0777 456']
    for (const i of answers.keys()) clinic.patient(String(i))
    await mart()
    const answer: Verdict = (row) => option(answers[Number(row.patient_id.slice(2))]!)
    await sync(answer)
    const groups = await store.groupRejected({})
    expect(groups.map((g) => [g.records, g.value]).toSorted((x, y) => (x[1] === null ? 1 : y[1] === null ? -1 : 0))).toEqual([
      [5, 'Man'],
      [5, null],
    ])
    expect(JSON.stringify(groups)).not.toContain('0777')
    const [shared, own] = [(await list({ patient: 'P-0' }))[0]!.cause, (await list({ patient: 'P-9' }))[0]!.cause]
    expect(await keys({ cause: shared })).toEqual(['P-0', 'P-1', 'P-2', 'P-3', 'P-4'])
    expect(await keys({ cause: own })).toEqual(['P-5', 'P-6', 'P-7', 'P-8', 'P-9'])
    // a key means the same for ever, though a record may come under another
    answers[0] = 'Boy'
    await sync(answer)
    expect(await store.groupRejected({})).toMatchObject([{ cause: own, records: 10, value: null }])
  })
  test('an answer that one patient has in two records is that patient’s own', async () => {
    clinic.healthy('a')
    await mart()
    await sync((row) => (row.kind === 'event' ? option('0777 123') : null))
    expect(await store.groupRejected({})).toMatchObject([{ records: 2, patients: 1, value: null }])
  })

  test.each<[string, Rejection, Rejection, number]>([
    ['a value', bad('1', '1'), bad('2', '2'), 1],
    [
      'an identifying value',
      reject('same-value-in-run', '1', { column: 'UIC', value: '1' }),
      reject('same-value-in-run', '2', { column: 'UIC', value: '2' }),
      1,
    ],
    [
      'a mapped column with the name of a fixed one',
      reject('value-invalid', '1', { column: 'status', value: '1' }),
      reject('value-invalid', '2', { column: 'status', value: '2' }),
      1,
    ],
    [
      'an attribute in a rejection about programs',
      reject('program-unknown', '1', { column: 'UIC', value: '1' }),
      reject('program-unknown', '2', { column: 'UIC', value: '2' }),
      1,
    ],
    [
      'a program',
      reject('program-unknown', '1', { column: 'program', value: 'PRGNowhere1' }),
      reject('program-unknown', '2', { column: 'program', value: 'PRGNowhere2' }),
      2,
    ],
    [
      'an unknown field',
      reject('field-unknown', '1', { column: 'A', dhis2Uid: 'TEANowhere1' }),
      reject('field-unknown', '2', { column: 'A', dhis2Uid: 'TEANowhere2' }),
      2,
    ],
    ['a tracked entity', reject('gone', '1', { dhis2Uid: 'TEIofPerson' }), reject('gone', '2', { dhis2Uid: 'TEIofOther1' }), 1],
    ['DHIS2’s code', reject('refused-by-dhis2', '1', { dhis2Code: 'E9998' }), reject('refused-by-dhis2', '2', { dhis2Code: 'E9999' }), 2],
    [
      'DHIS2’s code for what we know',
      reject('value-invalid', '1', { dhis2Code: 'E1007', column: 'A' }),
      reject('value-invalid', '2', { column: 'A' }),
      1,
    ],
    ['waiting for a patient', reject('parent-rejected', 'Patient a'), reject('parent-rejected', 'Patient b'), 1],
  ])('%s', async (_name, one, two, count) => {
    clinic.patient('a')
    clinic.patient('b')
    await mart()
    await sync((row) => (row.patient_id === 'P-a' ? one : two))
    const groups = await store.groupRejected({})
    expect(groups).toHaveLength(count)
    if (count === 1) expect(groups).toMatchObject([{ value: null }])
  })
})

describe('dismissed', () => {
  const dismiss = (filter: RejectedFilter) => store.dismissRejected(filter, 'clerk', 'a test patient')

  test('with a reason and a name; only what is open; reopened it has neither', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    expect(await dismiss({ state: 'settled' })).toBe(0)
    expect(await dismiss({ patient: 'P-a' })).toBe(1)
    expect(await store.dismissRejected({}, 'another', 'another reason')).toBe(0)
    expect(await list()).toMatchObject([
      { state: 'dismissed', dismissed: { by: 'clerk', reason: 'a test patient', at: expect.any(Date) as Date } },
    ])
    expect(await store.reopenRejected({ patient: 'P-a' })).toBe(1)
    expect(await store.reopenRejected({})).toBe(0)
    expect(await list()).toMatchObject([{ state: 'open', dismissed: null }])
    expect(await pendingOf((await snapshot()).run)).toEqual(['P-a trackedEntity pending'])
  })

  test.each<[string, Partial<RunRequest>]>([
    ['a sync', {}],
    ['a dry run', { dryRun: true }],
    ['a re-sync', { resync: true }],
    ['a period', { from: '2020-01-01', to: '2030-01-01' }],
  ])('the same content is not sent again by %s, counts as unchanged, and is previewed as such', async (_name, over) => {
    clinic.patient('a')
    clinic.patient('b', { dateCreated: '2024-01-01 00:00:00' })
    await mart()
    await sync((row) => (row.patient_id === 'P-a' ? bad() : null))
    await dismiss({})
    const { run, summary } = await snapshot(over)
    const again = over.resync || over.from ? 1 : 0
    // of the other one the marker says that it is old
    expect(summary.counts.trackedEntity).toMatchObject({ rejected: 0, pending: again, unchanged: 1 })
    expect((await pendingOf(run)).filter((row) => row.startsWith('P-a'))).toEqual([])
    expect(await states()).toEqual({ 'P-a': 'dismissed 1' })
    const previewed = await store.readDeltaPage(MAPPING, { from: null, to: null, resync: true }, { limit: 10, counts: false })
    expect(previewed.rows.find(({ patientId }) => patientId === 'P-a')).toMatchObject({ what: 'unchanged' })
  })

  test('a row that changes is tried again, whatever its date: open when it is rejected again, settled when it passes', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    await dismiss({})
    await sync(all)
    expect(await states()).toEqual({ 'P-a': 'dismissed 1' })
    await db.query('update marker set last_synced_date = now()')
    const editSilently = (phone: string) => db.query(`update mart.hts_instance_table set "Phone" = $1`, [phone])
    await editSilently('1')
    await sync(all)
    expect(await list()).toMatchObject([{ state: 'open', attempts: 2, dismissed: null }])
    await dismiss({})
    await editSilently('2')
    await sync(none)
    expect(await states()).toEqual({ 'P-a': 'settled 2' })
  })

  test('during a run that rejects it once more it stays so', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    const { run } = await snapshot()
    await dismiss({})
    await store.recordOutcomes(
      run.runId,
      'patients',
      (await rowsOf(run)).map((row) => outcome(row, bad())),
    )
    expect(await list()).toMatchObject([{ state: 'dismissed', attempts: 2, dismissed: { by: 'clerk' } }])
  })

  test('rows that differ are dismissed together; when one goes, or changes, the record is tried again', async () => {
    clinic.patient('a', {}, { Phone: '1' })
    clinic.patients.push({ ...clinic.patients[0]!, dateCreated: '2024-07-01', values: { ...clinic.patients[0]!.values, Phone: '2' } })
    await mart()
    await sync(all)
    expect(await list()).toMatchObject([{ rejection: { code: 'duplicate-rows' } }])
    await dismiss({})
    for (const over of [{}, { from: '2024-06-01', to: '2024-12-31' }]) {
      const { run, summary } = await snapshot(over)
      expect(summary.counts.trackedEntity).toMatchObject({ pending: 0, rejected: 0 })
      await end(run)
    }
    await db.query(`update mart.hts_instance_table set "Phone" = '3' where "Phone" = '2'`)
    const { run, summary } = await snapshot()
    expect(summary.counts.trackedEntity).toMatchObject({ pending: 0, rejected: 2 })
    expect(await states()).toEqual({ 'P-a': 'open 2' })
    await end(run, 'failed')
    await dismiss({})
    await db.query(`delete from mart.hts_instance_table where "Phone" = '3'`)
    expect(await pendingOf((await snapshot()).run)).toEqual(['P-a trackedEntity pending'])
  })

  describe('a patient', () => {
    const visitOf = () => clinic.visits.find((v) => v.programStage === INITIAL)!
    beforeEach(async () => {
      clinic.healthy('a')
      await mart()
    })
    const editEnrollment = () =>
      db.query(`update mart.hts_program_enrollment_table set enrollment_date = '2024-03-03', date_created = now()`)

    test('takes along what belongs to it, new and edited too; nothing of it is sent, and all of it counts as unchanged', async () => {
      await sync(family)
      await dismiss({ code: 'value-invalid' })
      expect((await list({ state: 'open' })).map((r) => r.kind)).toEqual(['enrollment', 'event', 'event'])
      await editEnrollment()
      clinic.visit(clinic.enrollments[0]!, INITIAL)
      const { run, summary } = await snapshot()
      expect(await pendingOf(run)).toEqual([])
      expect(await statesOf(run)).toContain('P-a trackedEntity dismissed')
      expect(Object.values(summary.counts).map((c) => [c.pending, c.rejected, c.unchanged])).toEqual([
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 2],
      ])
      expect((await store.readRun(run.runId))!.counts.event).toMatchObject({ unchanged: 2, rejected: 0 })
      expect(await list({ state: 'open' })).toEqual([])
      const [, enrollment] = await list()
      expect(enrollment).toMatchObject({
        kind: 'enrollment',
        state: 'dismissed',
        dismissed: { by: 'clerk', reason: 'a test patient' },
        rejection: reject('parent-rejected', "Patient P-a: not sent, because the patient's own record was rejected and dismissed."),
      })
    })
    test('a new form of it is on the list, without an attempt; a dry run writes nothing down', async () => {
      await sync(family)
      await dismiss({ patient: 'P-a' })
      clinic.visit(clinic.enrollments[0]!, INITIAL, { eventUniqueId: '700000' })
      await mart()
      const dry = await snapshot({ dryRun: true })
      expect(await pendingOf(dry.run)).toEqual([])
      expect(await list()).toHaveLength(4)
      await end(dry.run)
      await snapshot()
      expect((await list()).at(-1)).toMatchObject({
        recordKey: `${HTS}/${INITIAL}/700000`,
        relation: 'hts_program_events_table',
        state: 'dismissed',
        attempts: 0,
      })
    })
    test.each<[string, () => Promise<unknown>]>([
      ['reopened', () => store.reopenRejected({ code: 'value-invalid' })],
      ['changed', () => edit('a', '1')],
    ])('%s, it is sent with all that waited for it, dismissed or not', async (_name, change) => {
      await sync(family)
      await dismiss({ patient: 'P-a' })
      await sync(all)
      expect(new Set(Object.values(await states()))).toEqual(new Set(['dismissed 1']))
      await change()
      await sync(none)
      expect(new Set(Object.values(await states()))).toEqual(new Set(['settled 1']))
    })
    test('what waits cannot be dismissed without it: it is open again', async () => {
      await sync(family)
      await dismiss({ code: 'parent-rejected' })
      await sync(family)
      expect(new Set(Object.values(await states()))).toEqual(new Set(['open 2']))
    })
    test('whom DHIS2 has: what belongs to it goes on', async () => {
      await sync(none)
      await edit('a', '1')
      await sync(all)
      await dismiss({})
      await editEnrollment()
      expect(await statesOf((await snapshot()).run)).toEqual(['P-a enrollment pending', 'P-a trackedEntity context'])
    })
    test.each(['gone', 'tracked-entity-shared'] as const)(
      'who is bound to a tracked entity that is not theirs, %s: nothing is sent to it',
      async (code) => {
        await db.query(`insert into instance_tracker values ('P-a', 'TEIofA', 'java', null)`)
        await sync((row) =>
          row.kind === 'trackedEntity' ? reject(code, 'Patient P-a: not theirs.') : reject('parent-rejected', 'Patient P-a: not sent.'),
        )
        await dismiss({ code })
        await editEnrollment()
        expect(await pendingOf((await snapshot()).run)).toEqual([])
        expect(await list({ state: 'open' })).toEqual([])
      },
    )
    test('an enrollment that is bound to another person: its events are not sent to it', async () => {
      const { programUniqueId } = clinic.enrollments[0]!
      await db.query(`insert into enrollment_tracker values ('TEIofX', $1, 'ACTIVE', 'java', null, 'ENRofX', $2)`, [HTS, programUniqueId])
      await sync((row) =>
        row.kind === 'enrollment'
          ? reject('belongs-to-other-patient', 'Patient P-a: not theirs.')
          : row.kind === 'event'
            ? reject('parent-rejected', 'Patient P-a: not sent.')
            : null,
      )
      await dismiss({ code: 'belongs-to-other-patient' })
      expect(await pendingOf((await snapshot()).run)).toEqual([])
    })
    test('a dismissed enrollment takes its events along, and no other enrollment’s', async () => {
      const second = clinic.enroll(clinic.patients[0]!, { enrollmentDate: '2023-01-01', status: 'COMPLETED' })
      await mart()
      const key = `${HTS}/${clinic.enrollments[0]!.programUniqueId}`
      await sync((row) =>
        row.record_key === key ? bad() : row.kind === 'event' ? reject('parent-rejected', 'Patient P-a: not sent.') : null,
      )
      await dismiss({ code: 'value-invalid' })
      clinic.visit(second, INITIAL, { eventUniqueId: '700001', dateCreated: '2024-07-01' })
      clinic.visit(clinic.enrollments[0]!, INITIAL, { eventUniqueId: '700002', patientProgramId: null, dateCreated: '2024-07-01' })
      await mart()
      const { run } = await snapshot()
      const events = (await rowsOf(run)).filter((r) => r.kind === 'event')
      expect(Object.fromEntries(events.map((e) => [e.record_key.split('/')[2], e.state]))).toEqual({
        ...Object.fromEntries(clinic.visits.map((v) => [v.eventUniqueId, 'dismissed'])),
        '700001': 'pending',
      })
      expect((await rowsOf(run)).find((r) => r.record_key === key)!.state).toBe('dismissed')
      expect((await list({ patient: 'P-a', kind: 'event' })).at(-1)!.rejection.message).toBe(
        'Patient P-a: not sent, because its enrollment was rejected and dismissed.',
      )
    })
    test('an event that fits another enrollment too goes there', async () => {
      clinic.enroll(clinic.patients[0]!, { status: 'COMPLETED' })
      const key = `${HTS}/${clinic.enrollments[0]!.programUniqueId}`
      clinic.visit(clinic.enrollments[0]!, INITIAL, { eventUniqueId: '700003', patientProgramId: null })
      await mart()
      await sync((row) => (row.record_key === key || row.kind === 'event' ? bad() : null))
      await dismiss({ kind: 'enrollment' })
      const { run } = await snapshot()
      expect((await rowsOf(run)).find((r) => r.record_key.endsWith('700003'))!.state).toBe('pending')
    })
    test('a dismissed event is not sent with its enrollment', async () => {
      const key = `${HTS}/${INITIAL}/${visitOf().eventUniqueId}`
      await sync((row) => (row.record_key === key ? bad() : null))
      await dismiss({})
      await editEnrollment()
      expect(await pendingOf((await snapshot()).run)).toEqual(['P-a enrollment pending'])
    })
  })
})

describe('a retry', () => {
  const retry = (rejected: RejectedFilter) => snapshot({ rejected })

  test('has the chosen records and what waits for them, and says so in the log; nothing else is settled', async () => {
    for (const id of ['a', 'b', 'c']) clinic.healthy(id)
    clinic.patient('d')
    await mart()
    await sync(family)
    await db.query(`delete from mart.hts_instance_table where "Patient_Identifier" = 'P-d'`)
    clinic.patient('new')
    const { id } = (await list({ patient: 'P-a', kind: 'trackedEntity' }))[0]!
    const { run } = await retry({ ids: [id] })
    expect(await store.readRun(run.runId)).toMatchObject({ retry: true })
    expect(await pendingOf(run)).toEqual(['P-a enrollment pending', 'P-a event pending', 'P-a event pending', 'P-a trackedEntity pending'])
    expect((await store.readLog(1))[0]!.comments).toBe('a test (retry of 4 rejected records)')
    expect((await states())['P-d']).toBe('open 1')
  })
  test('of an event has it alone, with the patient and the enrollment that DHIS2 lacks for it', async () => {
    clinic.healthy('a')
    await mart()
    await sync(family)
    const { id, recordKey } = (await list({ kind: 'event' }))[0]!
    const { run } = await retry({ ids: [id] })
    expect((await rowsOf(run)).filter((r) => r.kind === 'event').map((r) => r.record_key)).toEqual([recordKey])
    expect(await pendingOf(run)).toEqual(['P-a enrollment pending', 'P-a event pending', 'P-a trackedEntity pending'])
  })
  test('of many together, of its own mapping, and of open ones', async () => {
    for (const id of ['a', 'b', 'c']) clinic.patient(id)
    await mart()
    await sync(all)
    await sync(all, { mappingName: 'Other' })
    await store.dismissRejected({ patient: 'P-c' }, 'clerk', 'a test patient')
    const [group] = await store.groupRejected({ state: 'open' })
    const { run } = await retry({ cause: group!.cause })
    expect(await pendingOf(run)).toEqual(['P-a trackedEntity pending', 'P-b trackedEntity pending'])
    expect((await store.readLog(1))[0]!.comments).toBe('a test (retry of 2 rejected records)')
  })
  test('settles what is gone from the Mart, and what is again as DHIS2 has it', async () => {
    clinic.patient('a')
    clinic.patient('b')
    await mart()
    await sync(none)
    await edit('a', '1')
    await edit('b', '1')
    await sync(all)
    await db.query(`delete from mart.hts_instance_table where "Patient_Identifier" = 'P-a'`)
    await db.query(`update mart.hts_instance_table set "Phone" = null`)
    const { run } = await retry({})
    expect(await rowsOf(run)).toEqual([])
    expect(await states()).toEqual({ 'P-a': 'settled 1', 'P-b': 'settled 1' })
  })
  test.each<[string, Partial<RunRequest>]>([
    ['one of two who share a value', { rejected: { patient: 'P-a' } }],
    ['a period with one of two who share a value', { from: '2024-01-01', to: '2024-01-31' }],
  ])('of %s: it is still flagged, and the other is not sent', async (_name, over) => {
    clinic.patient('a', { dateCreated: '2024-01-02' }, { UIC: 'same' })
    clinic.patient('b', {}, { UIC: 'same' })
    await mart()
    await sync(() => reject('same-value-in-run', 'A sentence.', { column: 'UIC', value: 'same' }))
    const { run } = await snapshot(over)
    expect(await pendingOf(run)).toEqual(['P-a trackedEntity pending'])
    await store.flagSameValues(run.runId, { searchable: ['UIC'], unique: [] })
    await store.assignChunks(run.runId, 100)
    expect(await store.readPatients(run.runId, 0)).toMatchObject([{ patientId: 'P-a', sameValueAs: { patientId: 'P-b' } }])
    await end(run, 'failed')
    await store.dismissRejected({ patient: 'P-b' }, 'clerk', 'registered twice')
    const next = await snapshot()
    expect(await store.flagSameValues(next.run.runId, { searchable: ['UIC'], unique: [] })).toBe(0)
    expect(await pendingOf(next.run)).toEqual(['P-a trackedEntity pending'])
  })
  test('of two who share a value together: both are flagged with each other', async () => {
    for (const id of ['a', 'b']) clinic.patient(id, {}, { UIC: 'same' })
    await mart()
    await sync(() => reject('same-value-in-run', 'A sentence.', { column: 'UIC', value: 'same' }))
    const { run } = await retry({ code: 'same-value-in-run' })
    expect(await store.flagSameValues(run.runId, { searchable: ['UIC'], unique: [] })).toBe(2)
  })
  test('of rows that differ has all of them', async () => {
    clinic.patient('a', {}, { Phone: '1' })
    clinic.patients.push({ ...clinic.patients[0]!, dateCreated: '2020-01-01', values: { ...clinic.patients[0]!.values, Phone: '2' } })
    await mart()
    await sync(all)
    const { run, summary } = await retry({ patient: 'P-a' })
    expect(summary.counts.trackedEntity).toMatchObject({ pending: 0, rejected: 2 })
    expect(await states()).toEqual({ 'P-a': 'open 2' })
    await end(run, 'failed')
    await db.query(`delete from mart.hts_instance_table where "Phone" = '2'`)
    expect(await pendingOf((await retry({ patient: 'P-a' })).run)).toEqual(['P-a trackedEntity pending'])
  })
  test('of nothing has nothing', async () => {
    clinic.patient('a')
    await mart()
    const { run } = await retry({ patient: 'nobody' })
    expect(run.retry).toBe(true)
    expect(await rowsOf(run)).toEqual([])
  })
})

describe('attempts', () => {
  test('one for each run, however often its chunks and its snapshot are done again', async () => {
    clinic.patient('a', {}, { Phone: '1' })
    clinic.patients.push({ ...clinic.patients[0]!, values: { ...clinic.patients[0]!.values, Phone: '2' } })
    await mart()
    const { run } = await snapshot()
    await store.takeSnapshot(run)
    expect(await states()).toEqual({ 'P-a': 'open 1' })
    await db.query(`delete from mart.hts_instance_table where "Phone" = '2'`)
    await store.takeSnapshot(run)
    await store.recordOutcomes(
      run.runId,
      'patients',
      (await rowsOf(run)).map((row) => outcome(row, bad())),
    )
    expect(await states()).toEqual({ 'P-a': 'open 1' })
    await end(run)
    await sync(all)
    expect(await states()).toEqual({ 'P-a': 'open 2' })
  })
  test('one that had passed is a new case, with its old id', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    await sync(all)
    const [before] = await list()
    await sync(none)
    await db.query(`update sync_rejected set first_at = '2020-01-01'`)
    await edit('a', '1')
    await sync(all)
    const [record] = await list()
    expect(record).toMatchObject({ id: before!.id, state: 'open', attempts: 1 })
    expect(record!.firstAt.getFullYear()).toBeGreaterThan(2020)
  })
})

describe('erasure', () => {
  const SECRET = '+263 77 123'
  const age = async (days: number) => {
    await db.query(
      `update sync_rejected set last_at = last_at - make_interval(days => $1), dismissed_at = dismissed_at - make_interval(days => $1)`,
      [days],
    )
    await db.query(`update sync_run set ended_at = ended_at - make_interval(days => $1)`, [days])
  }
  const COPIES = ['sync_snapshot_row', 'sync_plan', 'sync_patient', 'sync_run_record']
  /** our tables with copies of the Mart, as text */
  const everything = async () =>
    JSON.stringify(await Promise.all(['sync_rejected', ...COPIES].map((table) => db.query(`select * from ${table}`))))

  test('values, patients and copies go when they are older, the facts stay; open records keep theirs', async () => {
    for (const id of ['settled', 'dismissed', 'open']) clinic.patient(id, {}, { Phone: SECRET })
    await mart()
    const run = await sync((row) => bad(SECRET, `Patient ${row.patient_id} has ${SECRET}.`))
    const idOf = async (id: string) => (await list({ patient: `P-${id}` }))[0]!.id
    const [settled, dismissed, open] = [await idOf('settled'), await idOf('dismissed'), await idOf('open')]
    await store.dismissRejected({ ids: [dismissed] }, 'clerk', 'a test patient')
    await db.query(`update sync_rejected set state = 'settled' where rejected_id = $1`, [settled])
    expect(await store.eraseOlderThan(90)).toEqual({ records: 0, runs: 0 })
    await age(91)
    expect(await store.eraseOlderThan(92)).toEqual({ records: 0, runs: 0 })
    expect(await store.readRun(run.runId)).toMatchObject({ erasedAt: null })
    expect(await store.eraseOlderThan(90)).toEqual({ records: 2, runs: 1 })
    expect(await store.eraseOlderThan(90)).toEqual({ records: 0, runs: 0 })
    const fact = reject('value-invalid', 'The details were erased.', { column: 'Phone', dhis2Name: 'Telephone' })
    const erased = { erased: true, patientId: null, recordKey: null, rejection: fact, attempts: 1, kind: 'trackedEntity' }
    expect(await store.readRejectedRecord(settled)).toMatchObject({ ...erased, state: 'settled' })
    expect(await store.readRejectedRecord(dismissed)).toMatchObject({
      ...erased,
      state: 'dismissed',
      dismissed: { by: 'clerk', reason: 'a test patient' },
    })
    expect(await store.readRejectedRecord(open)).toMatchObject({
      state: 'open',
      erased: false,
      patientId: 'P-open',
      rejection: { value: SECRET },
    })
    for (const table of COPIES) expect(await db.query(`select from ${table}`), table).toEqual([])
    expect(await store.readRun(run.runId)).toMatchObject({ erasedAt: expect.any(Date) as Date, counts: { trackedEntity: { rejected: 3 } } })
    expect((await everything()).split(SECRET)).toHaveLength(3) // message and value of the open one
    expect(await everything()).not.toContain('P-settled')
    // the run is known where it was the last
    expect(await list({ run: run.runId })).toHaveLength(3)
    expect(await store.groupRejected({})).toMatchObject([{ records: 3, patients: 1, code: 'value-invalid', column: 'Phone' }])
  })
  test('an answer that was shared is erased too', async () => {
    for (let i = 0; i < 5; i++) clinic.patient(String(i))
    await mart()
    await sync(() => reject('value-not-an-option', 'm', { column: 'Gender', value: SECRET }))
    expect(await store.groupRejected({})).toMatchObject([{ records: 5, value: SECRET }])
    await store.dismissRejected({}, 'clerk', 'a test patient')
    await age(91)
    await store.eraseOlderThan(90)
    expect(await store.groupRejected({})).toMatchObject([{ records: 5, value: null }])
  })
  test('what was dismissed is not sent again after that either, and has its values again when it is rejected anew', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    await store.dismissRejected({}, 'clerk', 'a test patient')
    await age(1)
    await store.eraseOlderThan(0)
    const held = await snapshot()
    expect(await pendingOf(held.run)).toEqual([])
    await end(held.run)
    await edit('a', '1')
    await sync(all)
    expect(await list()).toMatchObject([{ state: 'open', erased: false, patientId: 'P-a', recordKey: 'P-a', rejection: { value: 'x' } }])
  })
  test('a record that passed and was erased is another one when it is rejected again', async () => {
    clinic.patient('a')
    await mart()
    await sync(all)
    await sync(none)
    await age(1)
    await store.eraseOlderThan(0)
    await edit('a', '1')
    await sync(all)
    expect(await list()).toMatchObject([
      { state: 'settled', recordKey: null },
      { state: 'open', recordKey: 'P-a', attempts: 1 },
    ])
  })
  test('a run that goes on keeps its copies, and one that ended within the hour', async () => {
    clinic.patient('a')
    await mart()
    await sync(all, { mappingName: 'Other' })
    const { run } = await snapshot()
    expect(await store.eraseOlderThan(0)).toEqual({ records: 0, runs: 0 })
    await age(1)
    expect(await store.eraseOlderThan(0)).toEqual({ records: 0, runs: 1 })
    expect(await pendingOf(run)).toHaveLength(1)
  })

  describe('of very many', () => {
    const MANY = 12_000
    let run: Run
    /** rows that each statement has changed */
    const statements = async () => (await db.query<{ rows: number }>('select rows::int from public.statement')).map((s) => s.rows)
    beforeEach(async () => {
      await mart()
      run = await sync(none)
      await db.query(
        `insert into sync_snapshot_row (run_id, kind, source, state, patient_id, record_key, hash)
         select $1, 'event', 0, 'created', 'P', 'k' || n, '' from generate_series(1, ${MANY}) as n`,
        [run.runId],
      )
      await db.query(`insert into sync_patient select $1, n / 100, 'P' || n from generate_series(1, ${MANY}) as n`, [run.runId])
      await db.query(
        `insert into sync_rejected (mapping_name, kind, record_key, patient_id, relation, code, rejection, cause, hash, run_id, state)
         select 'HTS Service', 'event', 'k' || n, 'P', '', 'value-invalid', '{}', '', '', $1, 'settled' from generate_series(1, ${MANY}) as n`,
        [run.runId],
      )
      await age(91)
      await db.query('drop table if exists public.statement; create table public.statement (rows bigint)')
      await db.query(`create or replace function public.note() returns trigger language plpgsql as
        'begin insert into public.statement select count(*) from changed; return null; end'`)
      for (const [table, event, changed] of [
        ['sync_snapshot_row', 'delete', 'old'],
        ['sync_patient', 'delete', 'old'],
        ['sync_rejected', 'update', 'new'],
      ])
        await db.query(
          `create trigger note after ${event} on ${table} referencing ${changed} table as changed for each statement execute function public.note()`,
        )
      return async () => {
        await db.query('drop function public.note cascade')
        await db.query('drop table public.statement')
      }
    })

    test('some thousand rows a statement', async () => {
      expect(await store.eraseOlderThan(90)).toEqual({ records: MANY, runs: 1 })
      const rows = await statements()
      expect(Math.max(...rows)).toBeLessThanOrEqual(5000)
      expect(rows.reduce((sum, n) => sum + n, 0)).toBe(3 * MANY)
    })
    test('it waits for no record that a run works on, which is erased the next time', async () => {
      const other = new pg.Client({ connectionString: db.url })
      await other.connect()
      await other.query('begin')
      await other.query(`update sync_rejected set state = state where record_key = 'k1'`)
      expect(await store.eraseOlderThan(90)).toEqual({ records: MANY - 1, runs: 1 })
      await other.query('commit')
      await other.end()
      expect(await store.eraseOlderThan(90)).toEqual({ records: 1, runs: 0 })
    })
    test('it can be ended, and goes on where it was', async () => {
      expect(await store.eraseOlderThan(90, AbortSignal.abort())).toEqual({ records: 5000, runs: 0 })
      expect(await statements()).toEqual([5000])
      expect(await store.readRun(run.runId)).toMatchObject({ erasedAt: null })
      expect(await store.eraseOlderThan(90)).toEqual({ records: MANY - 5000, runs: 1 })
    })
    test('two processes at once erase everything once', async () => {
      const erased = await Promise.all([store.eraseOlderThan(90), store.eraseOlderThan(90)])
      expect(erased[0].records + erased[1].records).toBeLessThanOrEqual(MANY)
      expect(await store.eraseOlderThan(90)).toMatchObject({ runs: 0 })
      expect(await db.query('select from sync_rejected where erased_at is null')).toEqual([])
      for (const table of COPIES) expect(await db.query(`select from ${table}`), table).toEqual([])
    })
  })
})
