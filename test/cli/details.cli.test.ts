/** What the commands say and leave behind, beyond their exit codes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunReport } from '../../src/cli/report.ts'
import { formatMappingFile } from '../../src/core/mapping-file.ts'
import { COLUMN_OF_NAME, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { run } from '../support/program.ts'
import { MAPPING, openSite, PASSWORD, type Site } from '../support/site.ts'

let site: Site
beforeAll(async () => {
  site = await openSite({ mapping: { ...MAPPING, onRejected: 'continue' } })
})
afterAll(() => site.close())

test('four migrations at the same time: one does it, the others find it done', async () => {
  const db = await createTestDatabase()
  const ended = await Promise.all([1, 2, 3, 4].map(() => run(['migrate'], { DATABASE_URL: db.url })))
  expect(ended.map((e) => [e.code, e.err])).toEqual(ended.map(() => [0, '']))
  expect(ended.map((e) => e.out).toSorted()).toEqual([
    expect.stringMatching(/^Migrated: 0001-tracker-tables, 0002-runs, [\w, -]+\n$/),
    'The database is up to date.\n',
    'The database is up to date.\n',
    'The database is up to date.\n',
  ])
  await db.drop()
})

describe('usage', () => {
  test('--help names every command, and is no failure', async () => {
    const ended = await run(['--help'])
    expect(ended).toMatchObject({ code: 0, err: '' })
    for (const command of [
      'migrate',
      'mappings',
      'check',
      'preview',
      'sync',
      'cancel',
      'vanished',
      'users',
      'tokens',
      'serve',
      'work',
      'demo',
    ])
      expect(ended.out).toContain(command)
  })
  test.each([
    ['no command', [], 'Usage:'],
    ['an unknown command', ['synch'], "unknown command 'synch'"],
    ['mappings without a verb', ['mappings'], 'Usage:'],
    ['sync without a mapping', ['sync', '--comment', 'x'], "missing required argument 'mapping'"],
  ])('%s: 2, with the usage', async (_name, args, sentence) => {
    expect(await run(args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(sentence) as string })
  })
  test('all that is wrong with the configuration is told at once', async () => {
    const ended = await site.run(['check'], { PORT: '99999', SYNC_CONCURENCY: '3', SITE_ID: '', DHIS2_URL: 'dhis2.example.org' })
    expect(ended).toMatchObject({ code: 2, out: '' })
    for (const part of ['PORT should be', 'Do you mean SYNC_CONCURRENCY?', 'SITE_ID is missing', 'DHIS2_URL should be'])
      expect(ended.err).toContain(part)
  })
})

describe('mappings', () => {
  const odd = mappingOf('tb', {
    name: 'Été 2024',
    instance: {
      table: 'tb_instance_table',
      columns: { [`It's "odd" \\ 🎗?`]: 'TEAUicCode1', Phone: '' },
      constants: { OrgUnit: 'C-01' },
      translations: { [`It's "odd" \\ 🎗?`]: { '🎗': '\\ "' } },
    },
    searchable: [`It's "odd" \\ 🎗?`],
    comparable: [],
    openLatestCompletedEnrollment: 'yes',
  })
  test('an export of another database gives the same mapping: quotes, backslashes and emoji too', async () => {
    expect(await site.run(['mappings', 'import', site.file([odd])])).toEqual({ code: 0, out: 'created: Été 2024\n', err: '' })
    const exported = await site.run(['mappings', 'export', odd.name])
    expect(exported).toEqual({ code: 0, out: formatMappingFile([odd]), err: '' })
    expect(await site.run(['mappings', 'import', site.file(exported.out)])).toMatchObject({ code: 0, out: 'unchanged: Été 2024\n' })
    expect((await site.run(['mappings', 'export', odd.name])).out).toBe(exported.out)
    expect((await site.run(['mappings', 'list'])).out).toBe('HTS Service\nÉté 2024\n')
    await site.db.query(`delete from mapping where mapping_name = $1`, [odd.name])
  })
  test.each([
    ['no JSON', '{', 'Error while validating json file. Please import valid json file\n'],
    ['no list', '{}', 'File should contain array of Object. Please correct the file and import again\n'],
    ['an empty list', '[]', 'Imported file should not be empty. Please correct the file and import again\n'],
  ])('a file with %s', async (_name, content, sentence) => {
    expect(await site.run(['mappings', 'import', site.file(content)])).toEqual({ code: 2, out: '', err: sentence })
  })
  test('a mapping that is replaced keeps its markers', async () => {
    const db = site.db
    await db.query(`update marker set last_synced_date = '2020-01-01'`)
    await site.run(['mappings', 'import', site.file([{ ...MAPPING, onRejected: 'continue' }])])
    expect(await site.markers()).toEqual({
      enrollment: '2020-01-01 00:00:00',
      event: '2020-01-01 00:00:00',
      instance: '2020-01-01 00:00:00',
    })
    await db.query(`update marker set last_synced_date = null`)
  })
})

describe('check', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'a relation that is not in the Mart',
      'alter table mart.hts_instance_table rename to away',
      'alter table mart.away rename to hts_instance_table',
      /✗ mapping "HTS Service": The Mart has no table or view "hts_instance_table"/,
    ],
    [
      'an org unit that DHIS2 does not have',
      `update mart.hts_instance_table set "OrgUnit" = 'ZWNSC-X' where "Patient_Identifier" = 'C-1'`,
      `update mart.hts_instance_table set "OrgUnit" = 'C-01'`,
      /✗ mapping "HTS Service": DHIS2 does not know 1 org unit code of "hts_instance_table" \(1 row\): "ZWNSC-X"/,
    ],
    [
      'a program that DHIS2 does not have',
      `update mart.hts_program_enrollment_table set program = 'PRGNowhere1' where "Patient_Identifier" = 'C-1'`,
      `update mart.hts_program_enrollment_table set program = '${HTS}'`,
      /✗ mapping "HTS Service": Program PRGNowhere1 of "hts_program_enrollment_table" \(1 row\) is not in DHIS2/,
    ],
  ])('%s', async (_name, spoil, mend, sentence) => {
    await site.db.query(spoil)
    expect(await site.run(['check'])).toMatchObject({ code: 1, out: expect.stringMatching(sentence) as string })
    await site.db.query(mend)
    expect(await site.run(['check'])).toMatchObject({ code: 0 })
  })
  test('the database and DHIS2 are both away: both are told, and no password', async () => {
    const url = new URL(site.db.url)
    url.port = '9'
    const ended = await site.run(['check'], { DATABASE_URL: url.href, DHIS2_URL: 'http://127.0.0.1:9' })
    expect(ended.code).toBe(1)
    expect(ended.out).toMatch(/✗ The database cannot be reached/)
    expect(ended.out).toMatch(/✗ DHIS2 at http:\/\/127\.0\.0\.1:9 refuses the connection/)
    expect(ended.out + ended.err).not.toContain(PASSWORD)
    expect(ended.out + ended.err).not.toContain(`:${url.password}@`)
  })
  test('DHIS2 goes while it is asked about a mapping: told as a problem', async () => {
    site.sandbox.control.inject({ kind: 'reset', path: '/api/programs', times: 100 })
    const ended = await site.run(['check'])
    site.sandbox.control.clearFaults()
    expect(ended).toMatchObject({
      code: 1,
      err: '',
      out: expect.stringMatching(/✗ DHIS2 .* breaks the connection.*\n✗ 1 problems\n$/) as string,
    })
  })
})

describe('preview', () => {
  test('CSV: cells with quotes, commas, line breaks and formulas', async () => {
    const name = `=1+1, "Ndlovu"\nO'Neil`
    await site.db.query(
      `update mart.hts_instance_table set "${COLUMN_OF_NAME.replaceAll('"', '""')}" = $1 where "Patient_Identifier" = 'C-1'`,
      [name],
    )
    const { code, out } = await site.run(['preview', MAPPING.name, '--csv', '--from', '2024-03-01', '--to', '2024-03-01'])
    expect(code).toBe(0)
    const lines = out.split('\r\n')
    expect(lines[0]).toBe(
      'Kind,Relation,What,Patient,Record,Org Unit,Program,Program Stage,Enrollment Date,Incident Date,Event Date,Status,Date Created,Rejection,Date of Birth,First Name,Gender,' +
        `"Mother's ""last"" name, 100%",Phone,UIC,Date of HIV test,HIV result given to client ?,Have you had a cough?,` +
        'Next appointment,Notes,Tests in the last 12 months,Visit number',
    )
    expect(lines[1]).toBe(
      `patient,hts_instance_table,new,C-1,C-1,C-01,,,,,,,2024-03-01 10:00:00,,1990-02-03,Asha 1,Female,"'=1+1, ""Ndlovu""\nO'Neil",,C-UIC-1,,,,,,,`,
    )
    // patients and enrollments by the day they were made, events by the day of the visit
    expect(out.match(/^\w+,\w+,new,C-\d/gm)?.map((line) => line.split(',')[0])).toEqual([
      ...Array(3).fill('patient'),
      ...Array(3).fill('enrollment'),
    ])
    await site.mart()
  })
  test('CSV of which only the beginning is read: no failure', async () => {
    const going = site.start(['preview', MAPPING.name, '--csv'])
    going.child.stdout?.destroy()
    expect(await going.ended).toMatchObject({ code: 0, err: '' })
  })
  test('an unknown mapping', async () => {
    expect(await site.run(['preview', 'Nobody'])).toMatchObject({
      code: 2,
      err: 'There is no mapping "Nobody". "mappings list" names those that there are.\n',
    })
  })
})

describe('sync, one after the other', () => {
  const counts = (created: number, updated: number, unchanged: number, rejected: number) => ({ created, updated, unchanged, rejected })
  const json = async (more: readonly string[] = []): Promise<RunReport> => {
    const ended = await site.sync(['--json', ...more])
    expect(ended.code, ended.err).toBe(0)
    expect(ended.err).toBe('')
    return JSON.parse(ended.out) as RunReport
  }
  test('--json tells every rejected record, with its cause and remedy', async () => {
    const sick = site.clinic.patient('sick')
    site.clinic.visit(site.clinic.enroll(sick), INITIAL, {}, { 'HIV result given to client ?': 'maybe' })
    await site.mart()
    const report = await json()
    expect(report).toMatchObject({
      mapping: MAPPING.name,
      state: 'succeeded',
      failure: null,
      dryRun: false,
      counts: { trackedEntity: counts(4, 0, 0, 0), enrollment: counts(4, 0, 0, 0), event: counts(6, 0, 0, 1) },
      rejected: [
        {
          kind: 'event',
          patientId: 'C-sick',
          relation: 'hts_program_events_table',
          code: 'value-not-an-option',
          column: 'HIV result given to client ?',
          value: 'maybe',
          remedy: 'Correct the answer in Bahmni, translate it in the mapping, or add the option to the option set in DHIS2.',
        },
      ],
    })
    expect(await site.logRows()).toEqual([{ status: 'success', status_info: '1 record was rejected' }])
    expect(await site.markers()).toEqual({
      enrollment: '2024-03-01 10:00:00',
      event: '2024-03-02 10:00:00',
      instance: '2024-03-01 10:00:00',
    })
  })
  test('--from and --to send a period again, and leave the markers', async () => {
    const before = await site.markers()
    await site.db.query(`update mart.hts_visits set date_created = now()`)
    const report = await json(['--from', '2024-03-02', '--to', '2024-03-02'])
    expect(report.counts).toMatchObject({ trackedEntity: counts(0, 0, 0, 0), event: counts(0, 6, 0, 1) })
    expect(await site.markers()).toEqual(before)
    expect(await site.db.query(`select start_date::text, end_date::text from log order by log_id desc limit 1`)).toEqual([
      { start_date: '2024-03-02 00:00:00', end_date: '2024-03-02 00:00:00' },
    ])
  })
  test('--resync mends what was changed in DHIS2', async () => {
    const person = site.sandbox.control.dump().trackedEntities.find((p) => p.attributes['TEAUicCode1'] === 'C-UIC-1')!
    site.sandbox.control.edit({ kind: 'trackedEntity', uid: person.trackedEntity, attributes: { TEAFirstNm1: 'Other' } })
    expect((await json()).counts.trackedEntity).toMatchObject(counts(0, 0, 4, 0))
    expect((await json(['--resync'])).counts.trackedEntity).toMatchObject(counts(0, 1, 3, 0))
    expect(
      site.sandbox.control.dump().trackedEntities.find((p) => p.trackedEntity === person.trackedEntity)?.attributes['TEAFirstNm1'],
    ).toBe('Asha 1')
  })
  test('a relation that is being rebuilt: 1, with the relation; a line for each step', async () => {
    await site.db.query('alter table mart.hts_instance_table rename to away')
    const ended = await site.sync()
    await site.db.query('alter table mart.away rename to hts_instance_table')
    expect(ended).toMatchObject({ code: 1, out: expect.stringContaining('Is Bahmni Mart being rebuilt?') as string })
    expect(ended.err).toMatch(/^1\/7 snapshot of the Mart +failed: Mapping "HTS Service": .*\n2\/7 patients +not done\n/)
    expect((await site.logRows()).at(-1)).toMatchObject({
      status: 'failed',
      status_info: expect.stringMatching(/is not in the Mart .*Please contact Admin team/) as string,
    })
  })
})

test('work: no page, so a taken port is nothing to it', async () => {
  const other = createServer()
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
  const working = site.start(['work'], { PORT: String((other.address() as AddressInfo).port), SYNC_CHUNK_SIZE: '1' })
  expect(await site.sync()).toMatchObject({ code: 0 })
  working.child.kill('SIGINT')
  expect(await working.ended).toMatchObject({ code: 0 })
  other.close()
})
