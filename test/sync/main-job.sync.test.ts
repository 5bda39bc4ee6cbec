/** The main job, from the Mart to what DHIS2 has, read back and compared with a separate model. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mapping } from '../../src/core/mapping.ts'
import { Clinic, COLUMN_OF_NAME, expectedOf, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

describe.each(targets())('$name', (target) => {
  let world: World
  let clinic: Clinic
  let mapping: Mapping
  beforeAll(async () => {
    world = await openWorld(target, { SYNC_CHUNK_SIZE: '4' })
    clinic = new Clinic(world.tag)
    for (const status of ['ACTIVE', 'COMPLETED', 'CANCELLED']) for (const id of ['a', 'b', 'c']) clinic.healthy(`${status}-${id}`, status)
    const again = clinic.patient('again', {}, { [COLUMN_OF_NAME]: 'Quotes " \\ \' and 🌻' })
    const first = clinic.enroll(again, { status: 'COMPLETED', enrollmentDate: '2023-01-01', incidentDate: null })
    const second = clinic.enroll(again, { status: 'COMPLETED', enrollmentDate: '2023-06-01' })
    const third = clinic.enroll(again, { status: 'ACTIVE', enrollmentDate: '2024-01-01' })
    clinic.visit(first, INITIAL, { patientProgramId: null, orgUnit: null }, { Notes: `line one\nline two ${'x'.repeat(10_000)}` })
    clinic.visit(second, INITIAL)
    clinic.visit(third, FOLLOW_UP, { orgUnit: 'C-07' })
    clinic.visit(third, FOLLOW_UP, { eventDate: '2024-03-05' }, { 'Visit number': '2' })
    clinic.patient('without-enrollment')
    mapping = mappingOf('hts')
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
  })
  afterAll(() => world.close())

  const set = (table: string, assignments: string, where: string) =>
    world.db.query(`update mart.${table} set ${assignments}, date_created = now() where ${where}`)

  test('first sync: DHIS2 has what the Mart has', async () => {
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      state: 'succeeded',
      rejected: [],
      counts: { trackedEntity: { created: 11 }, enrollment: { created: 12 }, event: { created: 22 } },
    })
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
    expect(await world.db.query('select status, status_info from log')).toEqual([{ status: 'success', status_info: '' }])
    const markers = await world.db.query<{ category: string; at: string }>(
      'select category, last_synced_date::text as at from marker order by category',
    )
    expect(markers).toEqual([
      { category: 'enrollment', at: '2024-03-01 10:00:00' },
      { category: 'event', at: '2024-03-02 10:00:00' },
      { category: 'instance', at: '2024-03-01 10:00:00' },
    ])
    for (const [table, rows] of [
      ['instance_tracker', 11],
      ['enrollment_tracker', 12],
      ['event_tracker', 22],
    ] as const)
      expect(await world.db.query(`select from ${table}`)).toHaveLength(rows)
  })

  test('nothing changed: no import request', async () => {
    world.imports()
    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      state: 'succeeded',
      counts: { trackedEntity: { unchanged: 11, updated: 0 }, enrollment: { unchanged: 12 }, event: { unchanged: 22 } },
    })
    expect(world.imports()).toBe(0)
    expect(await world.db.query('select status_info from log order by log_id desc limit 1')).toEqual([
      { status_info: 'No delta data to sync.' },
    ])
  })

  test('delta: an edited patient, a moved one, a new event, a changed event, a completed and a re-opened enrollment', async () => {
    const rename = (id: string, change: (p: (typeof clinic.patients)[number]) => void) =>
      change(clinic.patients.find((p) => p.patientId === `${world.tag}-${id}`)!)
    const enrollmentOf = (id: string) => clinic.enrollments.find((e) => e.patientId === `${world.tag}-${id}`)!
    const edit = <T extends object>(item: T, over: Partial<T>) => Object.assign(item, over)
    rename('ACTIVE-a', (p) => edit(p, { values: { ...p.values, 'First Name': 'Renamed' } }))
    rename('ACTIVE-b', (p) => edit(p, { orgUnit: 'C-02' }))
    edit(enrollmentOf('ACTIVE-b'), { orgUnit: 'C-02' })
    for (const v of clinic.visits.filter((x) => x.patientId === `${world.tag}-ACTIVE-b`)) edit(v, { orgUnit: 'C-02' })
    edit(enrollmentOf('ACTIVE-c'), { status: 'COMPLETED' })
    edit(enrollmentOf('COMPLETED-a'), { status: 'ACTIVE' })
    edit(enrollmentOf('CANCELLED-a'), { status: 'ACTIVE' })
    clinic.visit(enrollmentOf('COMPLETED-b'), FOLLOW_UP, { eventDate: '2024-04-01' }, { 'Visit number': '7' })
    const changed = clinic.visits.find((v) => v.patientId === `${world.tag}-COMPLETED-c` && v.programStage === INITIAL)!
    edit(changed, { values: { ...changed.values, 'HIV result given to client ?': 'POSITIVE' } })
    const touched = new Set(
      ['ACTIVE-a', 'ACTIVE-b', 'ACTIVE-c', 'COMPLETED-a', 'COMPLETED-b', 'COMPLETED-c', 'CANCELLED-a'].map((id) => `${world.tag}-${id}`),
    )
    const dated = <T extends { patientId: string | null; dateCreated: string | null }>(list: readonly T[]) =>
      list.map((row) =>
        touched.has(row.patientId ?? '') ? { ...row, dateCreated: new Date().toISOString().slice(0, 19).replace('T', ' ') } : row,
      )
    await world.mart([
      { ...clinic.service('hts'), patients: dated(clinic.patients), enrollments: dated(clinic.enrollments), visits: dated(clinic.visits) },
    ])

    const report = await world.sync(mapping.name)
    expect(report).toMatchObject({
      state: 'succeeded',
      rejected: [],
      counts: { trackedEntity: { created: 0, updated: 2 }, enrollment: { created: 0, updated: 4 }, event: { created: 1 } },
    })
    expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  })

  test('what we sent and is empty now is cleared; what others entered stays', async () => {
    const patientId = `${world.tag}-ACTIVE-a`
    const visit = clinic.visits.find((v) => v.patientId === patientId && v.programStage === INITIAL)!
    await enterByHand(world, patientId)
    await set('hts_instance_table', `"Gender" = null`, `"Patient_Identifier" = '${patientId}'`)
    await set('hts_visits', `answers = answers - 'Tests in the last 12 months'`, `visit_id = ${visit.eventUniqueId}`)
    const report = await world.sync(mapping.name)
    expect(report.state).toBe('succeeded')
    const [person] = (await readBack(world))[`${world.tag}-UIC-ACTIVE-a`]!
    const event = person!.enrollments[0]!.events.find((e) => e.stage === INITIAL)!
    expect(event.values).toEqual({ DEHtsTstDt1: '2024-03-01', DEHtsResul1: 'NEGATIVE', DEHtsCouns1: 'true', DEHtsEntry1: 'ANC' })
    expect(person!.attributes['TEAPhoneNo1']).toBe('0123456789')
    if (target.version === '2.30') {
      // 2.30 cannot empty a person's attribute (case 07): it is said, not called done
      expect(person!.attributes['TEAGenderS1']).toBe('Female')
      expect(report.warnings).toMatchObject([{ patientId, warning: expect.stringContaining('TEAGenderS1') as string }])
    } else {
      expect(person!.attributes['TEAGenderS1']).toBeUndefined()
      expect(report.warnings).toEqual([])
    }
  })

  test('a value that we never sent and that is empty in the Mart stays as DHIS2 has it', async () => {
    const patientId = `${world.tag}-ACTIVE-a`
    await set('hts_instance_table', `"First Name" = 'Once more'`, `"Patient_Identifier" = '${patientId}'`)
    await world.sync(mapping.name)
    const [person] = (await readBack(world))[`${world.tag}-UIC-ACTIVE-a`]!
    expect(person!.attributes).toMatchObject({ TEAFirstNm1: 'Once more', TEAPhoneNo1: '0123456789' })
  })

  test('a re-sync sends only what differs', async () => {
    world.imports()
    expect(await world.sync(mapping.name, { resync: true })).toMatchObject({
      state: 'succeeded',
      counts: { trackedEntity: { unchanged: 11, updated: 0 }, event: { updated: 0, unchanged: 23 } },
    })
    expect(world.imports()).toBe(0)
    await enterByHand(world, `${world.tag}-ACTIVE-a`, 'Mended by hand')
    expect(await world.sync(mapping.name)).toMatchObject({ counts: { trackedEntity: { updated: 0 } } })
    expect(await world.sync(mapping.name, { resync: true })).toMatchObject({
      counts: { trackedEntity: { updated: 1 }, event: { updated: 0 } },
    })
    const [person] = (await readBack(world))[`${world.tag}-UIC-ACTIVE-a`]!
    expect(person!.attributes['TEAFirstNm1']).toBe('Once more')
  })

  test('a period is sent again and the markers stay', async () => {
    const markers = () => world.db.query('select category, last_synced_date from marker order by category')
    const before = await markers()
    world.imports()
    const report = await world.sync(mapping.name, { from: '2024-03-01', to: '2024-03-02' })
    expect(report.state).toBe('succeeded')
    expect(report.counts.trackedEntity.updated + report.counts.event.updated).toBeGreaterThan(0)
    expect(world.imports()).toBeGreaterThan(0)
    expect(await markers()).toEqual(before)
  })

  test('a patient who is in DHIS2 already is found by search and updated', async () => {
    const uid = `Fo${world.tag.replaceAll(/[^A-Za-z0-9]/g, '')}`.slice(0, 11)
    const uic = `${world.tag}-UIC-found`
    await createPerson(world, uid, uic)
    await world.db.query(
      `insert into mart.hts_instance_table ("Patient_Identifier", "OrgUnit", date_created, "UIC", "First Name") values ($1, 'C-03', now(), $2, 'Found')`,
      [`${world.tag}-found`, uic],
    )
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', counts: { trackedEntity: { created: 0, updated: 1 } } })
    expect((await readBack(world))[uic]).toMatchObject([{ orgUnit: 'OUClinHre03', attributes: { TEAFirstNm1: 'Found' } }])
    expect(await world.db.query('select instance_id from instance_tracker where patient_id = $1', [`${world.tag}-found`])).toEqual([
      { instance_id: uid },
    ])
  })

  test('a lost tracker database makes no duplicates', async () => {
    const before = await readBack(world)
    await world.db.query('truncate instance_tracker, enrollment_tracker, event_tracker, sync_confirmed, marker')
    expect(await world.sync(mapping.name)).toMatchObject({
      state: 'succeeded',
      counts: { enrollment: { created: 0 }, event: { created: 0 } },
    })
    expect(await readBack(world)).toEqual(before)
    expect(await world.db.query('select from event_tracker')).toHaveLength(23)
  })
})

/** What somebody enters in DHIS2 itself: a phone number and an entry point, which the Mart leaves empty or does not map. */
async function enterByHand(world: World, patientId: string, firstName?: string): Promise<void> {
  const [row] = await world.db.query<{ instance_id: string }>('select instance_id from instance_tracker where patient_id = $1', [patientId])
  const [enrollment] = await world.db.query<{ enrollment_id: string }>(
    'select enrollment_id from enrollment_tracker where instance_id = $1',
    [row!.instance_id],
  )
  const [event] = await world.db.query<{ event_id: string }>(
    `select event_id from event_tracker where instance_id = $1 and program_stage = '${INITIAL}'`,
    [row!.instance_id],
  )
  const attributes = [
    { attribute: 'TEAPhoneNo1', value: '0123456789' },
    ...(firstName ? [{ attribute: 'TEAFirstNm1', value: firstName }] : []),
  ]
  if (world.target.api === 'tracker') {
    const trackedEntities = [{ trackedEntity: row!.instance_id, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }]
    const events = [
      {
        event: event!.event_id,
        enrollment: enrollment!.enrollment_id,
        program: HTS,
        programStage: INITIAL,
        orgUnit: 'OUClinHre01',
        occurredAt: '2024-03-02',
        status: 'COMPLETED',
        dataValues: [{ dataElement: 'DEHtsEntry1', value: 'ANC' }],
      },
    ]
    await world.dhis2('POST', 'tracker?async=false&importStrategy=CREATE_AND_UPDATE', { trackedEntities, events })
  } else {
    await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
      trackedEntityInstances: [
        { trackedEntityInstance: row!.instance_id, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes },
      ],
    })
    await world.dhis2('PUT', `events/${event!.event_id}/DEHtsEntry1`, {
      event: event!.event_id,
      program: HTS,
      programStage: INITIAL,
      orgUnit: 'OUClinHre01',
      trackedEntityInstance: row!.instance_id,
      status: 'COMPLETED',
      eventDate: '2024-03-02',
      dataValues: [{ dataElement: 'DEHtsEntry1', value: 'ANC' }],
    })
  }
}

async function createPerson(world: World, uid: string, uic: string): Promise<void> {
  const attributes = [
    { attribute: 'TEAUicCode1', value: uic },
    { attribute: 'TEAFirstNm1', value: 'Before' },
  ]
  if (world.target.api === 'tracker')
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: [{ trackedEntity: uid, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }],
    })
  else
    await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
      trackedEntityInstances: [{ trackedEntityInstance: uid, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }],
    })
}
