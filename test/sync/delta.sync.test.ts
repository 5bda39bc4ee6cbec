/** What a run looks at: late rows, equal timestamps, clocks that jump, odd dates, several time zones. Nothing is missed, nothing is sent twice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mapping } from '../../src/core/mapping.ts'
import { Clinic, expectedOf, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

/** Markers know nothing of DHIS2's versions: one is enough. */
const TARGET = targets().at(-1)!
const MARKER = '2024-03-20 10:00:00'

interface Case {
  name: string
  /** SYNC_MARKER_OVERLAP_DAYS */
  overlap: '0' | '7'
  /** SQL for the markers before the rows appear; the first run leaves them at MARKER */
  marker?: string
  /** date_created of the rows that appear after the first run */
  appears: string | null
  /** false: only --resync finds them */
  found: boolean
  markersAfter?: string
}
const CASES: readonly Case[] = [
  { name: 'newer than the marker', overlap: '7', appears: '2024-03-21 00:00:00', found: true, markersAfter: '2024-03-21 00:00:00' },
  { name: 'older, within the overlap', overlap: '7', appears: '2024-03-14 09:00:00', found: true },
  { name: 'at the overlap’s edge', overlap: '7', appears: '2024-03-13 10:00:00', found: true },
  { name: 'a second beyond the overlap', overlap: '7', appears: '2024-03-13 09:59:59', found: false },
  { name: 'years beyond the overlap', overlap: '7', appears: '2019-03-13 09:59:59', found: false },
  { name: 'exactly the marker’s time', overlap: '7', appears: MARKER, found: true },
  { name: 'exactly the marker’s time, without overlap', overlap: '0', appears: MARKER, found: true },
  { name: 'a moment before the marker, without overlap', overlap: '0', appears: '2024-03-20 09:59:59.999999', found: false },
  { name: 'no date', overlap: '0', appears: null, found: true },
  { name: 'the year 1', overlap: '0', appears: '0001-01-01 00:00:00', found: true },
  { name: 'before our era', overlap: '7', appears: '4714-11-24 00:00:00 BC', found: true },
  { name: 'before 1900', overlap: '0', appears: '1899-12-31 23:59:59', found: true },
  { name: 'the year 9999: the marker stays behind', overlap: '0', appears: '9999-12-31 00:00:00', found: true },
  { name: 'infinity', overlap: '0', appears: 'infinity', found: true },
  { name: '-infinity', overlap: '0', appears: '-infinity', found: true },
  {
    name: 'the clock was ahead at the run before and is right again',
    overlap: '7',
    marker: `now()::timestamp + interval '30 days'`,
    appears: '2024-03-21 00:00:00',
    found: true,
    markersAfter: '2024-03-21 00:00:00',
  },
  { name: 'a Java service put the marker into 2099', overlap: '0', marker: `'2099-01-01'`, appears: '2024-03-01 00:00:00', found: true },
  { name: 'markers are lost', overlap: '0', marker: 'null', appears: '2024-03-01 00:00:00', found: true },
  { name: 'a marker of -infinity', overlap: '0', marker: `'-infinity'`, appears: '2024-03-01 00:00:00', found: true },
]

