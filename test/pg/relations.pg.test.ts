/** A mapping of several event relations, with constants for columns that relations lack, and translations: all that SQL makes of it. */
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Run, Store } from '../../sql/store/store.ts'
import { mappedColumns, type EventRelation, type Mapping } from '../../src/core/mapping.ts'
import { reject } from '../../src/core/rejection.ts'
import { Clinic, FOLLOW_UP, formsMappingOf, formViews, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'
import { untilWaiting } from '../support/site.ts'

const MAPPING = formsMappingOf('hts', { name: 'HTS Service' })
const [FIRST, SECOND] = MAPPING.events as [EventRelation, EventRelation]
const RESULT = 'HIV result given to client ?'

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createMigratedDatabase()
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'UTC', size: 4 })
  store = createStore(pool, openChunkLocks(db.url, 'public', 2), { martSchema: 'mart', storeSchema: 'public', overlapDays: 7 })
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
  await db.query('drop schema if exists mart cascade')
  clinic = new Clinic('P')
})

const mart = () => createMart(db.url, 'mart', [clinic.service('hts', formViews('hts'))])
const request = (mapping: Mapping) => ({
  mappingName: mapping.name,
  requestedBy: 'clerk',
  comment: 'a test',
  dryRun: false,
  from: null,
  to: null,
  resync: false,
})
/** A run of this mapping up to its chunks. */
async function snapshot(mapping: Mapping = MAPPING) {
  await store.saveMappings([mapping], 'admin')
  const run = await store.createRun(request(mapping))
  await store.startRun(run.runId)
  const summary = await store.takeSnapshot(run)
  await store.assignChunks(run.runId, 100)
  return { run, summary }
}
interface Row {
  row_id: string
  kind: string
  source: number
  state: string
  record_key: string
  org_unit_code: string | null
  program: string | null
  program_stage: string | null
  mart_values: (string | null)[]
}
const rowsOf = (run: Run) =>
  db.query<Row>(
    `select row_id::text, kind, source, state, record_key, org_unit_code, program, program_stage, mart_values
    from sync_snapshot_row where run_id = $1 order by row_id`,
    [run.runId],
  )
const pendingOf = async (run: Run) =>
  (await rowsOf(run))
    .filter((row) => row.state === 'pending')
    .map((row) => `${row.kind} ${row.record_key}`)
    .toSorted()
/** Every pending row is delivered, and the run succeeds. */
async function deliver(run: Run): Promise<void> {
  const pending = (await rowsOf(run)).filter((row) => row.state === 'pending')
  await store.recordOutcomes(
    run.runId,
    'patients',
    pending.map((row) => ({
      rowId: row.row_id,
      state: 'created',
      uid: `uid${row.row_id.padStart(8, '0')}`,
      trackedEntity: 'TEIofPerson',
      status: null,
      adopted: false,
      sent: [],
      rejection: null,
      warnings: [],
    })),
  )
  await store.finishRun(run.runId, { state: 'succeeded', failure: null, statusInfo: '', moveMarkers: true })
}
/** What a run after this one has to send. */
async function sentAgain(mapping: Mapping): Promise<string[]> {
  const { run } = await snapshot(mapping)
  const pending = await pendingOf(run)
  await deliver(run)
  return pending
}
const keyOf = ({ programStage, eventUniqueId }: Clinic['visits'][number]) => `event ${HTS}/${programStage}/${eventUniqueId}`
const [INITIALS, FOLLOW_UPS] = [INITIAL, FOLLOW_UP].map(
  (stage) => () => clinic.visits.filter((v) => v.programStage === stage).map(keyOf),
) as [() => string[], () => string[]]

