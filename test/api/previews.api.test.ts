/** What a sync would do, page by page, as a file, and for one patient. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { followRun } from '../../src/cli/progress.ts'
import { openApi, type Api } from '../support/api.ts'
import { COLUMN_OF_NAME, FOLLOW_UP, HTS, INITIAL } from '../support/clinic-model.ts'
import { MAPPING, until } from '../support/site.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0, workers: true })
})
afterAll(() => api.close())
beforeEach(async () => {
  const { clinic, db, sandbox } = api.site
  for (const list of [clinic.patients, clinic.enrollments, clinic.visits]) list.length = 0
  await db.query(`
    truncate sync_run, sync_confirmed, sync_rejected, sync_doubt, log, marker, instance_tracker, enrollment_tracker, event_tracker cascade`)
  sandbox.control.reset()
  await api.service.store.saveMappings([MAPPING], 'admin')
})

const path = '/mappings/HTS%20Service/preview'
const preview = async (query: Record<string, string> = {}) => {
  const { status, body } = await api.call('GET', `${path}?${new URLSearchParams(query).toString()}`, { as: ['upload'] })
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}
const effects = async (query: Record<string, string> = {}) =>
  (await preview(query)).rows.map((row: { kind: string; recordKey: string; effect: string }) => [row.kind, row.effect])
const ofPatient = async (patient: string) =>
  api.call('GET', `/mappings/HTS%20Service/preview-of-patient?patient=${encodeURIComponent(patient)}`, { as: ['upload'] })
async function sync(over: { from?: string; to?: string; resync?: boolean } = {}) {
  const request = {
    mappingName: MAPPING.name,
    requestedBy: 'clerk',
    comment: 'x',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
    ...over,
  }
  const { runId } = await api.service.queues.enqueue(request)
  return followRun(api.service.store, runId, { stream: process.stderr, quiet: true })
}
/** The Mart has `count` healthy patients: each with an enrollment and two events. */
async function healthy(count: number): Promise<void> {
  for (let i = 1; i <= count; i++) api.site.clinic.healthy(String(i).padStart(3, '0'))
  await api.site.mart()
}