describe.each(['7', '0'] as const)('an overlap of %s days', (overlap) => {
  let world: World
  beforeAll(async () => {
    world = await openWorld(TARGET, { SYNC_MARKER_OVERLAP_DAYS: overlap, TIME_ZONE: 'Africa/Harare' })
  })
  afterAll(() => world.close())

  test.each(CASES.map((row, i) => ({ ...row, service: `d${i}` })).filter((row) => row.overlap === overlap))('$name', async (row) => {
    const clinic = new Clinic(`${world.tag}${row.service}-`)
    const mapping = mappingOf(row.service)
    const at = (dateCreated: string | null) => ({ dateCreated })
    const known = clinic.enroll(clinic.patient('known', at(MARKER)), at(MARKER))
    clinic.visit(known, INITIAL, at(MARKER))
    await world.saveMappings([mapping])
    await world.mart([clinic.service(row.service)])
    await world.sync(mapping.name)
    expect(await markers(world, mapping)).toEqual([MARKER])
    if (row.marker) await world.db.query(`update marker set last_synced_date = ${row.marker} where program_name = $1`, [mapping.name])

    const late = clinic.enroll(clinic.patient('late', at(row.appears)), at(row.appears))
    clinic.visit(late, INITIAL, at(row.appears))
    clinic.visit(known, FOLLOW_UP, at(row.appears))
    await world.mart([clinic.service(row.service)])
    const all = { trackedEntity: { created: 1, updated: 0 }, enrollment: { created: 1, updated: 0 }, event: { created: 2, updated: 0 } }
    const none = { trackedEntity: { created: 0, updated: 0 }, enrollment: { created: 0, updated: 0 }, event: { created: 0, updated: 0 } }
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [], counts: row.found ? all : none })
    expect(await markers(world, mapping)).toEqual([row.markersAfter ?? MARKER])
    if (!row.found) expect(await world.sync(mapping.name, { resync: true })).toMatchObject({ state: 'succeeded', counts: all })
    const { [`${clinic.tag}-UIC-known`]: first, [`${clinic.tag}-UIC-late`]: second, ...rest } = expectedOf(clinic, mapping)
    expect(await readBack(world)).toMatchObject({ [`${clinic.tag}-UIC-known`]: first, [`${clinic.tag}-UIC-late`]: second })
    expect(rest).toEqual({})

    world.imports()
    for (const options of [{}, { resync: true }])
      expect(await world.sync(mapping.name, options)).toMatchObject({ state: 'succeeded', counts: none })
    expect(world.imports(), 'nothing is sent twice').toBe(0)
  })

  test('a period is sent again, and the markers stay', async () => {
    const clinic = new Clinic(`${world.tag}period-`)
    const mapping = mappingOf('period')
    // the events of March belong to patients of January
    for (const id of ['a', 'b']) {
      const enrollment = clinic.enroll(clinic.patient(id, { dateCreated: '2024-01-05 23:59:59' }), { dateCreated: '2024-01-05 23:59:59' })
      clinic.visit(enrollment, INITIAL, { eventDate: '2024-03-02', dateCreated: '2024-05-01 00:00:00' })
      clinic.visit(enrollment, FOLLOW_UP, { eventDate: '2024-03-03', dateCreated: '2024-05-01 00:00:00' })
    }
    await world.saveMappings([mapping])
    await world.mart([clinic.service('period')])
    await world.sync(mapping.name)
    const before = await world.db.query('select * from marker where program_name = $1 order by category', [mapping.name])
    for (const [period, people, events] of [
      [{ from: '2024-01-05', to: '2024-01-05' }, 2, 0],
      [{ from: '2024-03-02', to: '2024-03-02' }, 0, 2],
      [{ from: '2024-01-01', to: '2024-12-31' }, 2, 4],
      [{ from: '2024-05-01', to: '2024-05-01' }, 0, 0],
    ] as const) {
      expect(await world.sync(mapping.name, period)).toMatchObject({
        state: 'succeeded',
        counts: { trackedEntity: { created: 0, updated: people }, event: { created: 0, updated: events } },
      })
      expect(await world.db.query('select * from marker where program_name = $1 order by category', [mapping.name])).toEqual(before)
    }
    expect(await readBack(world)).toMatchObject(expectedOf(clinic, mapping))
  })
})

