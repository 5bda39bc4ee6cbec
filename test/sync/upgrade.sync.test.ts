/**
 * The first run on a database that a Java service left in the middle of a sync: what it had sent is found in DHIS2 and taken over, what is doubtful is
 * not, and both are said.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { printReport } from '../../src/cli/report.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import type { MartEnrollment, MartPatient, MartVisit } from '../../src/sandbox/mart/service.ts'
import { Clinic, expectedOf, FOLLOW_UP, formsMappingOf, formViews, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { takesTurn } from '../support/extent.ts'
import { GENERATIONS } from '../support/java-databases.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targetsOfEachApi, type World } from '../support/world.ts'

const ORG_UNITS: Readonly<Record<string, string>> = { 'C-01': 'OUClinHre01', 'C-02': 'OUClinHre02' }
/** as DHIS2 makes them: nothing of ours follows to them */
const newUid = () => `j${randomBytes(5).toString('hex')}`

/** Sends as the Java services do, in DHIS2's names for the API at hand; and writes their tracker rows where it is told to. */
class JavaService {
  private readonly world: World
  private readonly mapping: Mapping
  readonly persons = new Map<string, string>()
  readonly enrollments = new Map<string, string>()
  constructor(world: World, mapping: Mapping) {
    this.world = world
    this.mapping = mapping
  }

  async person(patient: MartPatient, tracked: boolean): Promise<void> {
    const uid = newUid()
    this.persons.set(patient.patientId!, uid)
    const attributes = this.values(patient.values, this.mapping.instance.columns).map(([attribute, value]) => ({ attribute, value }))
    const body = { trackedEntityType: 'TETPerson01', orgUnit: ORG_UNITS[patient.orgUnit!], attributes }
    if (this.isTracker) await this.post('tracker?async=false', { trackedEntities: [{ trackedEntity: uid, ...body }] })
    else
      await this.post('trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
        trackedEntityInstances: [{ trackedEntityInstance: uid, ...body }],
      })
    if (tracked) await this.world.db.query(`insert into instance_tracker values ($1, $2, 'java', now())`, [patient.patientId, uid])
  }

  /** with its visits; `status` as it is in DHIS2 when the service is killed */
  async enrollment(
    e: MartEnrollment,
    visits: readonly MartVisit[],
    options: { status?: string; tracked?: boolean; eventsTracked?: boolean; enrollmentDate?: string } = {},
  ): Promise<void> {
    const uid = newUid()
    this.enrollments.set(e.programUniqueId!, uid)
    const person = this.persons.get(e.patientId!)!
    const { status = e.status!, enrollmentDate = e.enrollmentDate! } = options
    const orgUnit = ORG_UNITS[e.orgUnit!]
    const own = { enrollment: uid, program: HTS, orgUnit }
    const incidentDate = e.incidentDate ?? enrollmentDate
    const events = visits.map((v) => ({
      event: newUid(),
      enrollment: uid,
      program: HTS,
      programStage: v.programStage,
      // the enrollment's, not its own
      orgUnit,
      status: v.status ?? 'COMPLETED',
      dataValues: this.values(v.values, this.mapping.events[0]!.columns).map(([dataElement, value]) => ({ dataElement, value })),
    }))
    if (this.isTracker)
      await this.post('tracker?async=false', {
        enrollments: [{ ...own, status, trackedEntity: person, enrolledAt: enrollmentDate, occurredAt: incidentDate }],
        events: events.map((event, i) => ({ ...event, occurredAt: visits[i]!.eventDate })),
      })
    else {
      const body = { ...own, trackedEntityInstance: person, enrollmentDate, incidentDate }
      const nested = events.map((event, i) => ({ ...event, trackedEntityInstance: person, eventDate: visits[i]!.eventDate }))
      await this.post('enrollments?strategy=CREATE_AND_UPDATE', { enrollments: [{ ...body, status: 'ACTIVE', events: nested }] })
      if (status !== 'ACTIVE') await this.post('enrollments?strategy=CREATE_AND_UPDATE', { enrollments: [{ ...body, status }] })
    }
    const { db } = this.world
    if (options.tracked)
      await db.query(`insert into enrollment_tracker values ($1, $2, $3, 'java', now(), $4, $5)`, [
        person,
        HTS,
        status,
        uid,
        e.programUniqueId,
      ])
    for (const [i, v] of options.eventsTracked ? visits.entries() : [])
      await db.query(`insert into event_tracker values ($1, $2, $3, $4, $5, 'java', now())`, [
        events[i]!.event,
        person,
        HTS,
        v.programStage,
        v.eventUniqueId,
      ])
  }

  private get isTracker() {
    return this.world.target.api === 'tracker'
  }
  private post(path: string, body: unknown) {
    return this.world.dhis2('POST', path, body)
  }
  private values(values: Readonly<Record<string, string | null>>, columns: Readonly<Record<string, string>>) {
    return Object.entries(columns).flatMap(([column, uid]): [string, string][] => (values[column] == null ? [] : [[uid, values[column]]]))
  }
}

