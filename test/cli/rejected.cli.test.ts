/** The work list on the command line: what a data clerk types. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INITIAL } from '../support/clinic-model.ts'
import { build } from '../support/program.ts'
import { MAPPING, openSite, type Site } from '../support/site.ts'

const COLUMN = 'HIV result given to client ?'
let site: Site
beforeAll(async () => {
  build()
  site = await openSite({ mapping: { ...MAPPING, onRejected: 'continue' } })
  for (const id of ['x', 'y']) site.clinic.visit(site.clinic.enroll(site.clinic.patient(id)), INITIAL, {}, { [COLUMN]: 'maybe' })
  Object.assign(site.clinic.patient('z'), { orgUnit: null })
  await site.mart()
  await site.sync()
})
afterAll(() => site.close())

test('groups: the most frequent cause first, with what to do', async () => {
  const { code, out, err } = await site.run(['rejected', 'groups'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(
    /^ {5}2 × The value is not an option of DHIS2’s option set: maybe, .*column "HIV result given to client \?" \(value-not-an-option; 2 patients\)\n {9}Correct/,
  )
  expect(out).toContain('1 × The record has no org unit')
})
test('list: for people, as CSV, as JSON; narrowed by patient, code and mapping', async () => {
  const { out } = await site.run(['rejected', 'list', '--patient', 'C-z'])
  expect(out).toMatch(/^1 × The record has no org unit .*\n {6}Patient C-z: .* \(HTS Service, open, tried 1 ×, since \d{4}-\d\d-\d\d\)\n$/)
  const csv = await site.run(['rejected', 'list', '--csv', '--code', 'value-not-an-option'])
  expect(csv.out.trim().split('\r\n')).toHaveLength(3)
  expect(JSON.parse((await site.run(['rejected', 'list', '--json'])).out)).toHaveLength(3)
  expect((await site.run(['rejected', 'list', '--mapping', 'Nobody'])).out).toBe('No records.\n')
})
test.each<[string, string[], string]>([
  ['an unknown code', ['list', '--code', 'nonsense'], 'There is no code "nonsense"'],
  ['an unknown state', ['groups', '--state', 'lost'], '--state should be open, settled, dismissed or all'],
  ['everything by mistake', ['dismiss', '--reason', 'x'], 'Say which records'],
  ['no reason', ['dismiss', '--all', '--reason', ' '], '--reason should say why'],
  ['no comment', ['retry'], '--comment'],
])('wrong usage: %s', async (_name, args, sentence) => {
  expect(await site.run(['rejected', ...args])).toMatchObject({ code: 2, out: '', err: expect.stringContaining(sentence) as string })
})
test('retry: what was mended goes, and nothing else', async () => {
  const visit = site.clinic.visits.find((v) => v.patientId === 'C-x')!
  Object.assign(visit, { values: { ...visit.values, [COLUMN]: 'NEGATIVE' } })
  await site.mart()
  const ended = await site.run(['rejected', 'retry', '--patient', 'C-x', '--comment', 'mended'])
  expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/events\s+1\s+0\s+0\s+0/) as string })
  expect((await site.run(['rejected', 'list', '--state', 'settled'])).out).toContain('Patient C-x')
})
test('dismiss and reopen: who said so and why', async () => {
  expect((await site.run(['rejected', 'dismiss', '--patient', 'C-y', '--reason', 'a test form', '--user', 'Rudo'])).out).toMatch(
    /^Dismissed: 1\. /,
  )
  expect((await site.run(['rejected', 'list', '--state', 'dismissed'])).out).toContain('; dismissed by Rudo: a test form)')
  expect((await site.run(['rejected', 'reopen', '--all'])).out).toMatch(/^Open again: 1\. /)
})
