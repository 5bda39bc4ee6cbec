/**
 * kill -9 at every write to PostgreSQL and every request to DHIS2 of a sync with work in every step, before it and after it. The next sync ends as
 * one that was never disturbed, to the letter: the same objects with the same uids in DHIS2, the same rows in our tables.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { build } from '../support/program.ts'
import { begin, openCopy, type Beginning, type End, type Point } from './crash.ts'

/** 4: every fourth point only, for a shorter run */
const EVERY = Number(process.env['KILL_EVERY'] ?? 1)

// the points are found by watching a sync, and there is a test for each of them
build()
const [legacy, tracker] = [await observe('legacy'), await observe('tracker')]
afterAll(async () => {
  for (const { beginning } of [legacy, tracker]) await beginning.db.drop()
})

async function observe(api: Beginning['api']) {
  const beginning = await begin(api)
  const copy = await openCopy(beginning)
  const { ended, points } = await copy.sync()
  const end = await copy.end()
  await copy.close()
  return { api, beginning, ended, points, end }
}

describe.each([legacy, tracker])('$api', ({ api, beginning, ended, points, end }) => {
  test('undisturbed, it has work in every step, and DHIS2 holds what the model says', () => {
    const report = JSON.parse(ended.out)
    expect(ended.code, ended.err).toBe(0)
    for (const { step, counts } of report.steps.slice(1, -1))
      expect([
        step,
        Object.values(counts as Record<string, Record<string, number>>).some((c) => c['created']! + c['updated']! > 0),
      ]).toEqual([step, step !== 'enrollments'])
    expect(end.found).toEqual(beginning.expected)
    expect(end.tables).toMatchObject({ going: [], pending: [], rejected: { length: 3 } })
  })

  // what is after one write is before the next
  const moments = points
    .filter((point) => api === 'tracker' || isOurs(point))
    .flatMap((point): [string, Point, 'before' | 'after'][] => [
      [`before ${point.where} ${point.k}: ${point.what}`, point, 'before'],
      ...(point.what.startsWith('POST')
        ? [[`after ${point.where} ${point.k}: ${point.what}`, point, 'after'] as [string, Point, 'after']]
        : []),
    ])
  describe.concurrent('killed', () => {
    test.each(moments.filter((_, i) => i % EVERY === 0))('%s', async (_name, point, when) => {
      const copy = await openCopy(beginning)
      const first = await copy.sync({ ...point, when })
      const second = await copy.sync()
      expect(second.ended.code, second.ended.err + second.ended.out).toBe(0)
      expectSame(await copy.end(), end)
      // workers look for work at their own times: now and then one look less
      if (!first.killed) expect(first.ended.code).toBe(0)
      await copy.close()
    })
  })
})

/** What the adapters have no part in is tested with one of them. */
const isOurs = ({ where, what }: Point) => where === 'request' || /sync_confirmed|with given|commit/i.test(what)

function expectSame(actual: End, expected: End): void {
  expect(actual.found).toEqual(expected.found)
  expect(actual.dhis2).toEqual(expected.dhis2)
  expect(actual.tables).toEqual(expected.tables)
}