type Sent = 'not sent' | 'sent active' | 'sent' | 'sent, trackers of enrollments' | 'done'
/** What the service had done when it was killed, in its own order: persons, completed and cancelled ones, active ones. */
const CRASHES: readonly { after: string; persons: 'sent' | 'done'; closed: Sent; active: Sent; adopted: [number, number, number] }[] = [
  { after: 'persons', persons: 'sent', closed: 'not sent', active: 'not sent', adopted: [5, 0, 0] },
  { after: 'persons and their trackers', persons: 'done', closed: 'not sent', active: 'not sent', adopted: [0, 0, 0] },
  { after: 'the first request of closed enrollments', persons: 'done', closed: 'sent active', active: 'not sent', adopted: [0, 3, 6] },
  { after: 'the second request of closed enrollments', persons: 'done', closed: 'sent', active: 'not sent', adopted: [0, 3, 6] },
  { after: 'active enrollments', persons: 'done', closed: 'done', active: 'sent', adopted: [0, 3, 7] },
  { after: 'some trackers', persons: 'done', closed: 'done', active: 'sent, trackers of enrollments', adopted: [0, 0, 7] },
  { after: 'everything, with all trackers lost', persons: 'sent', closed: 'sent', active: 'sent', adopted: [5, 6, 13] },
]

