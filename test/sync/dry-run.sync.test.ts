/** A dry run: the whole flow, DHIS2's own validation where it has one, and nothing written on either side. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clinic, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

/** Everything but the run's own rows, as one text. */
const TABLES = ['mapping', 'instance_tracker', 'enrollment_tracker', 'event_tracker', 'marker', 'log', 'sync_confirmed', 'sync_rejected']

describe.each(targets())('$name', (target) => {
  let world: World
  const mapping = mappingOf('hts', { onRejected: 'continue' })
  beforeAll(async () => {
    world = await openWorld(target, { SYNC_CHUNK_SIZE: '3' })
    const clinic = new Clinic(world.tag)
    for (const [i, status] of ['ACTIVE', 'COMPLETED', 'CANCELLED'].entries()) clinic.healthy(`p${i}`, status)
    // the second enrollment is possible only after the first one's completion
    const again = clinic.patient('again')
    clinic.visit(clinic.enroll(again, { status: 'COMPLETED', enrollmentDate: '2023-01-01' }), INITIAL)
    clinic.visit(clinic.enroll(again, { status: 'ACTIVE', enrollmentDate: '2024-01-01' }), FOLLOW_UP)
    clinic.visit(clinic.enroll(clinic.patient('bad')), INITIAL, {}, { 'HIV result given to client ?': 'maybe' })
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterAll(() => world.close())

  const state = async () =>
    JSON.stringify(await Promise.all(TABLES.map((table) => world.db.query(`select * from ${table} t order by t::text`))))

  test('tells what a real run does, and leaves no trace', async () => {
    const before = await state()
    const dry = await world.sync(mapping.name, { dryRun: true })
    expect(await state()).toBe(before)
    expect(await readBack(world)).toEqual({})
    const real = await world.sync(mapping.name)
    expect(dry).toMatchObject({ state: 'succeeded', dryRun: true })
    expect(dry.counts).toEqual(real.counts)
    expect(dry.rejected).toEqual(real.rejected)
    expect(real.counts).toMatchObject({ trackedEntity: { created: 5 }, enrollment: { created: 6 }, event: { created: 8, rejected: 1 } })
  })

  test('also over what is there: a dry run of changes changes nothing', async () => {
    const there = await readBack(world)
    await world.db.query(`update mart.hts_instance_table set "First Name" = 'Changed', date_created = now()`)
    await world.db.query(`update mart.hts_program_enrollment_table set status = 'COMPLETED', date_created = now()`)
    const before = await state()
    const dry = await world.sync(mapping.name, { dryRun: true })
    expect(await state()).toBe(before)
    expect(await readBack(world)).toEqual(there)
    expect((await world.sync(mapping.name)).counts).toEqual(dry.counts)
  })

  // the legacy API cannot be asked: 2.30 saves in spite of dryRun=true
  if (target.api === 'tracker')
    test('DHIS2 itself is asked: what only it knows is told', async () => {
      // a unique value that somebody took in DHIS2, for a patient who is not searched by it
      await world.saveMappings([{ ...mapping, searchable: [], comparable: [] }])
      const uid = `Ta${world.tag}`.padEnd(11, 'x').slice(0, 11)
      await world.dhis2('POST', 'tracker?async=false', {
        trackedEntities: [
          {
            trackedEntity: uid,
            trackedEntityType: 'TETPerson01',
            orgUnit: 'OUClinHre01',
            attributes: [{ attribute: 'TEAUicCode1', value: `${world.tag}-UIC-taken` }],
          },
        ],
      })
      await world.db.query(
        `insert into mart.hts_instance_table ("Patient_Identifier", "OrgUnit", date_created, "UIC") values ($1, 'C-01', now(), $2)`,
        [`${world.tag}-taken`, `${world.tag}-UIC-taken`],
      )
      const dry = await world.sync(mapping.name, { dryRun: true })
      expect(dry.rejected.filter((r) => r.patientId === `${world.tag}-taken`)).toMatchObject([
        { code: 'unique-taken', column: 'UIC', dhis2Code: 'E1064' },
      ])
      await world.saveMappings([mapping])
    })
})