describe('a page', () => {
  test('everything new: counted, with the Mart’s own values', async () => {
    await healthy(2)
    const body = await preview()
    expect(body).toMatchObject({
      dhis2Problem: null,
      counts: {
        trackedEntity: { new: 2, update: 0, unchanged: 0 },
        enrollment: { new: 2, update: 0, unchanged: 0 },
        event: { new: 4, update: 0, unchanged: 0 },
      },
      columns: { trackedEntity: ['Date of Birth', 'First Name', 'Gender', COLUMN_OF_NAME, 'Phone', 'UIC'] },
      next: null,
    })
    expect(body.rows).toHaveLength(8)
    expect(body.rows[0]).toEqual({
      kind: 'trackedEntity',
      effect: 'new',
      patientId: 'C-001',
      recordKey: 'C-001',
      relation: 'hts_instance_table',
      orgUnit: 'C-01',
      program: null,
      programStage: null,
      enrollmentDate: null,
      incidentDate: null,
      eventDate: null,
      status: null,
      dateCreated: '2024-03-01 10:00:00',
      values: {
        'Date of Birth': '1990-02-03',
        'First Name': 'Asha 001',
        Gender: 'Female',
        [COLUMN_OF_NAME]: "O'Neil",
        Phone: null,
        UIC: 'C-UIC-001',
      },
      rejection: null,
    })
    expect(body.rows[2]).toMatchObject({
      kind: 'enrollment',
      program: HTS,
      enrollmentDate: '2024-03-01',
      incidentDate: '2024-02-28',
      status: 'ACTIVE',
    })
    expect(body.rows[4]).toMatchObject({ kind: 'event', program: HTS, programStage: FOLLOW_UP, eventDate: '2024-03-02' })
  })

  test('after a sync: unchanged, updates, and what a sync would look at no more', async () => {
    await healthy(2)
    await sync()
    expect((await effects()).map(([kind, effect]: string[]) => `${kind} ${effect}`)).toEqual([
      ...Array<string>(2).fill('trackedEntity unchanged'),
      ...Array<string>(2).fill('enrollment unchanged'),
      ...Array<string>(4).fill('event unchanged'),
    ])
    await api.site.db.query(`update mart.hts_instance_table set "Phone" = '0777123456' where "Patient_Identifier" = 'C-001'`)
    expect((await preview()).counts.trackedEntity).toEqual({ new: 0, update: 1, unchanged: 1 })
    // a marker far behind which they are
    await api.site.db.query(`update marker set last_synced_date = '2024-06-01'`)
    expect((await preview()).rows).toEqual([])
    expect((await preview({ resync: 'true' })).counts.event).toEqual({ new: 0, update: 0, unchanged: 4 })
    // a period goes again, whatever DHIS2 has
    expect((await preview({ from: '2024-03-01', to: '2024-03-02' })).counts.event).toEqual({ new: 0, update: 4, unchanged: 0 })
  })

  test('an enrollment in the delta brings its old events along, as a sync does', async () => {
    await healthy(1)
    await api.site.db.query(`update marker set last_synced_date = '2024-06-01'`)
    await api.site.db.query(`update mart.hts_program_enrollment_table set date_created = '2024-06-02'`)
    expect(await effects()).toEqual([
      ['enrollment', 'new'],
      ['event', 'new'],
      ['event', 'new'],
    ])
    const run = await sync()
    expect(run.counts.event.created).toBe(2)
  })

  test('page after page: every row once, in the same order whatever the size', async () => {
    const { clinic, db } = api.site
    await healthy(5)
    clinic.patient('003-b', {}, { UIC: 'zz' })
    await api.site.mart()
    // the same row twice is one record
    await db.query('insert into mart.hts_instance_table select * from mart.hts_instance_table where "Patient_Identifier" = \'C-002\'')
    await db.query('insert into mart.hts_visits select * from mart.hts_visits')
    const whole = (await preview({ limit: '500' })).rows
    expect(whole).toHaveLength(6 + 5 + 10)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (limit) => {
        const rows: unknown[] = []
        let after: string | null = null
        do {
          const page: { rows: unknown[]; next: string | null; counts: unknown } = await preview({
            limit: String(limit),
            ...(after !== null && { after }),
          })
          expect(page.counts === null).toBe(after !== null)
          expect(page.rows.length).toBeLessThanOrEqual(limit)
          rows.push(...page.rows)
          after = page.next
        } while (after !== null)
        expect(rows).toEqual(whole)
      }),
      { numRuns: 5 },
    )
  })

  test('narrowed by kind, patient and effect; the counts are of all', async () => {
    await healthy(3)
    const all = { new: 3, update: 0, unchanged: 0 }
    const byKind = await preview({ kind: 'enrollment' })
    expect([byKind.rows.length, byKind.counts.trackedEntity, byKind.counts.enrollment]).toEqual([3, all, all])
    const byPatient = await preview({ patient: 'C-002' })
    expect([byPatient.rows.map((row: { patientId: string }) => row.patientId), byPatient.counts.event.new]).toEqual([
      Array(4).fill('C-002'),
      6,
    ])
    expect((await preview({ patient: "' or true --" })).rows).toEqual([])
    await sync()
    await api.site.db.query(`update mart.hts_instance_table set "Phone" = '0777123456' where "Patient_Identifier" <> 'C-001'`)
    expect(await effects({ effect: 'update' })).toEqual([
      ['trackedEntity', 'update'],
      ['trackedEntity', 'update'],
    ])
    const first = await preview({ effect: 'update', limit: '1' })
    expect([first.rows.length, first.counts.trackedEntity]).toEqual([1, { new: 0, update: 2, unchanged: 1 }])
    const second = await preview({ effect: 'update', limit: '1', after: first.next })
    expect([second.rows.map((row: { patientId: string }) => row.patientId), second.counts, second.next]).toEqual([['C-003'], null, null])
    expect((await preview({ effect: 'unchanged', kind: 'trackedEntity' })).rows).toHaveLength(1)
  })

  test.each([
    'x',
    '[]',
    ...['["event","a"]', '["person","a","b","c"]', '["event","a\\u0000","b","c"]'].map((json) => Buffer.from(json).toString('base64url')),
  ])('a place that is none: %s', async (after) => {
    const { status, body } = await api.call('GET', `${path}?after=${encodeURIComponent(after)}`)
    expect([status, body.code]).toEqual([400, 'bad-request'])
  })

  test('is for those who send, of a mapping that there is, for a period that is one', async () => {
    for (const of of [path, `${path}-csv`, `${path}-of-patient?patient=x`]) {
      expect((await api.call('GET', of, { as: ['mapping', 'log'] })).body.code).toBe('forbidden')
      expect((await api.call('GET', of.replace('HTS%20Service', 'Nobody'))).body.code).toBe('not-found')
    }
    expect((await api.call('GET', `${path}?from=2024-01-01`)).body.code).toBe('bad-request')
    expect((await api.call('GET', `${path}?from=2024-01-02&to=2024-01-01`)).body.code).toBe('bad-request')
  })

  const spoilt: readonly (readonly [string, string, RegExp])[] = [
    ['a relation that is gone', 'alter table mart.hts_instance_table rename to away', /relation "hts_instance_table" is not in the Mart/],
    [
      'a column that is gone',
      'alter table mart.hts_instance_table rename "Phone" to away',
      /column "Phone" is not in the patient relation/,
    ],
    [
      'a view with a mistake',
      `alter view mart.hts_program_events_table rename to away; create view mart.hts_program_events_table as select *, 1 / ("Visit number" - "Visit number") as x from mart.away;
       create or replace view mart.hts_program_events_table as select *, 1 / ("Visit number" - "Visit number") as x from mart.away where 1 / ("Visit number" - "Visit number") = 1`,
      /fails when it is read/,
    ],
  ]
  test.each(spoilt)('%s is a sentence', async (_what, sql, detail) => {
    await healthy(1)
    await api.site.db.query(sql)
    for (const of of [path, `${path}?effect=new`, `${path}-csv`, `${path}-of-patient?patient=C-001`]) {
      const { status, body } = await api.call('GET', of)
      expect([status, body.code, body.detail]).toEqual([422, 'invalid', expect.stringMatching(detail)])
    }
    await api.site.db.query('drop schema mart cascade')
  })
})

