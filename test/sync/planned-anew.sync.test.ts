/**
 * Two mappings have different enrollments of one patient in one program, and one run decides while the other sends: it ends as if one had come after the
 * other. A patient for every mixture of statuses, and of what there was before.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JobContext } from '../../jobs/context.ts'
import { planEnrollments, type Plan } from '../../jobs/plan-enrollments.ts'
import { pushEnrollments } from '../../jobs/push-enrollments.ts'
import { pushPatients } from '../../jobs/push-patients.ts'
import { takeSnapshot } from '../../jobs/take-snapshot.ts'
import { STEPS, type Run, type Step } from '../../sql/store/store.ts'
import { readReport, type RunReport } from '../../src/cli/report.ts'
import { ENROLLMENT_STATUSES, type EnrollmentStatus } from '../../src/core/model.ts'
import { createUidFactory } from '../../src/core/uid.ts'
import { Clinic, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { contextOf, endOf, holdAt, REQUEST, start } from '../support/going.ts'
import { readBack } from '../support/read-back.ts'
import { takesTurn } from '../support/extent.ts'
import { openWorld, targets, targetsOfEachApi, type World } from '../support/world.ts'

const OTHERS = createUidFactory('others')
const LATER = '2024-05-01 10:00:00'

/** KNOWN: both enrollments were synced before, with other statuses; SECOND: then the first clinic has another one. ACTIVE, COMPLETED: others entered it. */
const BEFORE = ['NONE', 'ACTIVE', 'COMPLETED', 'KNOWN', 'SECOND'] as const
const MIXTURES = ENROLLMENT_STATUSES.flatMap((own) =>
  ENROLLMENT_STATUSES.flatMap((other) => BEFORE.map((before) => ({ own, other, before, name: `${own}.${other}.${before}` }))),
)
const earlier = (status: EnrollmentStatus) => ENROLLMENT_STATUSES[(ENROLLMENT_STATUSES.indexOf(status) + 1) % 3]!

/** Both clinics in the Mart of a world of its own. */
async function open(target: World['target'], openLatest: 'yes' | 'no') {
  const world = await openWorld(target, { SYNC_CHUNK_SIZE: '10' })
  const how = { openLatestCompletedEnrollment: openLatest, onRejected: 'continue' } as const
  const [own, other] = [mappingOf('hts', how), mappingOf('tb', how)]
  await world.saveMappings([own, other])
  const clinics = [new Clinic(world.tag), new Clinic(world.tag)] as const
  const mart = () => world.mart([clinics[0].service('hts'), clinics[1].service('tb')])

  const known = MIXTURES.filter(({ before }) => before === 'KNOWN' || before === 'SECOND').map((mixture) => ({
    mixture,
    enrollments: enter(clinics, mixture.name, earlier(mixture.own), earlier(mixture.other)),
  }))
  await mart()
  await world.sync(own.name)
  await world.sync(other.name)
  for (const { mixture, enrollments } of known) {
    Object.assign(enrollments.own, { status: mixture.own, dateCreated: LATER })
    Object.assign(enrollments.other, { status: mixture.other, dateCreated: LATER })
    const patient = clinics[0].patients.find((p) => p.patientId === enrollments.own.patientId)!
    if (mixture.before === 'SECOND')
      clinics[0].visit(clinics[0].enroll(patient, { status: mixture.own, enrollmentDate: '2024-04-01', dateCreated: LATER }), FOLLOW_UP)
  }
  for (const { name, own: ours, other: theirs } of MIXTURES.filter(({ before }) => before !== 'KNOWN' && before !== 'SECOND'))
    enter(clinics, name, ours, theirs)
  await mart()
  await othersEnter(world)
  return { world, own: own.name, other: other.name }
}

function enter([own, other]: readonly [Clinic, Clinic], name: string, ours: EnrollmentStatus, theirs: EnrollmentStatus) {
  const patient = own.patient(name)
  other.patients.push(patient)
  const enrollments = {
    own: own.enroll(patient, { status: ours }),
    other: other.enroll(patient, { status: theirs, enrollmentDate: '2024-02-01', incidentDate: null }),
  }
  own.visit(enrollments.own, INITIAL)
  other.visit(enrollments.other, FOLLOW_UP)
  return enrollments
}

