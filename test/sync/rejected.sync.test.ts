/** Rejected records are a work list: kept over runs, sent again alone, dismissed until they change, settled when they pass, and erased in time. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RejectedFilter } from '../../sql/store/store.ts'
import { readReport } from '../../src/cli/report.ts'
import { Clinic, COLUMN_OF_NAME, expectedOf, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { until } from '../support/site.ts'
import { openWorld, targetsOfEachApi, type World } from '../support/world.ts'

const LATER = '2024-05-01 10:00:00'

describe.each(targetsOfEachApi())('$name', (target) => {
  let world: World
  let clinic: Clinic
  const mart = () => world.mart([clinic.service('hts')])
  const store = () => world.service.store
  const list = (filter: RejectedFilter) => store().listRejected(filter, { after: null, limit: 100 })
  const open = async () => (await list({ state: 'open' })).map((r) => `${r.kind} ${r.patientId!.split('-')[1]}: ${r.rejection.code}`)
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
  const mend = (lost: object, visit: { values: object }) => {
    Object.assign(lost, { orgUnit: 'C-01', dateCreated: LATER })
    Object.assign(visit, { values: { ...visit.values, 'HIV result given to client ?': 'NEGATIVE' }, dateCreated: LATER })
  }
  beforeEach(async () => {
    world = await openWorld(target)
  })
  afterEach(() => world.close())

  test('kept with their causes, one attempt a run; mended ones pass and are settled', async () => {
    const { mapping, lost, visit } = await begin('continue')
    for (const attempts of [1, 2]) {
      await world.sync(mapping.name)
      expect((await list({})).map((r) => r.attempts)).toEqual(Array.from({ length: 5 }, () => attempts))
    }
    expect((await open()).toSorted()).toEqual([
      'enrollment lost: parent-rejected',
      'event ill: value-not-an-option',
      'event lost: parent-rejected',
      'event lost: parent-rejected',
      'trackedEntity lost: org-unit-missing',
    ])
    expect((await store().groupRejected({ state: 'open' })).toSorted((a, b) => (a.code < b.code ? -1 : 1))).toMatchObject([
      { code: 'org-unit-missing', column: 'OrgUnit', records: 1 },
      { code: 'parent-rejected', records: 3, patients: 1, kinds: ['enrollment', 'event'], attempts: 2 },
      { code: 'value-not-an-option', column: 'HIV result given to client ?', value: null, records: 1 },
    ])
    mend(lost, visit)
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await open()).toEqual([])
    expect(await list({ state: 'settled' })).toHaveLength(5)
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('sent again alone: only the chosen, with what waits for them; the markers stay', async () => {
    const { mapping, lost, visit } = await begin('continue')
    await world.sync(mapping.name)
    const before = await markers()
    mend(lost, visit)
    clinic.patient('newcomer', { dateCreated: LATER })
    await mart()
    const [person] = await list({ code: 'org-unit-missing' })
    const report = await world.sync(mapping.name, { rejected: { ids: [person!.id] } })
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

  test('sent again and not mended: rejected once more, and the run fails under stop; gone from the Mart: settled', async () => {
    const { mapping, lost } = await begin('stop')
    await world.sync(mapping.name)
    const again = { rejected: { patient: lost.patientId! } }
    expect(await world.sync(mapping.name, again)).toMatchObject({ state: 'failed', failure: '1 record was rejected' })
    expect(await list({})).toMatchObject([{ state: 'open', attempts: 2 }])
    clinic.patients.splice(clinic.patients.indexOf(lost), 1)
    await mart()
    expect(await world.sync(mapping.name, again)).toMatchObject({ state: 'succeeded' })
    expect(await list({})).toMatchObject([{ state: 'settled', attempts: 2 }])
    expect(await store().readLog(1)).toMatchObject([
      { statusInfo: 'None of the chosen records is left to send.', comments: 'test (retry of 1 rejected record)' },
    ])
  })

  test('two who share a value: one sent again alone is still rejected; when one is dismissed the other passes', async () => {
    const { mapping } = await begin('continue')
    for (const id of ['twin', 'other']) clinic.patient(id, {}, { UIC: `${world.tag}-UIC-twin` })
    await mart()
    await world.sync(mapping.name)
    const twins = await list({ code: 'same-value-in-run' })
    expect(twins).toHaveLength(2)
    for (const { id } of twins)
      expect(await world.sync(mapping.name, { rejected: { ids: [id] } })).toMatchObject({ rejected: [{ code: 'same-value-in-run' }] })
    expect(await world.sync(mapping.name, { rejected: { code: 'same-value-in-run' } })).toMatchObject({ rejected: { length: 2 } })
    await store().dismissRejected({ ids: [twins[0]!.id] }, 'Rudo', 'registered twice')
    expect((await world.sync(mapping.name)).counts.trackedEntity).toMatchObject({ created: 1, rejected: 1 })
    expect((await list({ ids: twins.map((t) => t.id) })).map((r) => r.state)).toEqual(['dismissed', 'settled'])
  })

  test('dismissed: with what belongs to them they neither go nor stop a run, until their rows change', async () => {
    const { mapping, lost, visit } = await begin('stop')
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed' })
    expect(await markers()).toEqual([])
    expect(await store().dismissRejected({ patient: lost.patientId! }, 'Rudo', 'registered by mistake')).toBe(1)
    // now the run goes on to the other patient's form
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed', rejected: [{ patientId: visit.patientId }] })
    expect(await open()).toEqual(['event ill: value-not-an-option'])
    expect(await store().dismissRejected({ kind: 'event' }, 'Rudo', 'registered by mistake')).toBe(1)
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded' })
    expect((await markers()).length).toBe(3)
    expect(await open()).toEqual([])
    expect(await list({ state: 'dismissed' })).toMatchObject(
      Array.from({ length: 5 }, () => ({ dismissed: { by: 'Rudo', reason: 'registered by mistake' } })),
    )
    expect(Object.keys(await readBack(world)).map((uic) => uic.split('-')[2])).not.toContain('lost')
    world.imports()
    for (const over of [{ resync: true }, { dryRun: true }, {}])
      expect(await world.sync(mapping.name, over)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(world.imports()).toBe(0)

    Object.assign(lost, { dateCreated: LATER, values: { ...lost.values, [COLUMN_OF_NAME]: 'Moyo' } })
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed', rejected: [{ code: 'org-unit-missing' }] })
    expect(await list({ state: 'open' })).toMatchObject([{ dismissed: null, rejection: { code: 'org-unit-missing' } }])
    mend(lost, visit)
    await mart()
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect((await list({})).every((r) => r.state === 'settled')).toBe(true)
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('opened again, they go with the next run', async () => {
    const { mapping } = await begin('continue')
    await world.sync(mapping.name)
    const all = await store().dismissRejected({}, 'Rudo', 'by mistake')
    expect((await world.sync(mapping.name)).rejected).toEqual([])
    expect(await store().reopenRejected({ code: 'value-not-an-option' })).toBe(1)
    expect((await world.sync(mapping.name)).rejected).toMatchObject([{ code: 'value-not-an-option' }])
    expect(await list({ state: 'dismissed' })).toHaveLength(all - 1)
  })

  test('erased in time, at the end of a run: values, patients, sentences and copies go; what happened stays; open ones stay whole', async () => {
    const { mapping } = await begin('continue')
    const { runId } = await world.sync(mapping.name)
    await store().dismissRejected({ code: 'value-not-an-option' }, 'Rudo', 'by mistake')
    await world.db.query(`update sync_run set ended_at = ended_at - interval '100 days'`)
    await world.db.query(
      `update sync_rejected set last_at = last_at - interval '100 days', dismissed_at = dismissed_at - interval '100 days'`,
    )
    expect(await readReport(store(), runId)).toMatchObject({ rejected: { length: 5 } })
    await world.sync(mapping.name)
    await until(async () => (await list({ state: 'dismissed' }))[0]!.erased)
    const [dismissed] = await list({ state: 'dismissed' })
    expect(dismissed).toMatchObject({
      patientId: null,
      rejection: { code: 'value-not-an-option', column: 'HIV result given to client ?', value: null, message: 'The details were erased.' },
    })
    expect((await list({ state: 'open' })).every((r) => r.rejection.message.includes('lost'))).toBe(true)
    await until(async () => (await store().readRun(runId))!.erasedAt !== null)
    expect(await readReport(store(), runId)).toMatchObject({ rejected: [], counts: { event: { rejected: 3 } } })
    // it is still dismissed
    expect((await world.sync(mapping.name)).rejected.map((r) => r.code)).not.toContain('value-not-an-option')
  })
})
