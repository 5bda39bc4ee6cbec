/** Random histories: after every sync DHIS2 holds what the model says, and exactly the model's records are rejected. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunReport } from '../../src/cli/report.ts'
import { formsMappingOf, formViews, mappingOf } from '../support/clinic-model.ts'
import { expectSync, found, newSite, type Rejected, type Site } from '../support/expectation.ts'
import { takesTurn } from '../support/extent.ts'
import { History } from '../support/history.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

/** Another number tries other histories; the one that failed is in the test's name. */
const SEED = Number(process.env['HISTORY_SEED'] ?? 1)
const PATIENTS = 40
const ROUNDS = [1, 2, 3, 4]
/** With the one, an event relation for all stages; with the other, one form table for each: seeds take turns. */
const SHAPES = [
  { open: 'no', forms: SEED % 2 === 0 },
  { open: 'yes', forms: SEED % 2 !== 0 },
] as const

describe.each(targets())(`$name, seed ${SEED}`, (target) => {
  const shapes = SHAPES.filter((_, i) => takesTurn(i, targets().indexOf(target)))
  describe.each(shapes)('openLatestCompletedEnrollment $open, form tables $forms', ({ open, forms }) => {
    const over = { openLatestCompletedEnrollment: open, onRejected: 'continue' } as const
    const mapping = forms ? formsMappingOf('hts', over) : mappingOf('hts', over)
    const options = { addsEventsToAnyEnrollment: target.api === 'tracker', clearsAttributes: target.version !== '2.30' }
    let world: World
    let history: History
    let site: Site = newSite()

    beforeAll(async () => {
      world = await openWorld(target)
      await world.saveMappings([mapping])
      history = new History(world, SEED, () => site)
      await history.begin(PATIENTS)
    })
    afterAll(() => world.close())

    test('every sync', async () => {
      for (const round of ROUNDS) {
        if (round > 1) await history.goOn()
        const mart = history.clinic.service('hts', forms ? formViews('hts') : [])
        await world.mart([mart])
        const report = await world.sync(mapping.name)
        const expected = expectSync(site, mart, mapping, options)
        expect(report.state).toBe('succeeded')
        expect(inOrder(rejectedOf(report, expected.rejected)), `sync ${round}`).toEqual(inOrder(expected.rejected))
        expect(await readBack(world), `sync ${round}`).toEqual(found(expected.site))
        site = expected.site
      }
      const report = await world.sync(mapping.name)
      const sent = Object.values(report.counts).map(({ created, updated }) => created + updated)
      expect(sent, 'nothing changed').toEqual([0, 0, 0])
      expect(await readBack(world)).toEqual(found(site))
    })
  })
})

/** Of a record with several mistakes either may be named. */
function rejectedOf({ rejected }: RunReport, expected: readonly Rejected[]): Rejected[] {
  return rejected.map(({ kind, patientId, recordKey, code }) => {
    const id = kind === 'trackedEntity' ? patientId : recordKey.split('/').at(-1)!
    const same = expected.find((r) => r.kind === kind && r.id === id && r.also?.includes(code))
    return { kind, id, code: same?.code ?? code }
  })
}
const inOrder = (rejected: readonly Rejected[]) => rejected.map((r) => `${r.kind} ${r.id}: ${r.code}`).toSorted()