async function othersEnter(world: World): Promise<void> {
  const known = MIXTURES.flatMap(({ name, before }) => {
    if (before !== 'ACTIVE' && before !== 'COMPLETED') return []
    const [person, enrollment] = [OTHERS('trackedEntity', `${world.tag} ${name}`), OTHERS('enrollment', `${world.tag} ${name}`)]
    const attributes = [{ attribute: 'TEAUicCode1', value: `${world.tag}-UIC-${name}` }]
    return [{ person, enrollment, status: before, type: { trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes } }]
  })
  const [orgUnit, day] = ['OUClinHre01', '2024-01-10']
  if (world.target.api === 'tracker') {
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: known.map(({ person, type }) => ({ trackedEntity: person, ...type })),
      enrollments: known.map(({ person, enrollment, status }) => ({
        enrollment,
        trackedEntity: person,
        program: HTS,
        orgUnit,
        status,
        enrolledAt: day,
        occurredAt: day,
        ...(status === 'COMPLETED' && { completedAt: day }),
      })),
    })
    return
  }
  await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
    trackedEntityInstances: known.map(({ person, type }) => ({ trackedEntityInstance: person, ...type })),
  })
  await world.dhis2('POST', 'enrollments?strategy=CREATE_AND_UPDATE', {
    enrollments: known.map(({ person, enrollment, status }) => ({
      enrollment,
      trackedEntityInstance: person,
      program: HTS,
      orgUnit,
      status,
      enrollmentDate: day,
      incidentDate: day,
      ...(status === 'COMPLETED' && { completedDate: day }),
    })),
  })
}

/** By patient: what DHIS2 has, and what the run rejected. */
async function result(world: World, { rejected, state }: RunReport) {
  expect(state).toBe('succeeded')
  const found = Object.entries(await readBack(world)).map(([uic, people]) => {
    const name = uic.split('-UIC-')[1]!
    const own = rejected.filter((r) => r.patientId.endsWith(`-${name}`)).map((r) => `${r.kind} ${r.code}`)
    return [name, { people: people.map((p) => p.enrollments), rejected: own.toSorted() }] as const
  })
  expect(found).toHaveLength(MIXTURES.length)
  return Object.fromEntries(found)
}

/** The other run sends everything at the moment when a step of this one begins. */
async function overtaken(target: World['target'], openLatest: 'yes' | 'no', step: Step) {
  const { world, own, other } = await open(target, openLatest)
  const held = holdAt(world, step)
  const run = await start(world, own)
  await held.reached
  expect(await world.sync(other)).toMatchObject({ state: 'succeeded' })
  held.letGo()
  await endOf(world, run)
  return { world, report: await readReport(world.service.store, run.runId) }
}

describe.each(targetsOfEachApi())('$name', (target) => {
  const ways = (['yes', 'no'] as const).filter((_, i) => takesTurn(i, targetsOfEachApi().indexOf(target)))
  describe.each(ways)('openLatestCompletedEnrollment %s', (openLatest) => {
    let oneAfterTheOther: Awaited<ReturnType<typeof result>>
    beforeAll(async () => {
      const { world, own, other } = await open(target, openLatest)
      expect(await world.sync(other)).toMatchObject({ state: 'succeeded' })
      oneAfterTheOther = await result(world, await world.sync(own))
      await world.close()
    })
    const few = target.version === '2.41'
    test.each<Step>(few ? ['new-completed'] : ['enrollments', 'new-completed'])(
      'overtaken when step %s begins: as one after the other',
      async (step) => {
        const { world, report } = await overtaken(target, openLatest, step)
        expect(await result(world, report)).toEqual(oneAfterTheOther)
        await world.close()
      },
    )
    // whoever sent a part before the other did may end otherwise
    test.runIf(!few).each(STEPS.slice(4, 7))(
      'overtaken when step %s begins: nothing is refused by DHIS2, and nothing is left',
      async (step) => {
        const { world, report } = await overtaken(target, openLatest, step)
        expect(report.state).toBe('succeeded')
        expect(report.rejected.filter((r) => r.dhis2Code !== null)).toEqual([])
        await world.close()
      },
    )
  })
})

