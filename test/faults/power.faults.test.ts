/**
 * The clinic's power goes: the sync and PostgreSQL end at the same moment, in the middle of whatever they do, also between DHIS2's answer and our commit. DHIS2,
 * which is elsewhere, has carried out what it was asked for. When the power is back, the next sync ends as one that was never disturbed, to the letter.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { figuresOf } from '../support/figures.ts'
import { begin, expectSame, observe, openCopy, type Beginning, type Point } from './crash.ts'
import { someOf } from './extent.ts'

/** of the writes to PostgreSQL; those that have to do with a request to DHIS2 all count */
const SOME = 12

// as with kills, the points are found by watching a sync
const cluster = await startCluster()
const server = cluster.url
const seen = [await watch('legacy'), await watch('tracker')]
afterAll(() => cluster.close())

async function watch(api: Beginning['api']) {
  const beginning = await begin(api, server)
  return { api, beginning, ...(await observe(beginning, { server })) }
}

const isAboutRequest = ({ what }: Point) => /^(POST|with (run as|given))/i.test(what)

describe.each(seen)('$api', ({ beginning, points, end }) => {
  const near = points.filter(isAboutRequest).flatMap((point): [string, Point, 'before' | 'after'][] => [
    [`before ${point.where} ${point.k}: ${point.what}`, point, 'before'],
    [`after ${point.where} ${point.k}: ${point.what}`, point, 'after'],
  ])
  const far = points
    .filter((point) => point.where === 'write' && !isAboutRequest(point))
    .filter((_, i) => i % SOME === 0)
    .map((point): [string, Point, 'after'] => [`after write ${point.k}: ${point.what}`, point, 'after'])

  test.for(someOf([...near, ...far], true))('%s', async ([, point, when], context) => {
    const figures = figuresOf(context)
    const copy = await openCopy(beginning, figures, { server })
    const { killed } = await copy.sync({ ...point, when }, () => cluster.stop('immediate'))
    if (killed) cluster.start()
    figures.servers += Number(killed)
    await copy.later()
    const { ended } = await copy.sync()
    expect(ended.code, ended.err + ended.out).toBe(0)
    expectSame(await copy.end(), end)
    await copy.close()
  })
})