describe('four time zones', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld(TARGET, { TIME_ZONE: 'Pacific/Auckland', SYNC_MARKER_OVERLAP_DAYS: '0' })
    await world.db.query(
      `do $$ begin execute format('alter database %I set timezone = ''America/Los_Angeles''', current_database()); end $$`,
    )
  })
  afterAll(() => world.close())

  test('days and times are the site’s, whatever the database’s session has by default', async () => {
    const clinic = new Clinic(world.tag)
    const { events, ...rest } = mappingOf('zones', { onRejected: 'continue' })
    const mapping = {
      ...rest,
      enrollments: { table: 'zones_enrollments', constants: {} },
      events: [{ ...events[0]!, table: 'zones_events' }],
    }
    const enrollment = clinic.enroll(clinic.patient('z'))
    clinic.visit(enrollment, INITIAL, { eventDate: '2024-03-31' })
    clinic.visit(enrollment, FOLLOW_UP, { eventDate: '2024-03-01' })
    await world.saveMappings([mapping])
    await world.mart([clinic.service('zones')])
    // one second before and at Auckland's midnight (UTC+13), as moments; an event's date_created as text with a zone
    await world.db.query(`create table mart.zones_enrollments as
      select "Patient_Identifier", "OrgUnit", program, program_unique_id, timestamptz '2024-02-29 23:59:59+13' as enrollment_date,
        timestamptz '2024-02-29 00:00:00+13' as incident_date, status, date_created::timestamptz from mart.zones_program_enrollment_table`)
    await world.db.query(`create table mart.zones_events as
      select e."Patient_Identifier", e."OrgUnit", e.program, e.program_stage, e.event_unique_id, e.patient_program_id, e.enrollment_date,
        case when e.event_date = '2024-03-31' then timestamptz '2024-03-30 11:00:00Z' else timestamptz '2024-02-29 11:00:00Z' end as event_date, e.status,
        '2024-03-02T23:30:00+02:00' as date_created, ${Object.keys(mapping.events[0]!.columns)
          .map((name) => `e."${name}"`)
          .join(', ')} from mart.zones_program_events_table e`)
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [], counts: { event: { created: 2 } } })
    const person = (await readBack(world))[`${world.tag}-UIC-z`]![0]!
    expect(person.enrollments).toMatchObject([{ enrolledAt: '2024-02-29', occurredAt: '2024-02-29' }])
    expect(Object.fromEntries(person.enrollments[0]!.events.map((e) => [e.stage, e.date]))).toEqual({
      [INITIAL]: '2024-03-31',
      [FOLLOW_UP]: '2024-03-01',
    })
    world.imports()
    for (const options of [{}, { resync: true }]) expect(await world.sync(mapping.name, options)).toMatchObject({ state: 'succeeded' })
    expect(world.imports()).toBe(0)
  })

  test('today is the site’s day: its events go, tomorrow’s are rejected until then', async () => {
    const clinic = new Clinic(`${world.tag}today-`)
    const mapping = mappingOf('today', { onRejected: 'continue' })
    const [days] = await world.db.query<{ today: string; tomorrow: string }>(
      `select (now() at time zone 'Pacific/Auckland')::date::text as today, ((now() at time zone 'Pacific/Auckland')::date + 1)::text as tomorrow`,
    )
    const enrollment = clinic.enroll(clinic.patient('t'))
    clinic.visit(enrollment, FOLLOW_UP, { eventDate: days!.today, dateCreated: `${days!.today} 00:00:00` })
    const tomorrow = clinic.visit(enrollment, FOLLOW_UP, { eventDate: days!.tomorrow, dateCreated: `${days!.tomorrow} 10:00:00` })
    await world.saveMappings([mapping])
    await world.mart([clinic.service('today')])
    const report = await world.sync(mapping.name)
    expect(report.counts.event).toMatchObject({ created: 1, rejected: 1 })
    expect(report.rejected).toMatchObject([
      { code: 'date-in-future', recordKey: expect.stringContaining(tomorrow.eventUniqueId!) as string },
    ])
    expect((await markers(world, mapping)).toSorted().at(-1)).toBe(`${days!.today} 00:00:00`)
  })
})

/** The distinct dates of a mapping's markers. */
async function markers(world: World, mapping: Mapping): Promise<string[]> {
  const rows = await world.db.query<{ at: string }>('select distinct last_synced_date::text as at from marker where program_name = $1', [
    mapping.name,
  ])
  return rows.map((row) => row.at)
}