// what follows is about our own processes: one DHIS2 is enough
const [any] = targets().filter(({ version, url }) => version === '2.43' && url === null)

describe.runIf(any)('planned anew in the middle of a run', () => {
  let world: World
  let ctx: JobContext
  beforeEach(async () => {
    world = await openWorld(any!)
    ctx = await contextOf(world)
  })
  afterEach(() => world.close())
  /** A run whose steps the test does itself, after its patients are there and its enrollments are planned. */
  async function planned(clinic: Clinic, openLatest: 'yes' | 'no'): Promise<Run> {
    const mapping = mappingOf('hts', { openLatestCompletedEnrollment: openLatest })
    await world.saveMappings([mapping])
    await world.mart([clinic.service('hts')])
    const { runId } = await ctx.store.createRun({ mappingName: mapping.name, ...REQUEST })
    const run = async () => (await ctx.store.readRun(runId))!
    await ctx.store.startRun(runId)
    await takeSnapshot(ctx, await run())
    await pushPatients(ctx, await run(), 0)
    await planEnrollments(ctx, await run(), 0)
    return run()
  }
  const planOf = async ({ runId }: Run) =>
    Object.fromEntries(
      (
        await world.db.query<{ id: string; step: string; sends: boolean }>(
          `select s.unique_id as id, l.step, (l.plan -> 'sendFields')::boolean as sends from sync_plan l join sync_snapshot_row s using (run_id, row_id)
           where l.run_id = $1 and s.state = 'pending'`,
          [runId],
        )
      ).map(({ id, step, sends }) => [id, [step, sends]]),
    )

  test('what would have gone in an earlier step goes now', async () => {
    const clinic = new Clinic(world.tag)
    const patient = clinic.patient('p')
    const known = clinic.enroll(patient, { status: 'COMPLETED', enrollmentDate: '2024-01-01' })
    const fresh = clinic.enroll(patient, { status: 'COMPLETED', enrollmentDate: '2024-02-01' })
    await world.db.query(
      `insert into enrollment_tracker (instance_id, program, status, enrollment_id, program_unique_id) values ($1, $2, 'COMPLETED', $3, $4)`,
      [ctx.uidOf('trackedEntity', patient.patientId!), HTS, OTHERS('enrollment', world.tag), known.programUniqueId],
    )
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: [
        {
          trackedEntity: ctx.uidOf('trackedEntity', patient.patientId!),
          trackedEntityType: 'TETPerson01',
          orgUnit: 'OUClinHre01',
          attributes: [{ attribute: 'TEAUicCode1', value: `${world.tag}-UIC-p` }],
        },
      ],
      enrollments: [
        {
          enrollment: OTHERS('enrollment', world.tag),
          trackedEntity: ctx.uidOf('trackedEntity', patient.patientId!),
          program: HTS,
          orgUnit: 'OUClinHre01',
          status: 'COMPLETED',
          enrolledAt: '2024-01-01',
          occurredAt: '2024-01-01',
        },
      ],
    })
    const run = await planned(clinic, 'no')
    // the newer one waits for the older one of its patient
    expect(await planOf(run)).toEqual({
      [known.programUniqueId!]: ['updated-completed', true],
      [fresh.programUniqueId!]: ['updated-completed', true],
    })
    const [item] = await ctx.store.readPlanned<Plan>(run.runId, 'updated-completed', 0)
    await ctx.store.recordOutcomes(run.runId, 'updated-completed', [
      {
        rowId: item!.enrollment.rowId,
        state: 'updated',
        uid: OTHERS('enrollment', world.tag),
        trackedEntity: item!.trackedEntity,
        status: 'COMPLETED',
        adopted: false,
        sent: [],
        rejection: null,
        warnings: [],
      },
    ])
    await planEnrollments(ctx, run, 0, 'updated-completed')
    expect(await planOf(run)).toEqual({ [fresh.programUniqueId!]: ['updated-completed', true] })
  })

  test('what this run has delivered takes part in the decision', async () => {
    const clinic = new Clinic(world.tag)
    const patient = clinic.patient('p')
    const newer = clinic.enroll(patient, { status: 'COMPLETED', enrollmentDate: '2024-02-01' })
    const older = clinic.enroll(patient, { status: 'ACTIVE', enrollmentDate: '2024-01-01' })
    const run = await planned(clinic, 'yes')
    const plan = { [newer.programUniqueId!]: ['new-completed', true], [older.programUniqueId!]: ['new-active', false] }
    expect(await planOf(run)).toEqual(plan)
    await pushEnrollments(ctx, run, 'new-completed', 0, false)
    await planEnrollments(ctx, run, 0, 'new-active')
    // both are one in DHIS2, and the newer one says how it is
    expect(await planOf(run)).toEqual({ [older.programUniqueId!]: plan[older.programUniqueId!] })
  })
})

