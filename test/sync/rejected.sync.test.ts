/** Rejected records are a work list: kept over runs, sent again alone, dismissed until they change, settled when they pass, and erased in time. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Clinic, COLUMN_OF_NAME, expectedOf, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

const LATER = '2024-05-01 10:00:00'

describe.each(targets())('$name', (target) => {
  let world: World
  let clinic: Clinic
  const mart = () => world.mart([clinic.service('hts')])
  const store = () => world.service.store
  const open = async () =>
    (await store().listRejected({ state: 'open' })).map((r) => `${r.kind} ${r.patientId.split('-')[1]}: ${r.rejection.code}`)
  const markers = () => world.db.query('select category, last_synced_date::text from marker where last_synced_date is not null order by 1')

  /** a healthy patient, one without an org unit, and one whose form has a wrong option */
  async function begin(onRejected: 'stop' | 'continue') {
    clinic = new Clinic(world.tag)
    clinic.healthy('well')
    const lost = clinic.healthy('lost')
    Object.assign(lost, { orgUnit: null })
    const ill = clinic.patient('ill')
    const visit = clinic.visit(clinic.enroll(ill), INITIAL, {}, { 'HIV result given to client ?': 'maybe' })
    const mapping = mappingOf('hts', { onRejected })
    await world.saveMappings([mapping])
    await mart()
    return { mapping, lost, visit }
  }
  beforeEach(async () => {
    world = await openWorld(target)
  })
  afterEach(() => world.close())

  test('kept with their causes, one attempt a run; mended ones pass and are settled', async () => {
    const { mapping, lost, visit } = await begin('continue')
    for (const attempts of [1, 2]) {
      await world.sync(mapping.name)
      expect((await store().listRejected({})).map((r) => r.attempts)).toEqual(Array.from({ length: 5 }, () => attempts))
    }
    expect((await open()).toSorted()).toEqual([
      'enrollment lost: parent-rejected',
      'event ill: value-not-an-option',
      'event lost: parent-rejected',
      'event lost: parent-rejected',
      'trackedEntity lost: org-unit-missing',
    ])
    expect(await store().groupRejected({ state: 'open' })).toMatchObject([
      { code: 'parent-rejected', records: 3, patients: 1 },
      { code: 'org-unit-missing', column: 'OrgUnit', records: 1 },
      { code: 'value-not-an-option', column: 'HIV result given to client ?', value: 'maybe', records: 1 },
    ])
    Object.assign(lost, { orgUnit: 'C-01' })
    Object.assign(visit, { values: { ...visit.values, 'HIV result given to client ?': 'NEGATIVE' } })
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await open()).toEqual([])
    expect(await store().listRejected({ state: 'settled' })).toHaveLength(5)
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('sent again alone: only the chosen, with what waits for them; the markers stay', async () => {
    const { mapping, lost, visit } = await begin('continue')
    await world.sync(mapping.name)
    const before = await markers()
    Object.assign(lost, { orgUnit: 'C-01', dateCreated: LATER })
    Object.assign(visit, { values: { ...visit.values, 'HIV result given to client ?': 'NEGATIVE' }, dateCreated: LATER })
    clinic.patient('newcomer', { dateCreated: LATER })
    await mart()
    const [person] = await store().listRejected({ code: 'org-unit-missing' })
    const report = await world.sync(mapping.name, { records: [person!] })
    expect(report).toMatchObject({
      state: 'succeeded',
      counts: { trackedEntity: { created: 1, updated: 0 }, enrollment: { created: 1 }, event: { created: 2, updated: 0 } },
    })
    expect(await markers()).toEqual(before)
    expect(await open()).toEqual(['event ill: value-not-an-option'])
    // the next run sends the rest, and nothing of this twice
    expect((await world.sync(mapping.name)).counts).toMatchObject({
      trackedEntity: { created: 1, updated: 0 },
      enrollment: { created: 0, updated: 0 },
      event: { created: 1, updated: 0 },
    })
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('dismissed: they neither go nor stop a run, until their rows change', async () => {
    const { mapping, lost } = await begin('stop')
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed' })
    expect(await markers()).toEqual([])
    expect(await store().dismissRejected({ patient: lost.patientId! }, 'Rudo', 'registered by mistake')).toBe(1)
    // the step that it stopped in was the first: now the others of its patient are met
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed' })
    expect(await store().dismissRejected({}, 'Rudo', 'registered by mistake')).toBeGreaterThan(0)
    for (let runs = 0; (await world.sync(mapping.name)).state === 'failed'; runs++) {
      expect(runs).toBeLessThan(4)
      await store().dismissRejected({}, 'Rudo', 'registered by mistake')
    }
    expect((await markers()).length).toBe(3)
    expect(await open()).toEqual([])
    expect(await store().listRejected({ state: 'dismissed' })).toMatchObject(
      Array.from({ length: 5 }, () => ({ dismissedBy: 'Rudo', dismissedReason: 'registered by mistake' })),
    )
    world.imports()
    expect(await world.sync(mapping.name, { resync: true })).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(world.imports()).toBe(0)

    Object.assign(lost, { dateCreated: LATER, values: { ...lost.values, [COLUMN_OF_NAME]: 'Moyo' } })
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed', rejected: [{ code: 'org-unit-missing' }] })
    expect(await store().listRejected({ state: 'open' })).toMatchObject([{ dismissedBy: null, rejection: { code: 'org-unit-missing' } }])
  })

  test('opened again, they go with the next run', async () => {
    const { mapping } = await begin('continue')
    await world.sync(mapping.name)
    const all = await store().dismissRejected({}, 'Rudo', 'by mistake')
    expect((await world.sync(mapping.name)).rejected).toEqual([])
    expect(await store().reopenRejected({ code: 'value-not-an-option' })).toBe(1)
    expect((await world.sync(mapping.name)).rejected).toMatchObject([{ code: 'value-not-an-option' }])
    expect(await store().listRejected({ state: 'dismissed' })).toHaveLength(all - 1)
  })

  test('erased in time: values, sentences and copies go; what happened stays; open ones stay whole', async () => {
    const { mapping } = await begin('continue')
    await world.sync(mapping.name)
    await store().dismissRejected({ code: 'value-not-an-option' }, 'Rudo', 'by mistake')
    await world.db.query(`update sync_run set ended_at = ended_at - interval '100 days'`)
    await world.db.query(`update sync_rejected set last_at = last_at - interval '100 days'`)
    await world.sync(mapping.name)
    const [dismissed] = await store().listRejected({ state: 'dismissed' })
    expect(dismissed?.rejection).toMatchObject({
      code: 'value-not-an-option',
      column: 'HIV result given to client ?',
      value: null,
      message: 'The details were erased.',
    })
    expect((await store().listRejected({ state: 'open' })).every((r) => r.rejection.message.includes('lost'))).toBe(true)
    expect(
      await world.db.query(`select from sync_snapshot_row s join sync_run r using (run_id) where r.ended_at < now() - interval '90 days'`),
    ).toEqual([])
  })
})
