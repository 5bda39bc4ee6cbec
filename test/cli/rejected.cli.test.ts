/** The work list on the command line: what a data clerk types. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INITIAL } from '../support/clinic-model.ts'
import { MAPPING, openSite, until, type Site } from '../support/site.ts'

const COLUMN = 'HIV result given to client ?'
let site: Site
beforeAll(async () => {
  site = await openSite({ mapping: { ...MAPPING, onRejected: 'continue' } })
  for (const id of ['x', 'y']) site.clinic.visit(site.clinic.enroll(site.clinic.patient(id)), INITIAL, {}, { [COLUMN]: 'maybe' })
  for (const id of ['v', 'w']) site.clinic.patient(id, { orgUnit: '=ZW,1' })
  Object.assign(site.clinic.patient('z'), { orgUnit: null })
  await site.mart()
  await site.sync()
})
afterAll(() => site.close())

const rejected = (...args: string[]) => site.run(['rejected', ...args])
interface Listed {
  id: string
  cause: string
}
const listed = async (...args: string[]) => JSON.parse((await rejected('list', '--json', ...args)).out) as Listed[]

test('groups: the most frequent cause first, with what to do; the cause chooses its records', async () => {
  const { code, out, err } = await rejected('groups')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(
    / {5}2 × DHIS2 has no org unit with this code: =ZW,1, column "OrgUnit" \(org-unit-unknown; 2 patients\)\n {9}Correct the facility.*\n {9}HTS Service; up to 1 ×; \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d; --cause [\da-f]{12}\n/,
  )
  // what two patients answered is not told
  expect(out).toMatch(
    / {5}2 × The value is not an option of DHIS2’s option set: .*, column "HIV result given to client \?" \(value-not-an-option; 2 patients\)\n/,
  )
  expect(out).not.toContain('maybe')
  expect(out).toMatch(/\n {5}1 × The record has no org unit: column "OrgUnit" \(org-unit-missing; 1 patient\)\n/)
  const cause = / =ZW,1[^]*?--cause (\w+)/.exec(out)![1]!
  expect(await listed('--cause', cause)).toMatchObject([{ patientId: 'C-v', cause }, { patientId: 'C-w' }])
  expect(JSON.parse((await rejected('groups', '--json', '--cause', cause)).out)).toMatchObject([
    { cause, records: 2, patients: 2, value: '=ZW,1', kinds: ['trackedEntity'], remedy: expect.any(String) as string },
  ])
})
test('list: for people by cause, as CSV that no spreadsheet takes for a formula, as JSON; narrowed by each filter', async () => {
  const [{ id }] = (await listed('--patient', 'C-z')) as [Listed]
  const text =
    /^1 × The record has no org unit: column "OrgUnit" .*\n +(\d+) {2}Patient C-z: .* \(HTS Service, open, tried 1 ×, since \d{4}-\d\d-\d\d\)\n$/
  expect(text.exec((await rejected('list', '--patient', 'C-z')).out)?.[1]).toBe(id)
  const csv = (await rejected('list', '--csv', '--patient', 'C-v')).out.split('\r\n')
  expect(csv).toHaveLength(3)
  expect(csv[0]).toMatch(/^Number,Mapping,State,Kind,Patient,/)
  expect(csv[1]).toMatch(/^\d+,HTS Service,open,patient,C-v,C-v,org-unit-unknown,[\da-f]{12},hts_instance_table,OrgUnit,,"'=ZW,1",/)
  expect(await listed()).toHaveLength(5)
  expect(await listed('--code', 'value-not-an-option')).toMatchObject([{ value: 'maybe' }, { value: 'maybe' }])
  expect(await listed('--kind', 'event')).toHaveLength(2)
  expect(await listed('--id', id, '--state', 'all')).toMatchObject([{ id, patientId: 'C-z' }])
  expect(await listed('--patient', 'nobody')).toEqual([])
  expect((await rejected('list', '--mapping', 'Nobody')).out).toBe('No records.\n')
  const [run] = await site.db.query<{ id: string }>('select run_id::text as id from sync_run')
  expect(await listed('--run', run!.id)).toHaveLength(5)
})
test('list: more than a page, whole and in order', async () => {
  await site.db.query(
    `insert into sync_rejected (mapping_name, kind, record_key, patient_id, relation, code, rejection, cause, hash, run_id)
     select 'Many', 'event', 'k' || n, 'C-' || n, '', 'value-invalid', '{"code": "value-invalid", "message": "Wrong."}', '', '', gen_random_uuid()
     from generate_series(1, 2500) as n`,
  )
  const ids = (await listed('--mapping', 'Many')).map((r) => Number(r.id))
  expect(ids).toHaveLength(2500)
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  expect((await rejected('list', '--mapping', 'Many', '--csv')).out.split('\r\n')).toHaveLength(2502)
  expect((await rejected('list', '--mapping', 'Many')).out.split('\n')).toHaveLength(2502)
  await site.db.query(`delete from sync_rejected where mapping_name = 'Many'`)
})
test.each<[string, string[], string]>([
  ['an unknown code', ['list', '--code', 'nonsense'], 'There is no code "nonsense"'],
  ['an unknown state', ['groups', '--state', 'lost'], '--state should be open, settled, dismissed or all'],
  ['an unknown kind', ['list', '--kind', 'visit'], '--kind should be patient, enrollment, event'],
  ['what is no run', ['list', '--run', 'nonsense'], '--run should be a run id'],
  ['what is no number', ['retry', '--id', 'C-1', '--comment', 'x'], `"C-1" is no record's number`],
  ['everything by mistake', ['dismiss', '--reason', 'x'], 'Say which records'],
  ['everything opened by mistake', ['reopen'], 'Say which records'],
  ['no reason', ['dismiss', '--all', '--reason', ' '], '--reason should say why'],
  ['no comment', ['retry'], '--comment'],
  ['an empty comment', ['retry', '--comment', ' '], '--comment should say why'],
])('wrong usage: %s', async (_name, args, sentence) => {
  expect(await rejected(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(sentence) as string })
})
test('retry: what was mended goes, and nothing else; with the reports and exit codes of syncs', async () => {
  const visit = site.clinic.visits.find((v) => v.patientId === 'C-x')!
  Object.assign(visit, { values: { ...visit.values, [COLUMN]: 'NEGATIVE' } })
  await site.mart()
  const ended = await rejected('retry', '--patient', 'C-x', '--comment', 'mended')
  expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/events\s+1\s+0\s+0\s+0/) as string })
  expect((await rejected('list', '--state', 'settled')).out).toContain('Patient C-x')
  const ids = (await listed('--code', 'org-unit-unknown')).map((r) => r.id)
  expect(ids).toHaveLength(2)
  expect(JSON.parse((await rejected('retry', '--id', ...ids, '--comment', 'again', '--json')).out)).toMatchObject([
    { state: 'succeeded', rejected: [{ patientId: 'C-v' }, { patientId: 'C-w' }] },
  ])
  expect(await site.db.query('select comments from log order by log_id desc limit 1')).toEqual([
    { comments: 'again (retry of 2 rejected records)' },
  ])
  expect(await rejected('retry', '--patient', 'nobody', '--comment', 'again')).toEqual({
    code: 0,
    out: 'No open record is like that.\n',
    err: '',
  })
})
test('dismiss and reopen: who said so and why', async () => {
  expect((await rejected('dismiss', '--patient', 'C-y', '--reason', 'a test form', '--user', 'Rudo')).out).toMatch(/^Dismissed: 1\. /)
  expect((await rejected('list', '--state', 'dismissed')).out).toContain('; dismissed by Rudo: a test form)')
  expect((await rejected('list', '--state', 'dismissed', '--csv')).out).toContain(',Rudo,a test form\r\n')
  expect((await rejected('reopen', '--all')).out).toMatch(/^Open again: 1\. /)
})
test('a process that has no run to work on erases what is old', async () => {
  await rejected('dismiss', '--patient', 'C-y', '--reason', 'a test form')
  await site.db.query(`update sync_rejected set dismissed_at = now() - interval '91 days', last_at = now() - interval '91 days'`)
  await site.db.query(`update sync_run set ended_at = now() - interval '91 days'`)
  const work = site.start(['work'])
  await until(async () => (await site.db.query('select from sync_run where erased_at is null')).length === 0)
  work.child.kill()
  await work.ended
  expect(await site.db.query('select from sync_snapshot_row')).toEqual([])
  const { out } = await rejected('list', '--state', 'dismissed')
  expect(out).toContain('  The details were erased. (HTS Service, dismissed,')
  expect(out).not.toContain('C-y')
})