describe.runIf(any)('what it costs', () => {
  let world: World
  /** plans of chunks, and questions whether one is old, in all runs */
  const done = { plans: 0, questions: 0 }
  const mappings = [mappingOf('hts'), mappingOf('tb')] as const
  const art = 'PRGArtCare1'
  beforeAll(async () => {
    world = await openWorld(
      targets().find(({ version, url }) => version === '2.43' && url === null)!,
      { SYNC_CHUNK_SIZE: '2' },
    )
    await world.saveMappings(mappings)
    const { store } = world.service
    const [savePlan, sentSincePlan] = [store.savePlan.bind(store), store.sentSincePlan.bind(store)]
    store.savePlan = (...args) => {
      done.plans++
      return savePlan(...args)
    }
    store.sentSincePlan = (...args) => {
      done.questions++
      return sentSincePlan(...args)
    }
  })
  afterAll(() => world.close())
  /** three chunks of each mapping, in two programs when there is a second one */
  const mart = async (name: string, program = HTS) => {
    const [own, other] = [new Clinic(`${world.tag}-${name}`), new Clinic(`${world.tag}-${name}`)]
    for (const i of [1, 2, 3, 4, 5, 6]) {
      const patient = own.patient(String(i))
      other.patients.push(patient)
      own.enroll(patient, { status: 'COMPLETED' })
      other.enroll(patient, { status: 'COMPLETED', program })
    }
    await world.mart([own.service('hts'), other.service('tb')])
    Object.assign(done, { plans: 0, questions: 0 })
  }

  test('runs one after the other: nothing is asked', async () => {
    await mart('alone')
    for (const { name } of mappings) expect(await world.sync(name)).toMatchObject({ state: 'succeeded', rejected: [] })
    expect(done).toEqual({ plans: 6, questions: 0 })
  })
  test('beside each other in two programs: asked once for each chunk, and nothing is planned anew', async () => {
    await mart('programs', art)
    const held = holdAt(world, 'new-completed')
    const run = await start(world, mappings[0].name)
    await held.reached
    expect(await world.sync(mappings[1].name)).toMatchObject({ state: 'succeeded', rejected: [] })
    held.letGo()
    expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
    expect(done).toEqual({ plans: 6, questions: 6 })
  })
  test('beside each other in one program: planned anew where the other has sent, once', async () => {
    await mart('program')
    const held = holdAt(world, 'new-completed')
    const run = await start(world, mappings[0].name)
    await held.reached
    expect(await world.sync(mappings[1].name)).toMatchObject({ state: 'succeeded', rejected: [] })
    held.letGo()
    expect(await endOf(world, run)).toMatchObject({ state: 'succeeded' })
    expect(done).toEqual({ plans: 9, questions: 6 })
  })
})
