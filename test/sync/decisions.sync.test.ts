/** Every row of the document's tables on every DHIS2: what it has before is made by others, what it has after is read back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunReport } from '../../src/cli/report.ts'
import { createUidFactory } from '../../src/core/uid.ts'
import { Clinic, FOLLOW_UP, HTS, mappingOf } from '../support/clinic-model.ts'
import { DECISION_TABLE, type DecisionRow } from '../support/decision-table.ts'
import { openWorld, targets, type World } from '../support/world.ts'

const OTHERS = createUidFactory('others')

interface State {
  status: string
  events: number
}

describe.each(targets())('$name', (target) => {
  describe.each(['yes', 'no'] as const)('openLatestCompletedEnrollment %s', (open) => {
    const rows = DECISION_TABLE.filter((row) => row.open === open)
    const uidOf = (world: World, row: string, name: string) => OTHERS('enrollment', `${world.tag} ${row} ${name}`)
    const personOf = (world: World, row: string) => OTHERS('trackedEntity', `${world.tag} ${row}`)
    let world: World
    let report: RunReport

    beforeAll(async () => {
      world = await openWorld(target)
      const clinic = new Clinic(world.tag)
      await othersEnter(world, rows, uidOf, personOf)
      for (const { row, status, tracker, before, enrolledAt } of rows) {
        const patient = clinic.patient(row)
        const enrollment = clinic.enroll(patient, { status, enrollmentDate: enrolledAt, incidentDate: null })
        clinic.visit(enrollment, FOLLOW_UP, { eventDate: '2024-03-02' })
        if (before.length > 0)
          await world.db.query('insert into instance_tracker (patient_id, instance_id) values ($1, $2)', [
            patient.patientId,
            personOf(world, row),
          ])
        if (tracker)
          await world.db.query(
            'insert into enrollment_tracker (instance_id, program, status, enrollment_id, program_unique_id) values ($1, $2, $3, $4, $5)',
            [personOf(world, row), HTS, before[0]![1], uidOf(world, row, 'U1'), enrollment.programUniqueId],
          )
      }
      const mapping = mappingOf('hts', { openLatestCompletedEnrollment: open, onRejected: 'continue' })
      await world.mart([clinic.service('hts')])
      await world.saveMappings([mapping])
      report = await world.sync(mapping.name)
    })
    afterAll(() => world.close())

    test.each(rows)('$row: $step, tracker $tracker', async (row) => {
      const patientId = `${world.tag}-${row.row}`
      const state = await stateOf(world, `${world.tag}-UIC-${row.row}`)
      const names = new Map(row.before.map(([name]) => [uidOf(world, row.row, name), name as string]))
      const named = Object.fromEntries([...state].map(([uid, s]) => [names.get(uid) ?? 'new', s]))
      const statuses = Object.fromEntries(Object.entries(named).map(([name, s]) => [name, s.status]))
      const rejections = report.rejected.filter((r) => r.patientId === patientId)
      const [tracker] = await world.db.query<{ enrollment_id: string }>(
        'select enrollment_id from enrollment_tracker where program_unique_id = (select program_unique_id::text from mart.hts_program_enrollment_table where "Patient_Identifier" = $1)',
        [patientId],
      )
      expect(names.get(tracker?.enrollment_id ?? '') ?? 'new').toBe(row.trackerAfter)
      if (row.after === 'conflict') {
        expect(statuses).toEqual(Object.fromEntries(row.before))
        expect(Object.values(named).map((s) => s.events)).toEqual(row.before.map(() => 0))
        const ids = `BAHMNI enrollment id: ${uidOf(world, row.row, 'U1')} and DHIS enrollment id: ${uidOf(world, row.row, 'U2')}`
        expect(rejections.map((r) => [r.kind, r.code])).toEqual([
          ['enrollment', 'conflict'],
          ['event', 'parent-rejected'],
        ])
        expect(rejections[0]!.message).toContain(ids)
      } else {
        expect(rejections).toEqual([])
        expect(statuses).toEqual(row.after)
        // the data go to the enrollment that the tracker names, and to no other
        expect(Object.fromEntries(Object.entries(named).map(([name, s]) => [name, s.events]))).toEqual(
          Object.fromEntries(Object.keys(row.after).map((name) => [name, name === row.trackerAfter ? 1 : 0])),
        )
      }
    })
  })
})

type UidOf = (world: World, row: string, name: string) => string

/** Persons and enrollments that are in DHIS2 before us; the second enrollments after the first ones. */
async function othersEnter(
  world: World,
  rows: readonly DecisionRow[],
  uidOf: UidOf,
  personOf: (world: World, row: string) => string,
): Promise<void> {
  const known = rows.filter((row) => row.before.length > 0)
  const attributes = (row: DecisionRow) => [{ attribute: 'TEAUicCode1', value: `${world.tag}-UIC-${row.row}` }]
  const round = (i: number) =>
    known.flatMap((row) => (row.before[i] ? [{ row, name: row.before[i][0], status: row.before[i][1], day: `2024-01-0${i + 1}` }] : []))
  if (world.target.api === 'tracker') {
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: known.map((row) => ({
        trackedEntity: personOf(world, row.row),
        trackedEntityType: 'TETPerson01',
        orgUnit: 'OUClinHre01',
        attributes: attributes(row),
      })),
    })
    for (const i of [0, 1, 2])
      await world.dhis2('POST', 'tracker?async=false', {
        enrollments: round(i).map(({ row, name, status, day }) => ({
          enrollment: uidOf(world, row.row, name),
          trackedEntity: personOf(world, row.row),
          program: HTS,
          orgUnit: 'OUClinHre01',
          status,
          enrolledAt: day,
          occurredAt: day,
        })),
      })
    return
  }
  await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
    trackedEntityInstances: known.map((row) => ({
      trackedEntityInstance: personOf(world, row.row),
      trackedEntityType: 'TETPerson01',
      orgUnit: 'OUClinHre01',
      attributes: attributes(row),
    })),
  })
  for (const i of [0, 1, 2])
    await world.dhis2('POST', 'enrollments?strategy=CREATE_AND_UPDATE', {
      enrollments: round(i).map(({ row, name, status, day }) => ({
        enrollment: uidOf(world, row.row, name),
        trackedEntityInstance: personOf(world, row.row),
        program: HTS,
        orgUnit: 'OUClinHre01',
        status,
        enrollmentDate: day,
        incidentDate: day,
      })),
    })
}

/** enrollment uid → status and number of events */
async function stateOf(world: World, uic: string): Promise<Map<string, State>> {
  const fields = 'enrollments[enrollment,status,events[event]]'
  const query =
    world.target.api === 'tracker'
      ? `tracker/trackedEntities?orgUnitMode=ACCESSIBLE&paging=false`
      : `trackedEntityInstances?ouMode=ACCESSIBLE&skipPaging=true`
  const body = (await world.dhis2('GET', `${query}&trackedEntityType=TETPerson01&filter=TEAUicCode1:eq:${uic}&fields=${fields}`)) as Record<
    string,
    { enrollments: { enrollment: string; status: string; events: unknown[] }[] }[]
  >
  const [people] = Object.values(body).filter(Array.isArray) as {
    enrollments: { enrollment: string; status: string; events: unknown[] }[]
  }[][]
  expect(people).toHaveLength(1)
  return new Map(people![0]!.enrollments.map((e) => [e.enrollment, { status: e.status, events: e.events.length }]))
}