describe('snapshot', () => {
  test('each row says which event relation it came from, has the values of that one, and what the mapping gives', async () => {
    clinic.healthy('a')
    await mart()
    const { run, summary } = await snapshot()
    expect(summary.programs).toEqual([HTS])
    expect(summary.counts.event).toEqual({ scanned: 2, pending: 2, unchanged: 0, rejected: 0 })
    const [person, enrollment, initial, followUp] = await rowsOf(run)
    expect(person).toMatchObject({ kind: 'trackedEntity', source: 0 })
    expect(enrollment).toMatchObject({ kind: 'enrollment', source: 0, program: HTS, org_unit_code: 'C-01' })
    expect(initial).toMatchObject({ source: 0, program: HTS, program_stage: INITIAL, org_unit_code: 'C-01' })
    expect(followUp).toMatchObject({ source: 1, program: HTS, program_stage: FOLLOW_UP, org_unit_code: 'C-02' })
    // in the order of the columns' names, as the Mart has them
    expect(initial!.mart_values).toEqual(['2024-03-01', 'NEGATIVE', 'true', null, '2'])
    expect(followUp!.mart_values).toEqual(['2024-06-01', '1'])
    const [work] = await store.readEnrollmentWork(run.runId, 0, 'all')
    expect(work!.events.map((e) => e.source)).toEqual([0, 1])
  })
  test('the markers move to the newest date of all relations', async () => {
    clinic.healthy('a')
    clinic.visits[1]!.dateCreated = '2024-04-01 00:00:00'
    await mart()
    await deliver((await snapshot()).run)
    expect(await db.query(`select last_synced_date::text as at from marker where category = 'event'`)).toEqual([
      { at: '2024-04-01 00:00:00' },
    ])
  })
  test.each<[string, string, Mapping, string]>([
    [
      'a column that the mapping gives nothing for',
      'select',
      { ...MAPPING, events: [FIRST, { ...SECOND, constants: { program: HTS, program_stage: FOLLOW_UP } }] },
      'column "OrgUnit" is not in the event relation "hts_follow_up_table"',
    ],
    [
      'an enrollment relation without program',
      'select',
      { ...MAPPING, enrollments: { ...MAPPING.enrollments, constants: {} } },
      'column "program" is not in the enrollment relation "hts_enrollments_table"',
    ],
    [
      'a mapped column of the second',
      'select',
      { ...MAPPING, events: [FIRST, { ...SECOND, columns: { ...SECOND.columns, Notes: 'DEHtsNotes1' } }] },
      'column "Notes" is not in the event relation "hts_follow_up_table"',
    ],
    ['the second is gone', 'drop view mart.hts_follow_up_table', MAPPING, 'the event relation "hts_follow_up_table" is not in the Mart'],
  ])('what is missing is named: %s', async (_name, change, mapping, sentence) => {
    await mart()
    await db.query(change)
    await expect(snapshot(mapping)).rejects.toThrow(sentence)
    await expect(store.countDelta(mapping, request(mapping))).rejects.toThrow(sentence)
    await expect(store.readVanished(mapping)).rejects.toThrow(sentence)
  })
  test('the last of the relations is rebuilt while the snapshot waits for it: noticed', async () => {
    clinic.healthy('a')
    await mart()
    await db.query('create table mart.second as table mart.hts_follow_up_table; drop view mart.hts_follow_up_table')
    await db.query('alter table mart.second rename to hts_follow_up_table')
    await store.saveMappings([MAPPING], 'admin')
    const run = await store.createRun(request(MAPPING))
    const other = new pg.Client({ connectionString: db.url })
    await other.connect()
    await other.query('begin; create table mart.rebuilt as table mart.hts_follow_up_table')
    await other.query('lock table mart.hts_follow_up_table in access exclusive mode')
    const taking = store.takeSnapshot(run).catch((error: unknown) => error)
    await untilWaiting(db)
    await other.query('drop table mart.hts_follow_up_table; alter table mart.rebuilt rename to hts_follow_up_table; commit')
    await other.end()
    expect(await taking).toMatchObject({ transient: true, message: expect.stringContaining('was being rebuilt') as string })
  })
})

