/** The command line as scripts and administrators use it: exit codes, what is printed where, and what is left behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { migrate } from '../../sql/migrate.ts'
import type { RunReport } from '../../src/cli/report.ts'
import { readConfig } from '../../src/config.ts'
import { formatMappingFile } from '../../src/core/mapping-file.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { openStore } from '../../src/open-store.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { run, start, type Env } from '../support/program.ts'
import { withColumns } from '../support/with-columns.ts'
import type { EventRelation } from '../../src/core/mapping.ts'

const SENTINEL = 'Sync-2024!pw'
const mapping = mappingOf('hts', { name: 'HTS Service' })
const sync = (...more: string[]) => ['sync', 'HTS Service', '--comment', 'a test', ...more]

let sandbox: Sandbox
let dir: string
beforeAll(async () => {
  sandbox = await startSandbox({ version: '2.41' })
  dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-cli-'))
})
afterAll(async () => {
  await sandbox.close()
  rmSync(dir, { recursive: true, force: true })
})

let db: TestDatabase
let env: Env
beforeEach(async () => {
  sandbox.control.reset()
  db = await createTestDatabase()
  env = {
    DATABASE_URL: db.url,
    MART_SCHEMA: 'mart',
    DHIS2_URL: sandbox.url,
    DHIS2_USERNAME: 'sync',
    DHIS2_PASSWORD: SENTINEL,
    DHIS2_RETRY_SECONDS: '0',
    SITE_ID: 'cli',
    USER: 'clerk',
  }
  return () => db.drop()
})

/** A migrated database with the mapping, and a clinic of three; `bad`: one of them has no org unit. */
async function installed({ bad = false, onRejected = 'stop' }: { bad?: boolean; onRejected?: 'stop' | 'continue' } = {}): Promise<void> {
  await migrate({ databaseUrl: db.url, storeSchema: 'public' })
  const store = await openStore(readConfig(env))
  await store.saveMappings([{ ...mapping, onRejected }], 'tester')
  await store.close()
  const clinic = new Clinic('C')
  for (const id of ['1', '2', '3']) clinic.healthy(id)
  if (bad) clinic.patients[0] = { ...clinic.patients[0]!, orgUnit: null }
  await createMart(db.url, 'mart', [clinic.service('hts')])
}

function file(mappings: Parameters<typeof formatMappingFile>[0]): string {
  const path = join(dir, 'mappings.json')
  writeFileSync(path, formatMappingFile(mappings))
  return path
}
const markers = () => db.query('select category from marker where last_synced_date is not null')
const logRows = () => db.query('select program, status, comments, synced_by from log order by log_id')
const inDhis2 = () => sandbox.control.dump()

