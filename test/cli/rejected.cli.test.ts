/** `rejected`: the work list on the command line. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunReport } from '../../src/cli/report.ts'
import { build } from '../support/program.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
beforeAll(async () => {
  build()
  site = await openSite({ patients: 4 })
  await person(['C-1', 'C-2'], `"OrgUnit" = '=ZW,1'`)
  await person(['C-3'], `"Gender" = 'Neither'`)
  expect(await site.sync()).toMatchObject({ code: 1 })
})
afterAll(() => site.close())

const person = (ids: readonly string[], set: string) =>
  site.db.query(`update mart.hts_instance_table set ${set}, date_created = now() where "Patient_Identifier" = any ($1)`, [ids])
const rejected = (...args: string[]) => site.run(['rejected', ...args])
const numberOf = async (patient: string) =>
  (JSON.parse((await rejected('list', '--json', '--patient', patient)).out) as { id: string }[])[0]!.id

test('list: a line each, as CSV that no spreadsheet takes for a formula, and as JSON', async () => {
  const { code, out, err } = await rejected('list')
  expect([code, err]).toEqual([0, ''])
  expect(out.split('\n')).toHaveLength(4)
  expect(out).toMatch(/ open {2}HTS Service {2}org-unit-unknown {2}1 attempt since \d{4}-\d\d-\d\d {2}Patient C-1: column "OrgUnit"/)
  const csv = (await rejected('list', '--csv', '--patient', 'C-1')).out.split('\r\n')
  expect(csv).toHaveLength(3)
  expect(csv[0]).toMatch(/^Number,State,Mapping,Kind,Patient,/)
  expect(csv[1]).toContain(`,open,HTS Service,patient,C-1,C-1,org-unit-unknown,hts_instance_table,OrgUnit,,"'=ZW,1",`)
  expect(JSON.parse((await rejected('list', '--json', '--code', 'value-not-an-option')).out)).toMatchObject([
    { patientId: 'C-3', code: 'value-not-an-option', value: 'Neither', state: 'open', attempts: 1, remedy: expect.any(String) as string },
  ])
  expect((await rejected('list', '--json', '--patient', 'nobody')).out).toBe('[]\n')
  expect((await rejected('list', '--mapping', 'nothing')).out).toBe('Nothing is rejected.\n')
  expect((await rejected('list', '--state', 'settled')).out).toBe('Nothing is rejected.\n')
})

test('groups: by cause, which chooses its records', async () => {
  const { out } = await rejected('groups')
  expect(out).toContain('     2 × DHIS2 has no org unit with this code (org-unit-unknown): "=ZW,1", column "OrgUnit". Correct the facility')
  const cause = /--cause (\w+)\n/.exec(out)![1]!
  expect((await rejected('list', '--cause', cause)).out.split('\n')).toHaveLength(3)
  expect((await rejected('groups', '--csv')).out).toContain(`${cause},2,2,org-unit-unknown,OrgUnit,,,"'=ZW,1",HTS Service,1,`)
  expect(JSON.parse((await rejected('groups', '--json')).out)).toMatchObject([
    { records: 2, cause },
    { records: 1, value: 'Neither' },
  ])
})

test.each<[string, string[], string]>([
  ['dismiss without a filter', ['dismiss', '--reason', 'x'], 'Which records?'],
  ['reopen without a filter', ['reopen'], 'Which records?'],
  ['retry without a filter', ['retry', '--comment', 'x'], 'Which records?'],
  ['dismiss without a reason', ['dismiss', '--all'], '--reason'],
  ['an empty reason', ['dismiss', '--all', '--reason', ' '], '--reason should say why'],
  ['an unknown code', ['list', '--code', 'nonsense'], 'There is no code "nonsense"'],
  ['an unknown state', ['list', '--state', 'shut'], 'Allowed choices are open, dismissed, settled, all'],
  ['what is no run', ['list', '--run', 'nonsense'], '--run should be a run id'],
  ['what is no number', ['retry', 'C-1', '--comment', 'x'], '"C-1" is no record\'s number'],
  ['nothing to retry', ['retry', '--patient', 'nobody', '--comment', 'x'], 'No open record fits.'],
])('wrong usage is 2: %s', async (_name, args, sentence) => {
  expect(await rejected(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(sentence) as string })
})

test('dismiss says how many, and by whom; then the sync goes through; reopen brings them back', async () => {
  expect(await rejected('dismiss', '--code', 'org-unit-unknown', '--reason', 'not ours', '--user', 'Asha')).toEqual({
    code: 0,
    out: '2 records are dismissed: not sent again until the row changes in Bahmni.\n',
    err: '',
  })
  expect((await rejected('list', '--state', 'dismissed')).out).toContain('Dismissed by Asha: not ours')
  expect((await rejected('dismiss', await numberOf('C-3'), '--reason', 'not ours')).out).toContain('1 record is dismissed')
  expect(await site.sync()).toMatchObject({ code: 0 })
  expect((await rejected('reopen', '--code', 'org-unit-unknown')).out).toBe('2 records are open again: sent by the next sync.\n')
  expect((await rejected('reopen', '--all')).out).toMatch(/^\d+ records are open again/)
})

test('retry: with the report and the exit codes of a sync', async () => {
  await person(['C-1'], `"OrgUnit" = 'C-01'`)
  const failed = await rejected('retry', '--code', 'value-not-an-option', '--comment', 'not mended')
  expect(failed).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^Retry of \d rejected records? of "HTS Service" failed: 1 record was rejected/) as string,
  })
  const { code, out } = await rejected('retry', await numberOf('C-1'), '--comment', 'mended', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject([{ state: 'succeeded', rejected: [], counts: { trackedEntity: { created: 1 } } }] satisfies [
    Partial<Record<keyof RunReport, unknown>>,
  ])
  expect((await rejected('list', '--state', 'all', '--patient', 'C-1', '--csv')).out).toContain(',settled,')
  expect((await site.logRows()).at(-1)).toMatchObject({ status: 'success' })
})
