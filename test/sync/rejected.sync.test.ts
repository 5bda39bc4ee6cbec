/** The work list of rejected records from end to end: stop and continue, dismissed records, single ones tried again, and what is erased. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readReport, type RunReport } from '../../src/cli/report.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { Clinic, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

describe.each(targets())('$name', (target) => {
  let world: World
  let mapping: Mapping
  const id = (name: string) => `${world.tag}-${name}`
  const key = (name: string) => ({ kind: 'trackedEntity', recordKey: id(name) }) as const
  beforeAll(async () => {
    world = await openWorld(target, { SYNC_CHUNK_SIZE: '3' })
    const clinic = new Clinic(world.tag)
    for (const name of ['good', 'p', 'q', 'r']) clinic.healthy(name)
    for (const [name, orgUnit] of [
      ['test patient', 'ZWNSC-X'],
      ['away', 'ZWNSC-X'],
    ] as const)
      clinic.visit(clinic.enroll(clinic.patient(name, { orgUnit }), { orgUnit: 'C-01' }), INITIAL)
    mapping = mappingOf('hts')
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterAll(() => world.close())

  const person = (name: string, set: string) =>
    world.db.query(`update mart.hts_instance_table set ${set}, date_created = now() where "Patient_Identifier" = $1`, [id(name)])
  const markers = () => world.db.query('select category, last_synced_date::text from marker order by category')
  const list = async (state: 'open' | 'dismissed' | 'settled') =>
    (await world.service.store.listRejected({ state }, { after: null, limit: 100 })).map((r) => ({
      who: r.patientId!.slice(world.tag.length + 1),
      kind: r.kind,
      attempts: r.attempts,
    }))
  const who = async (state: 'open' | 'dismissed' | 'settled') => [...new Set((await list(state)).map((r) => r.who))].toSorted()
  const inDhis2 = async () =>
    Object.keys(await readBack(world))
      .map((uic) => uic.slice(`${world.tag}-UIC-`.length))
      .toSorted()
  const rejectedIn = (report: RunReport) => report.rejected.map((r) => r.patientId.slice(world.tag.length + 1)).toSorted()

  test('stop: the run fails, the marker stays, and the records are on the list, together by their cause', async () => {
    const before = await markers()
    for (const attempts of [1, 2]) {
      const report = await world.sync(mapping.name)
      expect(report.state).toBe('failed')
      expect(rejectedIn(report)).toEqual(['away', 'test patient'])
      expect((await list('open')).map((r) => r.attempts)).toEqual([attempts, attempts])
    }
    expect(await markers()).toEqual(before)
    expect(await world.service.store.groupRejected({ state: 'open' })).toMatchObject([
      { code: 'org-unit-unknown', column: 'OrgUnit', value: 'ZWNSC-X', records: 2, patients: 2, attempts: 2 },
    ])
  })

  test('dismissed under stop: the run succeeds and the marker moves; they and what belongs to them are not sent', async () => {
    expect(await world.service.store.dismissRejected({ code: 'org-unit-unknown' }, 'clerk', 'not ours')).toBe(2)
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      state: 'succeeded',
      failure: null,
      rejected: [],
      counts: { enrollment: { created: 4 }, event: { created: 8 } },
    })
    expect(await markers()).toContainEqual({ category: 'instance', last_synced_date: '2024-03-01 10:00:00' })
    expect(await inDhis2()).toEqual(['good', 'p', 'q', 'r'])
    expect(await list('open')).toEqual([])
    expect(await list('dismissed')).toHaveLength(6)
  })

  test('an enrollment of a dismissed patient is edited, everything is synced again, a period, a dry run: nothing of them is sent', async () => {
    await world.db.query(
      `update mart.hts_program_enrollment_table set enrollment_date = '2024-03-02', date_created = now() where "Patient_Identifier" = $1`,
      [id('test patient')],
    )
    world.imports()
    for (const over of [{}, { resync: true }, { dryRun: true }]) {
      expect(await world.sync(mapping.name, over)).toMatchObject({ state: 'succeeded', rejected: [] })
      expect(world.imports()).toBe(0)
    }
    expect(await world.sync(mapping.name, { from: '2020-01-01', to: '2030-01-01' })).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await inDhis2()).toEqual(['good', 'p', 'q', 'r'])
    expect(await list('dismissed')).toHaveLength(6)
  })

  test('a dismissed row that is edited comes back: open while it is rejected, settled with all that waited for it when it passes', async () => {
    await person('away', `"Phone" = '0777123456'`)
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'failed' })
    expect(await list('open')).toEqual([{ who: 'away', kind: 'trackedEntity', attempts: 3 }])
    await person('away', `"OrgUnit" = 'C-02'`)
    expect(await world.sync(mapping.name)).toMatchObject({
      state: 'succeeded',
      counts: { trackedEntity: { created: 1 }, enrollment: { created: 1 }, event: { created: 1 } },
    })
    expect(await who('settled')).toEqual(['away'])
    expect(await who('dismissed')).toEqual(['test patient'])
    expect((await readBack(world))[`${world.tag}-UIC-away`]).toMatchObject([{ orgUnit: 'OUClinHre02', enrollments: [{ events: [{}] }] }])
  })

  test('reopened, it is sent again', async () => {
    await world.service.store.reopenRejected({ patientId: id('test patient'), code: 'org-unit-unknown' })
    expect(rejectedIn(await world.sync(mapping.name))).toEqual(['test patient'])
    await world.service.store.dismissRejected({ patientId: id('test patient') }, 'clerk', 'not ours')
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded' })
  })

  test('continue: of three that were rejected two are mended, one is tried again: it alone is sent, and the marker stays', async () => {
    await world.saveMappings([{ ...mapping, onRejected: 'continue' }])
    for (const name of ['p', 'q', 'r']) await person(name, `"Gender" = 'Neither'`)
    const bad = await world.sync(mapping.name)
    expect([bad.state, rejectedIn(bad)]).toEqual(['succeeded', ['p', 'q', 'r']])
    for (const name of ['p', 'q']) await person(name, `"Gender" = 'Male'`)
    await person('good', `"Phone" = '0888123456'`)
    const before = await markers()
    world.imports()
    const report = await world.sync(mapping.name, { records: [key('p')] })
    expect(report).toMatchObject({ state: 'succeeded', chosen: 1, rejected: [], counts: { trackedEntity: { updated: 1 } } })
    expect(world.imports()).toBe(1)
    expect(await markers()).toEqual(before)
    expect(await who('open')).toEqual(['q', 'r'])
    const [log] = await world.service.store.readLog(1)
    expect(log).toMatchObject({ status: 'success', comments: 'test (retry of 1 rejected record)' })
    const gender = async (name: string) => (await readBack(world))[`${world.tag}-UIC-${name}`]![0]!.attributes['TEAGenderS1']
    expect([await gender('p'), await gender('q')]).toEqual(['Male', 'Female'])
  })

  test('the next run sends the others, and nothing twice', async () => {
    const report = await world.sync(mapping.name)
    expect(report.counts.trackedEntity).toMatchObject({ created: 0, updated: 2, rejected: 1 })
    expect(await list('open')).toEqual([{ who: 'r', kind: 'trackedEntity', attempts: 2 }])
  })

  test('a record that was not mended is rejected again, under stop the retry fails; one that is gone is settled', async () => {
    await world.saveMappings([mapping])
    expect(await world.sync(mapping.name, { records: [key('r')] })).toMatchObject({ state: 'failed', failure: '1 record was rejected' })
    expect(await list('open')).toEqual([{ who: 'r', kind: 'trackedEntity', attempts: 3 }])
    await world.db.query(`delete from mart.hts_instance_table where "Patient_Identifier" = $1`, [id('r')])
    expect(await world.sync(mapping.name, { records: [key('r')] })).toMatchObject({ state: 'succeeded' })
    expect(await list('open')).toEqual([])
    const [log] = await world.service.store.readLog(1)
    expect(log).toMatchObject({ statusInfo: 'None of the chosen records is left to send.' })
  })

  test('what is older than FAILURE_RETENTION_DAYS is erased at the end of a run; what was dismissed stays so', async () => {
    const [old] = await world.db.query<{ run_id: string }>(`select run_id from sync_run where state = 'failed' order by created_at limit 1`)
    const report = () => readReport(world.service.store, old!.run_id)
    expect(await report()).toMatchObject({ erased: false, rejected: [{}, {}] })
    await world.db.query(`update sync_run set ended_at = ended_at - interval '91 days'`)
    await world.db.query(
      `update sync_rejected set last_at = last_at - interval '91 days', dismissed_at = dismissed_at - interval '91 days'`,
    )
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [], erased: false })
    expect(await report()).toMatchObject({ erased: true, rejected: [], counts: { trackedEntity: { rejected: 2 } } })
    const kept = JSON.stringify([
      await world.db.query(`select patient_id, rejection, kind from sync_rejected where state <> 'open'`),
      await world.db.query('select * from sync_run_record'),
    ])
    for (const name of ['test patient', 'away', 'ZWNSC-X', 'Neither']) expect(kept).not.toContain(name)
    await world.db.query(`update sync_run set ended_at = ended_at - interval '91 days'`)
    await world.service.startWorkers()
    expect(await world.db.query('select from sync_run where erased_at is null')).toEqual([])
    expect(await world.db.query('select from sync_snapshot_row')).toEqual([])
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(await inDhis2()).toEqual(['away', 'good', 'p', 'q', 'r'])
  })
})