describe('migrate', () => {
  test('makes the tables, and says when there is nothing to do', async () => {
    expect(await run(['migrate'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Migrated: 0001') })
    expect(await run(['migrate'], env)).toMatchObject({ code: 0, out: 'The database is up to date.\n' })
  })
  test('a database that a newer version made is refused', async () => {
    await run(['migrate'], env)
    await db.query(`insert into sync_migration (name, run_on) values ('9999-the-future', now())`)
    const ended = await run(['migrate'], env)
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('9999-the-future') })
    expect(ended.err).toContain('Install the version that made it')
  })
})

describe('mappings', () => {
  test('what is imported is listed and exported', async () => {
    await installed()
    expect(await run(['mappings', 'list'], env)).toMatchObject({ code: 0, out: 'HTS Service\n' })
    expect(await run(['mappings', 'export'], env)).toMatchObject({ code: 0, out: formatMappingFile([mapping]) })
    expect(await run(['mappings', 'import', file([mapping])], env)).toMatchObject({ code: 0, out: 'unchanged: HTS Service\n' })
  })
  test('every problem of a file is told, and nothing of it imported', async () => {
    await run(['migrate'], env)
    const path = join(dir, 'broken.json')
    writeFileSync(path, JSON.stringify([...JSON.parse(formatMappingFile([mapping])), { mapping_name: 'A/B' }, {}]))
    const ended = await run(['mappings', 'import', path], env)
    expect(ended.code).toBe(2)
    expect(ended.err).toContain('item 2 (A/B): A/B is invalid mapping name')
    expect(ended.err).toContain('item 3: Mapping name should have value')
    expect(await run(['mappings', 'list'], env)).toMatchObject({ code: 0, out: '' })
  })
  test.each([
    ['a file that is not there', ['mappings', 'import', 'nowhere.json'], 'nowhere.json cannot be read'],
    ['a mapping that is not there', ['mappings', 'export', 'Nobody'], 'There is no mapping "Nobody"'],
  ])('%s', async (_name, args, sentence) => {
    await run(['migrate'], env)
    expect(await run(args, env)).toMatchObject({ code: 2, err: expect.stringContaining(sentence) })
  })
})

describe('check', () => {
  test('says what it found, and shows no secret', async () => {
    await installed()
    const ended = await run(['check'], env)
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('all is well') })
    expect(ended.out).toContain('DHIS2_PASSWORD=********')
    expect(ended.out + ended.err).not.toContain(SENTINEL)
  })
  test('names the column that DHIS2 cannot place, and the one that the Mart does not have', async () => {
    await installed()
    await run(
      ['mappings', 'import', file([withColumns(mapping, { instance: { ...mapping.instance.columns, Phone: 'TEANowhere1' } })])],
      env,
    )
    expect(await run(['check'], env)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/"Phone" is mapped to attribute TEANowhere1/),
    })
    await db.query('alter table mart.hts_instance_table drop column "Phone"')
    expect(await run(['check'], env)).toMatchObject({ code: 1, out: expect.stringMatching(/"Phone"/) })
  })
  test('names what the mapping itself gives and DHIS2 does not have, with its relation', async () => {
    await installed()
    const [event] = mapping.events as [EventRelation]
    const constants = { OrgUnit: 'C-99', program: 'PRGNowhere1', program_stage: 'PSTNowhere1' }
    const { program_stage: stage, ...rest } = constants
    const wrong = {
      ...mapping,
      instance: { ...mapping.instance, constants: { OrgUnit: 'C-98' } },
      enrollments: { ...mapping.enrollments, constants: { OrgUnit: 'C-97' } },
      events: [
        { ...event, constants },
        { ...event, constants: { ...rest, program: 'PRGHtsTest1', program_stage: stage } },
      ],
    }
    await run(['mappings', 'import', file([wrong])], env)
    const { code, out } = await run(['check'], env)
    expect(code).toBe(1)
    for (const sentence of [
      'Program PRGNowhere1 (the mapping’s constant for "hts_program_events_table") is not in DHIS2',
      'Stage PSTNowhere1 (the mapping’s constant for "hts_program_events_table") is no stage of program "HTS - HIV testing"',
      'DHIS2 does not know 1 org unit code (the mapping’s constant for "hts_program_events_table"): "C-99"',
      'DHIS2 does not know 1 org unit code (the mapping’s constant for "hts_instance_table"): "C-98"',
      'DHIS2 does not know 1 org unit code (the mapping’s constant for "hts_program_enrollment_table"): "C-97"',
    ])
      expect(out).toContain(sentence)
  })
  test.each<[string, Env, RegExp]>([
    ['DHIS2 is away', { DHIS2_URL: 'http://127.0.0.1:9' }, /refuses the connection/],
    ['the password is wrong', { DHIS2_PASSWORD: 'wrong' }, /Check DHIS2_USERNAME and DHIS2_PASSWORD/],
  ])('%s', async (_name, over, sentence) => {
    await installed()
    expect(await run(['check'], { ...env, ...over })).toMatchObject({ code: 1, out: expect.stringMatching(sentence) })
  })
})