describe('what sends records again', () => {
  beforeEach(async () => {
    clinic.healthy('a')
    clinic.healthy('b')
    await mart()
    await deliver((await snapshot()).run)
  })
  const first = (over: Partial<EventRelation>): Mapping => ({ ...MAPPING, events: [{ ...FIRST, ...over }, SECOND] })
  const turned = <T>(of: Record<string, T>) => Object.fromEntries(Object.entries(of).toReversed())
  const words = FIRST.translations[RESULT]!

  test.each<[string, Mapping, () => string[]]>([
    ['nothing', MAPPING, () => []],
    ['another order of the relations does not', { ...MAPPING, events: [SECOND, FIRST] }, () => []],
    ['another order of translations does not', first({ translations: { [RESULT]: turned(words) } }), () => []],
    ['translations of a column that is not mapped do not', first({ translations: { ...FIRST.translations, x: { a: 'b' } } }), () => []],
    ['the size of a chunk does not', { ...MAPPING, chunkSize: 7 }, () => []],
    ['another translation does, those of its relation', first({ translations: { [RESULT]: { ...words, x: 'y' } } }), INITIALS],
    ['no translation does', first({ translations: {} }), INITIALS],
    [
      'a translation of patients does',
      { ...MAPPING, instance: { ...MAPPING.instance, translations: {} } },
      () => ['trackedEntity P-a', 'trackedEntity P-b'],
    ],
    [
      'another org unit that the mapping gives does',
      { ...MAPPING, events: [FIRST, { ...SECOND, constants: { ...SECOND.constants, OrgUnit: 'C-03' } }] },
      FOLLOW_UPS,
    ],
  ])('%s', async (_name, mapping, expected) => {
    expect(await sentAgain(mapping)).toEqual(expected().toSorted())
    expect(await sentAgain(mapping)).toEqual([])
  })
  test('another column of the second', async () => {
    const { 'Visit number': _left, ...columns } = SECOND.columns
    expect(await sentAgain({ ...MAPPING, events: [FIRST, { ...SECOND, columns }] })).toEqual(FOLLOW_UPS().toSorted())
  })
  test('a relation that is new to the mapping brings what it has', async () => {
    await db.query(`create view mart.third as select *, '9' as "Number" from mart.hts_initial_table`)
    const third = { ...SECOND, table: 'third', columns: { Number: 'DEFupVisNo1' } }
    const keys = INITIALS().map((key) => key.replace(INITIAL, FOLLOW_UP))
    expect(await sentAgain({ ...MAPPING, events: [FIRST, SECOND, third] })).toEqual(keys.toSorted())
  })
})

describe('one record in two relations', () => {
  /** the follow-ups once more, and without the stage's own words */
  const copy = (sqlOfNumber: string) =>
    db.query(
      `create view mart.other_table as select "Patient_Identifier", event_unique_id, patient_program_id, enrollment_date, event_date, status, date_created,
        "Next appointment", ${sqlOfNumber} as "Visit number" from mart.hts_follow_up_table`,
    )
  const BOTH: Mapping = { ...MAPPING, events: [FIRST, SECOND, { ...SECOND, table: 'other_table' }] }

  test('with one content it is one', async () => {
    clinic.healthy('a')
    await mart()
    await copy('"Visit number"')
    const { run, summary } = await snapshot(BOTH)
    expect(summary.counts.event).toEqual({ scanned: 3, pending: 2, unchanged: 0, rejected: 0 })
    await deliver(run)
    expect((await snapshot(BOTH)).summary.counts.event).toEqual({ scanned: 3, pending: 0, unchanged: 3, rejected: 0 })
  })
  test('with two it is rejected, and both relations are named', async () => {
    clinic.healthy('a')
    await mart()
    await copy('7')
    const { run, summary } = await snapshot(BOTH)
    expect(summary.counts.event).toMatchObject({ pending: 1, rejected: 2 })
    const [key] = FOLLOW_UPS().map((k) => k.replace('event ', ''))
    const message = `Patient P-a: hts_follow_up_table and other_table have 2 rows for ${key}, which differ in "Visit number".`
    expect(await store.readRejected(run.runId)).toMatchObject([
      { relation: 'hts_follow_up_table', recordKey: key, rejection: { code: 'duplicate-rows', column: 'Visit number', message } },
      { relation: 'other_table', recordKey: key, rejection: { code: 'duplicate-rows', message } },
    ])
    expect(await store.listRejected({}, { after: null, limit: 10 })).toMatchObject([{ recordKey: key, rejection: { message } }])
  })
  test.each<[string, Partial<EventRelation>, string]>([
    ['a column that only one has', { columns: { 'Next appointment': 'DEFupNextD1' } }, '"Visit number"'],
    ['another UID', { columns: { ...SECOND.columns, 'Visit number': 'DEHtsTests1' } }, '"Visit number"'],
    ['another translation', { translations: {} }, '"Visit number"'],
    ['another org unit', { constants: { ...SECOND.constants, OrgUnit: 'C-01' } }, '"OrgUnit"'],
  ])('what differs is named: %s', async (_name, over, column) => {
    clinic.healthy('a')
    await mart()
    await copy('"Visit number"')
    const { run } = await snapshot({ ...MAPPING, events: [FIRST, SECOND, { ...SECOND, ...over, table: 'other_table' }] })
    expect((await store.readRejected(run.runId)).map((r) => r.rejection.message.split('which ')[1])).toEqual(
      [1, 2].map(() => `differ in ${column}.`),
    )
  })
  test('a second row that comes when the first was delivered: both are rejected, not sent by turns', async () => {
    clinic.healthy('a')
    await mart()
    await deliver((await snapshot()).run)
    await copy('7')
    for (const attempts of [1, 2]) {
      const { run, summary } = await snapshot(BOTH)
      expect(summary.counts.event).toEqual({ scanned: 3, pending: 0, unchanged: 1, rejected: 2 })
      expect(await db.query('select state, attempts from sync_rejected')).toEqual([{ state: 'open', attempts }])
      await deliver(run)
    }
    await db.query('drop view mart.other_table')
    expect(await sentAgain(MAPPING)).toEqual([])
    expect(await db.query('select state from sync_rejected')).toEqual([{ state: 'settled' }])
  })
  test('also within one relation', async () => {
    clinic.patient('a')
    await mart()
    await deliver((await snapshot()).run)
    clinic.patients.push({ ...clinic.patients[0]!, values: { ...clinic.patients[0]!.values, Phone: '2' } })
    await mart()
    const { run, summary } = await snapshot()
    expect(summary.counts.trackedEntity).toEqual({ scanned: 2, pending: 0, unchanged: 0, rejected: 2 })
    await deliver(run)
    await store.dismissRejected({ mapping: MAPPING.name }, 'clerk', 'nobody knows')
    expect((await snapshot()).summary.counts.trackedEntity).toEqual({ scanned: 2, pending: 0, unchanged: 2, rejected: 0 })
  })
})