describe.each(targetsOfEachApi())('$name', (target) => {
  let world: World
  let clinic: Clinic
  let mapping: Mapping
  let java: JavaService

  const open = async (generation: keyof typeof GENERATIONS) => {
    world = await openWorld(target, { SYNC_CHUNK_SIZE: '2' }, GENERATIONS[generation])
    clinic = new Clinic(world.tag)
    mapping = mappingOf('hts', { name: 'HTS' })
    java = new JavaService(world, mapping)
    await world.saveMappings([mapping])
    await world.db.query(`insert into log (program, synced_by, comments, status, status_info, date_created) values
      ('HTS', 'superman', 'cut off', 'pending', '', '2024-03-05'), ('Other', 'superman', 'of another service', 'pending', '', '2024-03-05')`)
  }
  afterEach(() => world.close())

  const generations = Object.keys(GENERATIONS) as (keyof typeof GENERATIONS)[]
  describe.each(generations)('a database of %s', (generation) => {
    beforeEach(() => open(generation))

    const crashes = CRASHES.filter((_, i) => takesTurn(i, generations.indexOf(generation), targetsOfEachApi().indexOf(target)))
    test.each(crashes)('killed after $after', async ({ persons, closed, active, adopted }) => {
      for (const [id, status] of [
        ['active', 'ACTIVE'],
        ['completed', 'COMPLETED'],
        ['cancelled', 'CANCELLED'],
      ] as const)
        clinic.healthy(id, status)
      const again = clinic.patient('again')
      const first = clinic.enroll(again, { status: 'COMPLETED', enrollmentDate: '2023-01-01', incidentDate: null })
      clinic.visit(first, INITIAL, { eventDate: '2023-01-02', orgUnit: 'C-02' })
      clinic.visit(first, FOLLOW_UP, { eventDate: '2023-02-02' })
      const second = clinic.enroll(again)
      // two visits that nobody can tell apart
      for (const _ of [1, 2]) clinic.visit(second, FOLLOW_UP, { eventDate: '2024-03-09' })
      clinic.visit(second, FOLLOW_UP, { eventDate: '2024-03-09' }, { 'Visit number': '3' })
      const late = clinic.enroll(clinic.patient('late'))
      clinic.visit(late, INITIAL)
      clinic.visit(late, FOLLOW_UP, {}, { 'Visit number': null })

      for (const patient of clinic.patients) await java.person(patient, persons === 'done')
      for (const enrollment of clinic.enrollments.toSorted((a, b) => (a.status === 'ACTIVE' ? 1 : 0) - (b.status === 'ACTIVE' ? 1 : 0))) {
        const sent = enrollment.status === 'ACTIVE' ? active : closed
        if (sent === 'not sent') continue
        await java.enrollment(
          enrollment,
          clinic.visits.filter((v) => v.patientProgramId === enrollment.programUniqueId),
          {
            ...(sent === 'sent active' && { status: 'ACTIVE' }),
            tracked: sent === 'done' || sent === 'sent, trackers of enrollments',
            eventsTracked: sent === 'done',
          },
        )
      }
      await world.mart([clinic.service('hts')])

      const report = await world.sync(mapping.name)
      expect(report).toMatchObject({ state: 'succeeded', rejected: [] })
      expect([report.counts.trackedEntity, report.counts.enrollment, report.counts.event].map((c) => c.adopted)).toEqual(adopted)
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      for (const [words, n] of [
        ['patients were found in DHIS2 by UIC and are synced from now on.', adopted[0]],
        ['enrollments were found in DHIS2', adopted[1]],
        ['events were found in DHIS2', adopted[2]],
      ] as const)
        if (n > 0) expect(printReport(report)).toContain(`\n${n} ${words}`)
        else expect(printReport(report)).not.toContain(words)
      expect(await world.db.query('select program, status, status_info from log order by log_id')).toMatchObject([
        { program: 'HTS', status: 'failed', status_info: expect.stringContaining('Cut off before its end') as string },
        { program: 'Other', status: 'pending' },
        { program: 'HTS', status: 'success' },
      ])

      world.imports()
      for (const options of [{}, { resync: true }]) {
        const next = await world.sync(mapping.name, options)
        expect(next.state).toBe('succeeded')
        expect(printReport(next)).not.toContain('found in DHIS2')
      }
      expect(world.imports()).toBe(0)
    })
  })

  describe('what is doubtful is not taken over', () => {
    beforeEach(() => open('2020'))

    /** an event of DHIS2 in the patient's active enrollment, which is taken over itself; the Mart's is a follow-up visit of 2024-03-02, number 1 */
    const FOREIGN: Readonly<Record<string, { over: Partial<MartVisit>; values?: Record<string, string | null>; times?: number }>> = {
      'another day': { over: { eventDate: '2024-03-03' } },
      'another value': { over: {}, values: { 'Visit number': '2' } },
      'a value less': { over: {}, values: { 'Next appointment': null } },
      'a mapped value more': { over: {}, values: { 'Visit number': '1', 'Next appointment': '2024-06-02' } },
      'two of them for one visit': { over: {}, times: 2 },
      'another stage': {
        over: { programStage: INITIAL },
        values: {
          'Visit number': null,
          'Next appointment': null,
          'Date of HIV test': '2024-03-01',
          'HIV result given to client ?': 'NEGATIVE',
        },
      },
    }

    test('events', async () => {
      for (const [name, { over, values = {}, times = 1 }] of Object.entries(FOREIGN)) {
        const patient = clinic.patient(name)
        await java.person(patient, true)
        const enrollment = clinic.enroll(patient)
        const visit = clinic.visit(enrollment, FOLLOW_UP)
        const theirs = { ...visit, ...over, values: { ...visit.values, ...values } }
        await java.enrollment(
          enrollment,
          Array.from({ length: times }, () => theirs),
        )
      }
      // nothing to tell it by
      const empty = clinic.patient('empty')
      await java.person(empty, true)
      const enrollment = clinic.enroll(empty)
      await java.enrollment(enrollment, [clinic.visit(enrollment, FOLLOW_UP, {}, { 'Visit number': null, 'Next appointment': null })])
      await world.mart([clinic.service('hts')])

      const patients = Object.keys(FOREIGN).length + 1
      const report = await world.sync(mapping.name)
      expect(report).toMatchObject({
        state: 'succeeded',
        rejected: [],
        counts: { enrollment: { created: 0, adopted: patients }, event: { created: patients, updated: 0, adopted: 0 } },
      })
      const found = await readBack(world)
      expect(
        Object.fromEntries(Object.keys(FOREIGN).map((id) => [id, found[`${world.tag}-UIC-${id}`]![0]!.enrollments[0]!.events.length])),
      ).toEqual(Object.fromEntries(Object.entries(FOREIGN).map(([id, { times = 1 }]) => [id, times + 1])))
    })

    test('by the columns of its own form, where the mapping has one table for each stage now', async () => {
      const forms = formsMappingOf('hts', { name: 'HTS' })
      await world.saveMappings([forms])
      for (const [id, number] of Object.entries({ same: '1', other: '3' })) {
        const patient = clinic.healthy(id)
        await java.person(patient, true)
        const visits = clinic.visits.filter((v) => v.patientId === patient.patientId)
        await java.enrollment(
          clinic.enrollments.at(-1)!,
          visits.map((v) => (v.programStage === INITIAL ? v : { ...v, values: { ...v.values, 'Visit number': number } })),
        )
      }
      await world.mart([clinic.service('hts', formViews('hts'))])
      expect(await world.sync(mapping.name)).toMatchObject({
        state: 'succeeded',
        rejected: [],
        counts: { enrollment: { created: 0, adopted: 2 }, event: { created: 1, adopted: 3 } },
      })
      const there = await readBack(world)
      expect(there[`${world.tag}-UIC-same`]).toEqual(expectedOf(clinic, forms)[`${world.tag}-UIC-same`])
      expect(there[`${world.tag}-UIC-other`]![0]!.enrollments[0]!.events).toHaveLength(3)
    })

    test('closed enrollments', async () => {
      const cases = [
        { id: 'same', status: 'COMPLETED', there: ['COMPLETED'], from: '2024-03-01', taken: true },
        { id: 'cancelled', status: 'CANCELLED', there: ['CANCELLED'], from: '2024-03-01', taken: true },
        { id: 'other-day', status: 'COMPLETED', there: ['COMPLETED'], from: '2024-02-29', taken: false },
        { id: 'other-end', status: 'COMPLETED', there: ['CANCELLED'], from: '2024-03-01', taken: false },
        { id: 're-opened', status: 'ACTIVE', there: ['COMPLETED'], from: '2024-03-01', taken: false },
        { id: 'two', status: 'COMPLETED', there: ['COMPLETED', 'COMPLETED'], from: '2024-03-01', taken: false },
      ]
      for (const { id, status, there, from } of cases) {
        const patient = clinic.patient(id)
        await java.person(patient, true)
        const enrollment = clinic.enroll(patient, { status })
        for (const its of there) await java.enrollment(enrollment, [], { status: its, enrollmentDate: from })
      }
      await world.mart([clinic.service('hts')])
      const report = await world.sync(mapping.name)
      expect(report).toMatchObject({ state: 'succeeded', rejected: [], counts: { enrollment: { created: 4, updated: 2, adopted: 2 } } })
      const found = await readBack(world)
      for (const { id, there, taken } of cases)
        expect(found[`${world.tag}-UIC-${id}`]![0]!.enrollments, id).toHaveLength(there.length + (taken ? 0 : 1))
      for (const id of ['same', 'cancelled']) {
        const { programUniqueId } = clinic.enrollments.find((e) => e.patientId === `${world.tag}-${id}`)!
        expect(
          await world.db.query('select enrollment_id from enrollment_tracker where program_unique_id = $1', [programUniqueId]),
        ).toEqual([{ enrollment_id: java.enrollments.get(programUniqueId!) }])
      }
    })

    test('a dry run says what it would take over, and takes nothing', async () => {
      clinic.healthy('p')
      await java.person(clinic.patients[0]!, false)
      await java.enrollment(clinic.enrollments[0]!, clinic.visits)
      await world.mart([clinic.service('hts')])
      const report = await world.sync(mapping.name, { dryRun: true })
      expect(report).toMatchObject({ state: 'succeeded', rejected: [], counts: { trackedEntity: { adopted: 1 } } })
      expect(printReport(report)).toContain('1 patient was found in DHIS2 by UIC and would be synced from now on.')
      expect(await world.db.query('select from instance_tracker')).toEqual([])
      expect(await world.db.query(`select status from log where program = 'HTS'`)).toEqual([{ status: 'pending' }])
    })
  })
})
