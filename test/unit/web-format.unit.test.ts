/** What the web interface makes of numbers, times and words: pure parts of dashboard/src. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFormat, instantOf, localOf } from '../../dashboard/src/format/format.ts'
import { plural } from '../../dashboard/src/format/plural.ts'
import { everyDay, roundTop } from '../../dashboard/src/home/chart-scale.ts'
import { causeOf } from '../../dashboard/src/i18n/cause-of.ts'
import { en } from '../../dashboard/src/i18n/en.ts'
import { fr } from '../../dashboard/src/i18n/fr.ts'
import { languageOf } from '../../dashboard/src/i18n/languages.ts'
import { pt } from '../../dashboard/src/i18n/pt.ts'
import { exportName } from '../../dashboard/src/mapping/export-name.ts'
import { differenceOf, type Side } from '../../dashboard/src/preview/difference.ts'
import { mappedColumns } from '../../dashboard/src/preview/columns.ts'
import { wordsOf } from '../../dashboard/src/schedules/words-of.ts'
import { EMPTY_FORM, previewAddress, problemOf, requestOf } from '../../dashboard/src/sync/sync-form.ts'

describe('times and numbers', () => {
  const harare = createFormat('en', 'Africa/Harare')
  test('an instant is told in the viewer’s zone, and in UTC', () => {
    expect(harare.longDateTime('2018-12-19T14:30:57.000Z')).toBe('Wednesday, December 19, 2018 at 4:30:57 PM')
    expect(harare.utc('2018-12-19T14:30:57.000Z')).toBe('2018-12-19 14:30:57 UTC')
  })
  test('a day is the same day in every zone', () => {
    for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) expect(createFormat('en', zone).day('2026-03-01')).toBe('Mar 1, 2026')
  })
  test.each([
    [0, '0 sec'],
    [59.6, '1 min'],
    [61, '1 min 1 sec'],
    [3600, '1 hr'],
    [7265, '2 hr 1 min'],
  ])('%d seconds are %s', (seconds, text) => expect(harare.duration(seconds)).toBe(text))
  test.each([
    [-20_000, '20 seconds ago'],
    [-90_000, '1 minute ago'],
    [-2 * 86_400_000, '2 days ago'],
  ])('%d ms are %s', (ms, text) => expect(harare.ago(new Date(10 ** 12 + ms).toISOString(), 10 ** 12)).toBe(text))
  test('thousands are separated as the language does', () => {
    expect(harare.number(1_234_567)).toBe('1,234,567')
    expect(createFormat('pt').number(1_234_567)).toBe('1.234.567')
  })
  test('what a field of local time holds comes back as it was', () => {
    const date = new Date(2026, 2, 1, 9, 5)
    expect(localOf(date)).toBe('2026-03-01T09:05')
    expect(instantOf(localOf(date))).toBe(date.toISOString())
    expect(instantOf('')).toBeUndefined()
  })
  test('French has one form for none and one, English has not', () => {
    expect([plural('fr')(0, { one: '# un', other: '# plus' }), plural('en')(0, { one: '# one', other: '# more' })]).toEqual([
      '0 un',
      '0 more',
    ])
  })
})

describe('the catalogue', () => {
  const flat = (part: object, path = ''): [string, unknown][] =>
    Object.entries(part).flatMap(([key, value]) =>
      typeof value === 'object' ? flat(value as object, `${path}${key}.`) : [[path + key, value] as [string, unknown]],
    )
  test.each([
    ['fr', fr],
    ['pt', pt],
  ])('no text of %s is empty, and hardly one is still English', (_, catalogue) => {
    const english = new Map(flat(en))
    const same = flat(catalogue).filter(([path, value]) => typeof value === 'string' && value === english.get(path))
    expect(flat(catalogue).filter(([, value]) => value === '')).toEqual([])
    // names, and words that the languages share
    expect(same.length).toBeLessThan(45)
    expect(same.filter(([path]) => path.startsWith('rejections.'))).toEqual([])
  })
  test('a cause that the page does not know yet is told in the server’s words', () => {
    const said = { title: 'Something new', remedy: 'Mend it.' }
    expect(causeOf({ code: 'of-tomorrow', ...said }, fr.rejections)).toEqual(said)
    expect(causeOf({ code: 'gone', ...said }, fr.rejections)).toEqual(fr.rejections.gone)
  })
  test.each([
    [null, ['pt-BR', 'en'], 'pt'],
    ['fr', ['pt'], 'fr'],
    [null, ['sn', 'fr-CD'], 'fr'],
    ['tlh', [], 'en'],
  ])('chosen %s, preferred %j: %s', (chosen, preferred, language) => expect(languageOf(chosen, preferred)).toBe(language))
})

describe('the chart', () => {
  test('has all days to today, those without records too', () => {
    const days = everyDay([{ day: '2026-03-01', created: 1, updated: 0, unchanged: 0, rejected: 0 }], '2026-03-02', 30)
    expect([days.length, days[0]!.day, days.at(-2)!.created, days.at(-1)!.day]).toEqual([30, '2026-02-01', 1, '2026-03-02'])
  })
  test('its top is at or above the greatest, and not far above', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (n) => {
        const top = roundTop(n)
        return top >= n && top <= 2.5 * n
      }),
    )
  })
})

describe('the original’s checks before a sync, in its order', () => {
  const check = (over: Partial<typeof EMPTY_FORM>) => problemOf({ ...EMPTY_FORM, ...over }, 'HTS', '2026-03-02', en.sync)
  test.each([
    [{}, 'Enter comment before syncing HTS'],
    [{ comment: '  ', range: true }, 'Enter comment before syncing HTS'],
    [{ comment: 'c', range: true, start: '2026-03-01' }, 'Please Enter End Date for HTS'],
    [{ comment: 'c', range: true, start: '2026-03-02', end: '2026-03-01' }, 'End Date Must be Greater Than StartDate for HTS'],
    [{ comment: 'c', range: true, start: '2026-03-01', end: '2026-03-03' }, 'Not after today'],
    [{ comment: 'c', range: true, start: '2026-03-01', end: '2026-03-01' }, undefined],
    [{ comment: 'c' }, undefined],
  ])('%j', (form, message) => expect(check(form)?.message).toBe(message))
  test('a range goes with the request and with the preview', () => {
    const form = { ...EMPTY_FORM, comment: ' c ', range: true, start: '2026-03-01', end: '2026-03-02', resync: true }
    expect(requestOf(form, 'HTS')).toEqual({
      mapping: 'HTS',
      comment: 'c',
      dryRun: false,
      resync: false,
      from: '2026-03-01',
      to: '2026-03-02',
    })
    expect(previewAddress('A/B C', form)).toBe('/preview/A%2FB%20C/2026-03-01/2026-03-02')
  })
})

describe('the preview', () => {
  test('a column that is mapped on both sides is named by its side', () => {
    const titles = (kind: 'event' | null) =>
      mappedColumns({ trackedEntity: ['UIC', 'date'], event: ['date', 'x'] }, kind).map(({ title }) => title)
    expect(titles(null)).toEqual(['UIC', 'Instance Date', 'Event Date', 'x'])
    expect(titles('event')).toEqual(['Event Date', 'x'])
  })
  const side = (values: Side['values'], over: Partial<Side> = {}): Side => ({
    uid: 'u',
    orgUnit: 'o',
    status: null,
    enrolledAt: null,
    occurredAt: null,
    values,
    ...over,
  })
  test('what differs is marked; a day with midnight behind it does not; what is not sent stays', () => {
    const lines = differenceOf(
      side({ a: '1', b: null }, { occurredAt: '2026-03-01' }),
      side({ a: '2', c: '3' }, { occurredAt: '2026-03-01T00:00:00.000' }),
    )
    expect(lines.filter(({ differs }) => differs).map(({ field }) => field)).toEqual(['a'])
    expect(lines.find(({ field }) => field === 'c')).toEqual({ field: 'c', sending: '3', there: '3', differs: false })
  })
  test('an emptied value differs from one that is there', () => {
    expect(differenceOf(side({ a: null }), side({ a: '2' })).find(({ field }) => field === 'a')?.differs).toBe(true)
  })
})

test('a cron expression is told in words, and one that is none is not', async () => {
  expect(await wordsOf('0 2 * * 1-5', 'en')).toBe('At 02:00, Monday through Friday')
  expect(await wordsOf('0 2 * * *', 'fr')).toMatch(/02:00/)
  expect(await wordsOf('nonsense', 'en')).toBeNull()
})

test('files are named as the original named them', () => {
  expect(exportName('HTS Service', new Date())).toBe('HTS Service.json')
  expect(exportName(undefined, new Date(2026, 2, 1, 9, 5, 7))).toBe('AllMappingExport_01Mar2026_09-05-07.json')
})