test.each<[string, object, object, string]>([
  ['a table name is missing', { instance: 'i', enrollments: '', event: 'e' }, {}, 'A table name is missing.'],
  [
    'a table twice',
    { instance: 'i', enrollments: 'n', event: 'e' },
    { events: [{ table: 'e', columns: { a: 'DEFupNextD1' } }] },
    'An event table can be used again only with another program or program_stage constant.',
  ],
])('a row of the mapping table that is no mapping makes no run: %s', async (_name, tables, config, sentence) => {
  await db.query(
    `insert into mapping (mapping_name, lookup_table, mapping_json, config) values ('Odd', $1, '{"instance": {}, "event": {}}', $2)`,
    [tables, config],
  )
  await expect(store.createRun({ ...request(MAPPING), mappingName: 'Odd' })).rejects.toThrow(
    `Mapping "Odd" cannot be synced: ${sentence} Correct the mapping.`,
  )
  expect(await db.query('select from sync_run')).toEqual([])
  // and it can be read, to be mended
  expect((await store.readMapping('Odd'))!.instance.table).toBe('i')
})

test('a rejected record of the second relation has its table, in the run and in the work list', async () => {
  clinic.healthy('a')
  await mart()
  const { run } = await snapshot()
  const row = (await rowsOf(run)).find((r) => r.source === 1)!
  await store.recordOutcomes(run.runId, 'new-active', [
    {
      rowId: row.row_id,
      state: 'rejected',
      uid: null,
      trackedEntity: null,
      status: null,
      adopted: false,
      sent: [],
      rejection: reject('value-invalid', 'A sentence.'),
      warnings: [],
    },
  ])
  expect(await store.readRejected(run.runId)).toMatchObject([{ relation: 'hts_follow_up_table' }])
  expect(await store.listRejected({}, { after: null, limit: 10 })).toMatchObject([{ relation: 'hts_follow_up_table' }])
})