describe('rejections', () => {
  const rejected = async (query: Record<string, string> = {}) =>
    (await preview({ effect: 'rejected', ...query })).rows.map((row: { kind: string; patientId: string; rejection: { code: string } }) => [
      row.kind,
      row.patientId,
      row.rejection.code,
    ])

  test('what would not pass is told before, with the sentence that a sync would write down', async () => {
    const { clinic } = api.site
    await healthy(1)
    clinic.enroll(clinic.patient('x', { orgUnit: 'ZWNSC-X' }), { enrollmentDate: 'infinity', program: 'PRGNowhere1' })
    clinic.patient('y', {}, { Gender: 'Unknown' })
    clinic.visit(clinic.enroll(clinic.patient('z')), INITIAL, { patientProgramId: '999', enrollmentDate: '2001-01-01' })
    clinic.visit(clinic.enroll(clinic.patient('zz')), INITIAL, {}, { 'Tests in the last 12 months': 'many' })
    await api.site.mart()
    await api.service.store.saveMappings([{ ...MAPPING, onRejected: 'continue' }], 'admin')
    const { rows, counts } = await preview({ effect: 'rejected' })
    expect(
      rows.map((row: { kind: string; patientId: string; rejection: { code: string } }) => [row.kind, row.patientId, row.rejection.code]),
    ).toEqual([
      ['trackedEntity', 'C-x', 'org-unit-unknown'],
      ['trackedEntity', 'C-y', 'value-not-an-option'],
      ['enrollment', 'C-x', 'program-unknown'],
      ['event', 'C-z', 'enrollment-not-found'],
      ['event', 'C-zz', 'value-invalid'],
    ])
    expect(rows[1].rejection).toEqual({
      code: 'value-not-an-option',
      title: expect.any(String),
      message: 'Patient C-y: column "Gender" of hts_instance_table has "Unknown", which is not an option for "Gender" (Male, Female).',
      remedy: expect.any(String),
      column: 'Gender',
      dhis2Name: 'Gender',
      value: 'Unknown',
    })
    // of the Mart and our tables alone
    expect(counts.trackedEntity).toEqual({ new: 5, update: 0, unchanged: 0 })
    expect((await preview({ kind: 'trackedEntity' })).rows.map((row: { effect: string }) => row.effect)).toEqual([
      'new',
      'rejected',
      'rejected',
      'new',
      'new',
    ])
    expect((await preview({ kind: 'trackedEntity', effect: 'new' })).rows).toHaveLength(3)
    const first = await preview({ effect: 'rejected', limit: '4' })
    expect(await rejected({ after: first.next })).toEqual([['event', 'C-zz', 'value-invalid']])

    await sync()
    const after = await api.service.store.listRejected({ state: 'open' }, { after: null, limit: 100 })
    const previewed = new Map(
      rows.map((row: { kind: string; recordKey: string; rejection: { message: string } }) => [
        `${row.kind} ${row.recordKey}`,
        row.rejection.message,
      ]),
    )
    // the rest follows from these: it belongs to somebody who was rejected
    const own = after.filter(({ rejection }) => rejection.code !== 'parent-rejected')
    expect(own.length).toBeGreaterThan(2)
    for (const { kind, recordKey, rejection } of own) expect(previewed.get(`${kind} ${recordKey}`)).toBe(rejection.message)
  })

  test('rows that differ for one record, and rows of nobody', async () => {
    const { clinic, db } = api.site
    await healthy(2)
    clinic.patient('odd', { patientId: ' ' })
    await api.site.mart()
    await db.query(
      `insert into mart.hts_instance_table select "Patient_Identifier", 'C-02', date_created from mart.hts_instance_table where "Patient_Identifier" = 'C-001'`,
    )
    expect(await rejected()).toEqual([
      ['trackedEntity', '', 'identifier-missing'],
      ['trackedEntity', 'C-001', 'duplicate-rows'],
      ['trackedEntity', 'C-001', 'duplicate-rows'],
    ])
  })

  test('a dismissed record is unchanged', async () => {
    const { clinic } = api.site
    clinic.patient('y', {}, { Gender: 'Unknown' })
    await api.site.mart()
    await sync()
    expect(await effects()).toEqual([['trackedEntity', 'rejected']])
    await api.service.store.dismissRejected({ patient: 'C-y' }, 'clerk', 'twice')
    expect(await effects()).toEqual([['trackedEntity', 'unchanged']])
  })

  test('a patient who may be found in DHIS2 is not rejected for what the Mart lacks', async () => {
    const { clinic } = api.site
    clinic.patient('found', {}, {})
    clinic.patient('lost', {}, { UIC: null })
    await api.site.mart()
    expect(await rejected()).toEqual([['trackedEntity', 'C-lost', 'mandatory-missing']])
  })

  test('DHIS2 away: previewed all the same, without what only it knows, and it says so', async () => {
    const away = await openApi({ patients: 1, env: { DHIS2_URL: 'http://127.0.0.1:1' } })
    await away.site.db.query(`update mart.hts_instance_table set "OrgUnit" = 'ZWNSC-X'`)
    const { status, body } = await away.call('GET', path)
    expect(status).toBe(200)
    expect(body.dhis2Problem).toMatch(/refuses the connection/)
    expect(body.rows.map((row: { effect: string }) => row.effect)).toEqual(Array(4).fill('new'))
    expect((await away.call('GET', `${path}?effect=rejected`)).body.rows).toEqual([])
    const [head, ...lines] = (await away.call('GET', `${path}-csv`)).text.trim().split('\r\n')
    expect(head).toMatch(/Rejection \(what DHIS2 demands is not known: .* refuses the connection/)
    expect(lines).toHaveLength(4)
    expect((await away.call('GET', `${path}-of-patient?patient=C-1`)).body.code).toBe('dhis2-unavailable')
    await away.close()
  })
})

describe('a file', () => {
  test('a line for each row; what a spreadsheet would take for a formula is none', async () => {
    const { clinic } = api.site
    await healthy(1)
    clinic.patient(
      'x',
      { orgUnit: 'ZWNSC-X' },
      { 'First Name': '=HYPERLINK("http://evil")', [COLUMN_OF_NAME]: '+1, "x"\n', Phone: '@SUM(1)', UIC: '-1-1' },
    )
    await api.site.mart()
    const { status, headers, text } = await api.call('GET', `${path}-csv`, { as: ['upload'] })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).toBe('attachment; filename="HTS Service preview.csv"')
    const lines = text.split('\r\n')
    expect(lines[0]).toBe(
      'Kind,Relation,What,Patient,Record,Org Unit,Program,Program Stage,Enrollment Date,Incident Date,Event Date,Status,Date Created,Rejection,' +
        `Date of Birth,First Name,Gender,"Mother's ""last"" name, 100%",Phone,UIC,Date of HIV test,HIV result given to client ?,` +
        'Have you had a cough?,Next appointment,Notes,Tests in the last 12 months,Visit number',
    )
    expect(lines[1]).toBe(
      `patient,hts_instance_table,new,C-001,C-001,C-01,,,,,,,2024-03-01 10:00:00,,1990-02-03,Asha 001,Female,O'Neil,,C-UIC-001,,,,,,,`,
    )
    expect(lines[2]).toMatch(/^patient,hts_instance_table,rejected,C-x,C-x,ZWNSC-X,.*"Patient C-x: column ""OrgUnit""/)
    expect(text).toContain(`"'=HYPERLINK(""http://evil"")"`)
    expect(text).toContain(`"'+1, ""x""\n",'@SUM(1),'-1-1`)
    expect((await api.call('GET', `${path}-csv?kind=event&patient=C-001`)).text.split('\r\n')).toHaveLength(4)
    expect((await api.call('GET', `${path}-csv?effect=rejected`)).text.split('\r\n')).toHaveLength(3)
  })

  /** Rows of half a kilobyte, so many that they fit into no buffer between us and the reader. */
  async function large(): Promise<void> {
    await healthy(1)
    await api.site.db.query(`
      insert into mart.hts_instance_table ("Patient_Identifier", "OrgUnit", date_created, "First Name")
      select 'L-' || n, 'C-01', now(), repeat('x', 500) from generate_series(1, 40000) n`)
  }
  const working = () =>
    api.site.db.query<{ state: string }>(
      `select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ~ 'wanted' and state <> 'idle'`,
    )
  const get = () =>
    new Promise<IncomingMessage>((answered, failed) => {
      httpRequest(`${api.url}/api/v1${path}-csv`, { headers: { authorization: 'Test upload' } }, answered)
        .on('error', failed)
        .end()
    })

  test('a slow reader is waited for: rows stay in the database until they are taken', async () => {
    await large()
    const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers
    const response = await get()
    response.pause()
    // the query stands still in the middle, for as long as nobody reads
    await until(async () => (await working()).some(({ state }) => state === 'idle in transaction'))
    await new Promise((done) => setTimeout(done, 1500))
    expect((await working()).length).toBeGreaterThan(0)
    expect(process.memoryUsage().external + process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
    let size = 0
    for await (const chunk of response) size += (chunk as Buffer).length
    expect(size).toBeGreaterThan(20_000_000)
    await until(async () => (await working()).length === 0)
  })

  test('a reader who goes away ends the query', async () => {
    await large()
    for (let i = 0; i < 12; i++) {
      const response = await get()
      response.destroy()
    }
    await until(async () => (await working()).length === 0)
    // and the connections are free again
    expect((await api.call('GET', path)).status).toBe(200)
  })
})

describe('one patient', () => {
  /** What all of our tables and DHIS2 have. */
  const everything = async () => {
    const tables = await api.site.db.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
    )
    const counts: Record<string, unknown> = {}
    for (const { name } of tables)
      counts[name] = await api.site.db.query(
        `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as content from "${name}" t`,
      )
    return { counts, dhis2: api.site.sandbox.control.dump() }
  }
  interface Side {
    uid: string
    orgUnit: string | null
    status: string | null
    values: Record<string, string | null>
  }
  interface Previewed {
    kind: string
    recordKey: string
    parent: string | null
    effect: string
    sending: Side | null
    there: Side | null
    rejection: { code: string } | null
  }

  test('new: what DHIS2 will get is what it has after the sync, and nothing is written before', async () => {
    await healthy(2)
    const before = await everything()
    const { status, body } = await ofPatient('C-001')
    expect(status).toBe(200)
    expect(await everything()).toEqual(before)
    const objects = body.objects as Previewed[]
    expect(objects.map(({ kind, effect, there }) => [kind, effect, there])).toEqual([
      ['trackedEntity', 'new', null],
      ['enrollment', 'new', null],
      ['event', 'new', null],
      ['event', 'new', null],
    ])
    expect(objects[0]!.sending).toEqual({
      uid: expect.stringMatching(/^[A-Za-z][A-Za-z0-9]{10}$/),
      orgUnit: 'OUClinHre01',
      status: null,
      enrolledAt: null,
      occurredAt: null,
      values: {
        TEABirthDt1: '1990-02-03',
        TEAFirstNm1: 'Asha 001',
        TEAGenderS1: 'Female',
        TEALastNam1: "O'Neil",
        TEAUicCode1: 'C-UIC-001',
      },
    })
    expect(objects[1]!.sending).toMatchObject({
      orgUnit: 'OUClinHre01',
      status: 'ACTIVE',
      enrolledAt: '2024-03-01',
      occurredAt: '2024-02-28',
    })
    expect(objects[2]).toMatchObject({
      parent: objects[1]!.recordKey,
      programStage: FOLLOW_UP,
      sending: { status: 'COMPLETED', occurredAt: '2024-03-02' },
    })
    expect(body.names).toMatchObject({
      TEAUicCode1: 'UIC',
      OUClinHre01: 'Acacia Clinic',
      [HTS]: expect.any(String),
      [INITIAL]: 'Initial test',
    })

    await sync()
    const after = (await ofPatient('C-001')).body.objects as Previewed[]
    expect(after.map(({ effect }) => effect)).toEqual(Array<string>(4).fill('unchanged'))
    expect(after.map(({ sending }) => sending)).toEqual([null, null, null, null])
    expect(after.map(({ there }) => there)).toEqual(objects.map(({ sending }) => sending))
  })

  test('changed: beside what DHIS2 has, a value that is emptied as null', async () => {
    await healthy(1)
    await sync()
    await api.site.db.query(`update mart.hts_instance_table set "First Name" = null, "Phone" = '0777123456'`)
    const [patient] = (await ofPatient('C-001')).body.objects as Previewed[]
    expect(patient).toMatchObject({
      effect: 'update',
      sending: { values: { TEAFirstNm1: null, TEAPhoneNo1: '0777123456' } },
      there: { values: { TEAFirstNm1: 'Asha 001' } },
    })
    expect(patient!.there!.values).not.toHaveProperty('TEAPhoneNo1')
  })

  test('somebody found in DHIS2 is sent to the one that is there', async () => {
    await healthy(1)
    await sync()
    await api.site.db.query('truncate instance_tracker, enrollment_tracker, event_tracker, sync_confirmed')
    await api.site.db.query(`update mart.hts_instance_table set "Phone" = '0777123456'`)
    const objects = (await ofPatient('C-001')).body.objects as Previewed[]
    expect(objects[0]).toMatchObject({ effect: 'update', sending: { uid: objects[0]!.there!.uid } })
  })

  test('what is rejected is not sent, and says why; what belongs to it neither', async () => {
    const { clinic } = api.site
    clinic.visit(clinic.enroll(clinic.patient('x', { orgUnit: 'ZWNSC-X' }), { orgUnit: 'C-01' }), INITIAL)
    clinic.visit(clinic.enroll(clinic.patient('y')), INITIAL, {}, { 'HIV result given to client ?': 'maybe' })
    await api.site.mart()
    const told = async (patient: string) =>
      ((await ofPatient(patient)).body.objects as Previewed[]).map(({ kind, effect, sending, rejection }) => [
        kind,
        effect,
        sending === null,
        rejection?.code,
      ])
    expect(await told('C-x')).toEqual([
      ['trackedEntity', 'rejected', true, 'org-unit-unknown'],
      ['enrollment', 'rejected', true, 'parent-rejected'],
      ['event', 'rejected', true, 'parent-rejected'],
    ])
    expect(await told('C-y')).toEqual([
      ['trackedEntity', 'new', false, undefined],
      ['enrollment', 'new', false, undefined],
      ['event', 'rejected', true, 'value-not-an-option'],
    ])
  })

  test('while a sync of the mapping is going on, and with a name as people have them', async () => {
    const id = `O'Hara "x"; drop table mapping; -- <b> 😀`
    api.site.clinic.patient('odd', { patientId: id })
    await api.site.mart()
    await api.site.db.query(
      `insert into sync_run (run_id, mapping_name, mapping, state, requested_by, comment, dry_run, resync) values (gen_random_uuid(), $1, '{}', 'queued', 'clerk', '', false, false)`,
      [MAPPING.name],
    )
    expect((await ofPatient(id)).body).toMatchObject({ patientId: id, objects: [{ effect: 'new', recordKey: id }] })
  })

  test('nobody', async () => {
    await healthy(1)
    const { status, body } = await ofPatient('C-999')
    expect([status, body.code, body.detail]).toEqual([404, 'not-found', expect.stringContaining('"C-999"')])
  })
})
