/** When a schedule starts syncs: fields, zones, and the two nights on which clocks change. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firstAfter, timesAfter, TimetableError } from '../../src/core/timetable.ts'

const times = (cron: string, timeZone: string, after: string, count = 3) =>
  timesAfter({ cron, timeZone }, new Date(after), count).map((time) => time.toISOString().slice(0, 19))

test.each([
  ['five fields', '30 20 * * *', ['2025-01-01T18:30:00', '2025-01-02T18:30:00', '2025-01-03T18:30:00']],
  ['seconds first', '15 30 20 * * *', ['2025-01-01T18:30:15', '2025-01-02T18:30:15', '2025-01-03T18:30:15']],
  ['weekdays by name', '0 6 * * MON-FRI', ['2025-01-01T04:00:00', '2025-01-02T04:00:00', '2025-01-03T04:00:00']],
  ['the last day of a month', '0 6 L * *', ['2025-01-31T04:00:00', '2025-02-28T04:00:00', '2025-03-31T04:00:00']],
])('%s, in the clock of the zone', (_what, cron, expected) => {
  expect(times(cron, 'Africa/Harare', '2025-01-01T00:00:00Z')).toEqual(expected)
})

describe('Berlin, clocks forward at 2:00 on 30 March 2025', () => {
  test('a time that does not come is taken an hour later, once, and the day after as ever', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2025-03-29T00:00:00Z')).toEqual([
      '2025-03-29T01:30:00',
      '2025-03-30T01:30:00', // 3:30 summer time
      '2025-03-31T00:30:00',
    ])
  })
  test('every hour is 23 times that day', () => {
    expect(times('0 * * * *', 'Europe/Berlin', '2025-03-29T22:59:59Z', 24).at(-1)).toBe('2025-03-30T22:00:00')
  })
})

describe('Berlin, clocks back at 3:00 on 26 October 2025', () => {
  test('a time that comes twice is taken once', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2025-10-25T12:00:00Z')).toEqual([
      '2025-10-26T00:30:00',
      '2025-10-27T01:30:00',
      '2025-10-28T01:30:00',
    ])
  })
  test('every hour is 25 times that day', () => {
    expect(times('0 * * * *', 'Europe/Berlin', '2025-10-25T21:59:59Z', 26).at(-1)).toBe('2025-10-26T23:00:00')
  })
})

test.each([
  ['too few fields', '* * *'],
  ['too many', '0 0 0 * * * *'],
  ['nothing', ' '],
  ['a name without a time', '@daily'],
  ['another time in each process', 'H 2 * * *'],
  ['out of range', '61 * * * *'],
  ['a day that never comes', '0 0 30 2 *'],
  ['words', 'a b c d e'],
  ['HTML', '<b> * * * *'],
])('%s is refused in a sentence', (_what, cron) => {
  expect(() => firstAfter({ cron, timeZone: 'UTC' }, new Date(0))).toThrow(
    expect.objectContaining({ at: 'cron', message: expect.stringMatching(/is not a timetable: .*\.$/s) as string }) as Error,
  )
})

test.each(['Mars/Base', '+02:00', 'UTC+25', '', '2'])('no time zone: "%s"', (timeZone) => {
  expect(() => firstAfter({ cron: '0 2 * * *', timeZone }, new Date(0))).toThrow(expect.objectContaining({ at: 'timeZone' }) as Error)
})

test('whatever is asked: times that come later and in order, or a sentence, at once', () => {
  const field = fc.oneof(fc.constantFrom('*', '*/5', '1', '0-3', 'L', '?', 'MON', '#', 'H', '1,2', '99', '-'), fc.string({ maxLength: 4 }))
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 7 }),
      fc.constantFrom('UTC', 'Europe/Berlin', 'America/Santiago', 'Asia/Kathmandu', 'nowhere'),
      fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
      (fields, timeZone, after) => {
        try {
          const found = timesAfter({ cron: fields.join(' '), timeZone }, after, 5)
          const all = [after, ...found].map((time) => time.getTime())
          expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b))
        } catch (error) {
          expect(error).toBeInstanceOf(TimetableError)
        }
      },
    ),
  )
})