test('patients who share a value only after its translation are flagged, with the Mart’s own value', async () => {
  for (const [id, UIC] of Object.entries({ a: 'X', b: 'old x ', c: 'none', d: 'none', e: 'Y' })) clinic.patient(id, {}, { UIC })
  await mart()
  const { run } = await snapshot({ ...MAPPING, instance: { ...MAPPING.instance, translations: { UIC: { 'old x': 'x', none: '' } } } })
  expect(await store.flagSameValues(run.runId, { searchable: ['UIC'], unique: [] })).toBe(2)
  const flagged = (await store.readPatients(run.runId, 0)).flatMap((p) => (p.sameValueAs ? [[p.patientId, p.sameValueAs]] : []))
  expect(flagged).toEqual([
    ['P-a', { patientId: 'P-b', column: 'UIC', value: 'X' }],
    ['P-b', { patientId: 'P-a', column: 'UIC', value: 'old x ' }],
  ])
})

describe('read only', () => {
  test('a preview has every relation’s rows, with its name, its columns and the Mart’s own values', async () => {
    clinic.healthy('a')
    clinic.visits[0]!.values = { ...clinic.visits[0]!.values, [RESULT]: 'positive' }
    await mart()
    const { rows } = await store.readDeltaPage(MAPPING, request(MAPPING), { limit: 10, counts: false })
    const [result, visit] = [mappedColumns(FIRST).findIndex(([name]) => name === RESULT), mappedColumns(SECOND).map(([name]) => name)]
    expect(visit).toEqual(['Next appointment', 'Visit number'])
    expect(rows).toMatchObject([
      { kind: 'trackedEntity', source: 0, relation: 'hts_instance_table' },
      { kind: 'enrollment', source: 0, relation: 'hts_enrollments_table' },
      { kind: 'event', source: 1, relation: 'hts_follow_up_table', orgUnitCode: 'C-02', values: [expect.anything(), '1'] },
      { kind: 'event', source: 0, relation: 'hts_initial_table', orgUnitCode: 'C-01' },
    ])
    expect(rows[3]!.values[result]).toBe('positive')
  })
  test('what the relations name: the Mart’s own, and all that the mapping gives', async () => {
    clinic.healthy('a')
    await mart()
    const instance = { ...MAPPING.instance, constants: { OrgUnit: 'C-09' } }
    const facts = await store.readRelationFacts({ ...MAPPING, instance })
    const place = (program: string | null, stage: string | null, orgUnit: string | null) => [{ program, stage, orgUnit, rows: 1 }]
    expect(facts.map(({ content, problem }) => [content?.places, problem])).toEqual([
      [place(null, null, 'C-09'), null],
      [place(HTS, null, 'C-01'), null],
      [place(HTS, INITIAL, 'C-01'), null],
      [place(HTS, FOLLOW_UP, 'C-02'), null],
    ])
    expect(await store.readPrograms(MAPPING)).toEqual([HTS])
  })
  test('what vanished is what no relation of any mapping has', async () => {
    clinic.healthy('a')
    await mart()
    await deliver((await snapshot()).run)
    expect(await store.readVanished(MAPPING)).toEqual([])
    await db.query('create table mart.none as select * from mart.hts_follow_up_table limit 0')
    const without = { ...MAPPING, events: [FIRST, { ...SECOND, table: 'none' }] }
    expect((await store.readVanished(without)).map((r) => `${r.kind} ${r.recordKey}`)).toEqual(FOLLOW_UPS())
    // another mapping's relation of all stages has them
    await store.saveMappings([mappingOf('hts', { name: 'All stages' })], 'admin')
    expect(await store.readVanished(without)).toEqual([])
  })
  test('what a Java service delivered is looked for by the programs that the mapping gives', async () => {
    await mart()
    await db.query(`insert into instance_tracker values ('P-x', 'TEIofX', 'java', null)`)
    await db.query(
      `insert into enrollment_tracker values ('TEIofX', '${HTS}', 'ACTIVE', 'java', null, 'ENR', '5'), ('TEIofX', 'PRGother001', 'ACTIVE', 'java', null, 'ENO', '5')`,
    )
    await db.query(`insert into event_tracker values ('EVT', 'TEIofX', '${HTS}', '${FOLLOW_UP}', '6', 'java', null)`)
    expect((await store.readVanished(MAPPING)).map((r) => r.recordKey)).toEqual(['P-x', `${HTS}/5`, `${HTS}/${FOLLOW_UP}/6`])
  })
})
