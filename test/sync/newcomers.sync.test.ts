/** Patients who are new to DHIS2 are planned with step 2, and step 3 has the others: what comes of it is the same. */
import { beforeEach, describe, expect, test } from 'vitest'
import { planEnrollments, planNewcomers } from '../../jobs/plan-enrollments.ts'
import { pushPatients } from '../../jobs/push-patients.ts'
import { takeSnapshot } from '../../jobs/take-snapshot.ts'
import { Clinic, expectedOf, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { contextOf, REQUEST } from '../support/going.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

const mapping = mappingOf('hts')
const target = targets().find(({ version, url }) => version === '2.43' && url === null)

describe.runIf(target)('newcomers', () => {
  let world: World
  let clinic: Clinic
  beforeEach(async () => {
    world = await openWorld(target!, { SYNC_CHUNK_SIZE: '3' })
    clinic = new Clinic(world.tag)
    await world.saveMappings([mapping])
    return () => world.close()
  })

  const mart = () => world.mart([clinic.service('hts')])
  const chunksOfStep3 = async () => {
    const [{ chunks } = { chunks: null }] = await world.db.query<{ chunks: number }>(
      `select chunks_total as chunks from sync_step join sync_run using (run_id) where step = 'enrollments' order by created_at desc limit 1`,
    )
    return chunks
  }
  /** its visit fits none of its enrollments */
  const astray = (id: string) => {
    const patient = clinic.patient(id)
    const enrollment = clinic.enroll(patient)
    clinic.visit({ ...enrollment, programUniqueId: '999999', enrollmentDate: '2001-01-01' }, INITIAL)
    return patient
  }

  test('a first sync leaves nothing to step 3', async () => {
    for (const id of ['a', 'b', 'c', 'd']) clinic.healthy(id)
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({
      state: 'succeeded',
      counts: { enrollment: { created: 4 }, event: { created: 8 } },
    })
    expect(await chunksOfStep3()).toBe(0)
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('beside newcomers, step 3 plans for patients whom DHIS2 had, and for those with something to reject', async () => {
    clinic.healthy('known')
    await mart()
    await world.sync(mapping.name)
    clinic.visit(clinic.enrollments[0]!, FOLLOW_UP, { eventDate: '2024-05-05', dateCreated: '2024-05-05 10:00:00' })
    clinic.healthy('new')
    astray('odd')
    await mart()
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      counts: { trackedEntity: { created: 2 }, enrollment: { created: 2 }, event: { created: 3, rejected: 1 } },
    })
    expect(report.rejected).toMatchObject([{ kind: 'event', patientId: `${world.tag}-odd` }])
    expect(report.steps.find(({ step }) => step === 'enrollments')?.counts.event.rejected).toBe(1)
    expect(await chunksOfStep3()).toBe(1)
  })

  test('a run that stops at a bad patient has rejected nothing of the others', async () => {
    clinic.patient('bad', { orgUnit: null })
    astray('odd')
    clinic.healthy('new')
    await mart()
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({ state: 'failed', counts: { trackedEntity: { created: 2, rejected: 1 }, event: { rejected: 0 } } })
    expect(report.rejected).toMatchObject([{ kind: 'trackedEntity', patientId: `${world.tag}-bad` }])
  })

  test('a chunk that was cut off between the two, or after both, is planned once', async () => {
    for (const id of ['a', 'b']) clinic.healthy(id)
    astray('odd')
    await mart()
    const ctx = await contextOf(world)
    const { runId } = await ctx.store.createRun({ mappingName: mapping.name, ...REQUEST })
    await ctx.store.startRun(runId)
    const run = async () => (await ctx.store.readRun(runId))!
    await takeSnapshot(ctx, await run())
    await pushPatients(ctx, await run(), 0)
    expect(await pushPatients(ctx, await run(), 0)).toBe(0)
    const planned = () => world.db.query(`select row_id from sync_plan where run_id = $1`, [runId])
    for (const _again of [1, 2]) {
      await planNewcomers(ctx, await run(), 0)
      expect(await planned()).toHaveLength(2)
    }
    expect(await planEnrollments(ctx, await run(), 0)).toBe(1)
    expect(await planEnrollments(ctx, await run(), 0)).toBe(0)
    expect(await planned()).toHaveLength(3)
  })
})
