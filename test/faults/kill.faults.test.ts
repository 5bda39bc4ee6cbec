/**
 * kill -9 at every write to PostgreSQL, every request to DHIS2 and every script in Redis of a sync with work in every step, before it and after it. The next
 * sync, or a worker that is started anew, ends as a sync that was never disturbed, to the letter: the same objects with the same uids in DHIS2, the same rows in
 * our tables.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { figuresOf } from '../support/figures.ts'
import { REDIS_IS_HERE } from '../support/redis.ts'
import { begin, expectSame, observe as watch, openCopy, type Beginning, type Point } from './crash.ts'
import { someOf } from './extent.ts'

/** every so many-th moment also with nothing but a worker after it: that takes half a minute, until the dead one's locks have run out */
const TAKEN_UP = 8

// the points are found by watching a sync, and there is a test for each of them
const [legacy, tracker] = [await begin('legacy'), await begin('tracker')]
const observed = [
  await observe('legacy', legacy),
  await observe('tracker', tracker),
  ...(REDIS_IS_HERE ? [await observe('tracker, with Redis', tracker, true)] : []),
]
afterAll(async () => {
  for (const { db } of [legacy, tracker]) await db.drop()
})

async function observe(name: string, beginning: Beginning, isRedis = false) {
  return { name, isRedis, beginning, ...(await watch(beginning, { isRedis })) }
}

describe.each(observed)('$name', ({ name, isRedis, beginning, ended, points, end }) => {
  test('undisturbed, it has work in every step, and DHIS2 holds what the model says', () => {
    const report = JSON.parse(ended.out)
    expect(ended.code, ended.err).toBe(0)
    for (const { step, counts } of report.steps.slice(1, -1))
      expect([
        step,
        Object.values(counts as Record<string, Record<string, number>>).some((c) => c['created']! + c['updated']! > 0),
      ]).toEqual([step, step !== 'enrollments'])
    expect(end.found).toEqual(beginning.expected)
    expect(end.broken).toEqual([])
    expect(end.tables).toMatchObject({ going: [], pending: [], rejected: { length: 3 } })
  })

  // what is after one write is before the next
  const moments = points
    .filter(belongsTo(name))
    .flatMap((point): [string, Point, 'before' | 'after'][] => [
      [`before ${point.where} ${point.k}: ${point.what}`, point, 'before'],
      ...(point.what.startsWith('POST')
        ? [[`after ${point.where} ${point.k}: ${point.what}`, point, 'after'] as [string, Point, 'after']]
        : []),
    ])
  describe.concurrent('killed', () => {
    test.for(someOf(moments, isRedis))('%s', async ([, point, when], context) => {
      const copy = await openCopy(beginning, figuresOf(context), { isRedis })
      const first = await copy.sync({ ...point, when })
      await copy.later()
      const second = await copy.sync()
      expect(second.ended.code, second.ended.err + second.ended.out).toBe(0)
      expectSame(await copy.end(), end)
      // workers look for work at their own times: now and then one look less
      if (!first.killed) expect(first.ended.code, first.ended.err).toBe(0)
      await copy.close()
    })

    test.for(
      someOf(
        moments.filter((_, i) => i % TAKEN_UP === 1),
        true,
      ),
    )('%s, and a worker takes it up', async ([, point, when], context) => {
      const copy = await openCopy(beginning, figuresOf(context), { isRedis })
      await copy.sync({ ...point, when })
      const state = await copy.work()
      await copy.later()
      if (state !== 'succeeded') expect((await copy.sync()).ended.code).toBe(0)
      expectSame(await copy.end(), end)
      await copy.close()
    })
  })
})

/** What the adapters, and what the queues, have no part in is tested with one of them. */
function belongsTo(name: string): (point: Point) => boolean {
  if (name === 'tracker') return () => true
  if (name === 'legacy') return ({ where, what }) => where === 'request' || /sync_confirmed|with given|commit/i.test(what)
  return ({ where }) => where === 'script'
}