describe('preview', () => {
  test('counts by kind, or every row as CSV', async () => {
    await installed()
    expect(await run(['preview', 'HTS Service'], env)).toMatchObject({ code: 0, out: expect.stringMatching(/patients?\s.*3/) })
    const csv = await run(['preview', 'HTS Service', '--csv'], env)
    expect(csv.out.trim().split('\n')).toHaveLength(1 + 3 + 3 + 6)
    expect(csv.out).toContain('C-UIC-1')
    const none = await run(['preview', 'HTS Service', '--csv', '--from', '2019-01-01', '--to', '2019-12-31'], env)
    expect(none.out.trim().split('\n')).toHaveLength(1)
  })
  test.each([
    ['a day that does not exist', ['--from', '2024-02-30', '--to', '2024-03-01']],
    ['half a period', ['--from', '2024-02-01']],
    ['an end before its beginning', ['--from', '2024-03-01', '--to', '2024-02-01']],
  ])('%s is wrong usage', async (_name, more) => {
    await installed()
    expect(await run(['preview', 'HTS Service', ...more], env)).toMatchObject({ code: 2, err: expect.stringMatching(/--from|--to/) })
  })
})

describe('sync', () => {
  test('0: delivered; --json prints the report and nothing else', async () => {
    await installed()
    const ended = await run(sync('--json'), env)
    expect(ended.code, ended.err).toBe(0)
    const report = JSON.parse(ended.out) as RunReport
    expect(report).toMatchObject({
      state: 'succeeded',
      counts: { trackedEntity: { created: 3 }, enrollment: { created: 3 }, event: { created: 6 } },
    })
    expect(await markers()).toHaveLength(3)
    expect(await logRows()).toEqual([{ program: 'HTS Service', status: 'success', comments: 'a test', synced_by: 'clerk' }])
    const again = await run(sync(), env)
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/events\s+0\s+0\s+6\s+0/) })
  })
  test('1: records were rejected under "stop"; the marker stays', async () => {
    await installed({ bad: true })
    const ended = await run(sync(), env)
    expect(ended.code).toBe(1)
    expect(ended.out).toContain('column "OrgUnit" of hts_instance_table is empty')
    expect(await markers()).toEqual([])
    expect(await logRows()).toMatchObject([{ status: 'failed' }])
  })
  test('0 with rejected records under "continue"', async () => {
    await installed({ bad: true, onRejected: 'continue' })
    expect(await run(sync(), env)).toMatchObject({ code: 0, out: expect.stringContaining('1 × The record has no org unit') })
  })
  test('--dry-run writes nothing on either side', async () => {
    await installed()
    const before = inDhis2()
    const ended = await run(sync('--dry-run', '--json'), env)
    expect(ended.code, ended.err).toBe(0)
    expect(JSON.parse(ended.out)).toMatchObject({ dryRun: true, counts: { event: { created: 6 } } })
    expect(inDhis2()).toEqual(before)
    expect([await markers(), await logRows()]).toEqual([[], []])
    expect(await db.query('select from instance_tracker')).toEqual([])
  })
  test.each<[string, Env, RegExp]>([
    ['DHIS2 is away', { DHIS2_URL: 'http://127.0.0.1:9' }, /refuses the connection.*Check the network and DHIS2_URL/],
    ['the account is refused', { DHIS2_PASSWORD: 'wrong' }, /Check DHIS2_USERNAME and DHIS2_PASSWORD/],
    ['it is no DHIS2', { DHIS2_URL: 'other' }, /no DHIS2|does not say that it is a DHIS2|no JSON/],
  ])('1 when %s: the log says why, the marker stays, and the next run delivers', async (_name, over, sentence) => {
    await installed()
    const other = createServer((_request, response) => response.end('<h1>It works!</h1>'))
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const url = over['DHIS2_URL'] === 'other' ? { DHIS2_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}` } : over
    const ended = await run(sync(), { ...env, ...url })
    other.close()
    expect(ended).toMatchObject({ code: 1, out: expect.stringMatching(sentence) })
    expect(ended.out + ended.err).not.toContain(SENTINEL)
    expect(await markers()).toEqual([])
    expect(await logRows()).toMatchObject([{ status: 'failed' }])
    expect(await run(sync(), env)).toMatchObject({ code: 0 })
    expect(await markers()).toHaveLength(3)
  })
  test.each<[string, string[], Env, RegExp]>([
    ['no comment', ['sync', 'HTS Service'], {}, /--comment/],
    ['an empty comment', ['sync', 'HTS Service', '--comment', ' '], {}, /--comment should say why/],
    ['an unknown mapping', ['sync', 'Nobody', '--comment', 'x'], {}, /Nobody/],
    ['an unknown option', sync('--quick'), {}, /--quick/],
    ['a setting that is missing', sync(), { DHIS2_URL: undefined }, /DHIS2_URL.*https:\/\/dhis2\.example\.org/s],
    ['a setting that is wrong', sync(), { SYNC_CHUNK_SIZE: 'many' }, /SYNC_CHUNK_SIZE.*whole number from 1 to 1000/],
    ['a setting that is misspelt', sync(), { DHIS2_URI: 'x' }, /DHIS2_URI is not a setting.*Do you mean DHIS2_URL/],
  ])('2: %s', async (_name, args, over, sentence) => {
    await installed()
    expect(await run(args, { ...env, ...over })).toMatchObject({ code: 2, err: expect.stringMatching(sentence) })
    expect(await logRows()).toEqual([])
  })
  test.each<[string, (url: URL) => void, RegExp]>([
    ['is away', (url) => (url.port = '9'), /cannot be reached/],
    ['does not exist', (url) => (url.pathname = '/nowhere'), /does not exist/],
  ])('1 when the database %s', async (_name, change, sentence) => {
    const url = new URL(db.url)
    change(url)
    expect(await run(sync(), { ...env, DATABASE_URL: url.href })).toMatchObject({ code: 1, err: expect.stringMatching(sentence) })
  })
  test('1 before "migrate", with the way out', async () => {
    expect(await run(sync(), env)).toMatchObject({ code: 1, err: expect.stringContaining('Run "bahmni-dhis2-sync migrate" first') })
  })
})

describe('serve and work', () => {
  test('says where Bull Board is, serves it, and ends when told to', async () => {
    await installed()
    const serving = start(['serve'], { ...env, PORT: '0' })
    const [, url] = await serving.printed(/Bull Board: (http:\S+)\/queues/)
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${url}/queues`)).status).toBe(401)
    const { out: token } = await run(['tokens', 'create', '--name', 'x', '--right', 'log', '--expires', '1'], env)
    expect(await (await fetch(`${url}/queues`, { headers: { authorization: `Bearer ${token.trim()}` } })).text()).toContain('<html')
    serving.child.kill('SIGTERM')
    expect(await serving.ended).toMatchObject({ code: 0 })
  })
  test('a port that is taken', async () => {
    await installed()
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const ended = await run(['serve'], { ...env, PORT: String((other.address() as AddressInfo).port) })
    other.close()
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('Another program listens on this port') })
  })
  test('workers of another process do the work', async () => {
    await installed()
    const working = start(['work'], env)
    const ended = await run(sync(), env)
    expect(ended.code, ended.err).toBe(0)
    working.child.kill('SIGTERM')
    expect(await working.ended).toMatchObject({ code: 0 })
  })
})

test('demo: the sync does what it should, dirt included', async () => {
  const ended = await run(['demo'], { DATA_DIR: join(dir, 'data') })
  expect(ended.code, ended.out + ended.err).toBe(0)
  expect(ended.out).toMatch(/patients\s+314\s+0\s+0\s+6/)
  expect(ended.out).toContain('Rejected:')
})
