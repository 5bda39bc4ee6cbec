/** What bad input gets: the record is rejected with all that a data clerk needs, the others are delivered, and what was mended goes with the next run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunReport } from '../../src/cli/report.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import type { RejectionCode } from '../../src/core/rejection.ts'
import { Clinic, COLUMN_OF_NAME, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'
import { withColumns } from '../support/with-columns.ts'

const INSTANCE = 'hts_instance_table'
const ENROLLMENTS = 'hts_program_enrollment_table'
const EVENTS = 'hts_program_events_table'

interface BadCase {
  id: string
  /** puts the patient with its bad record into the clinic */
  make: (clinic: Clinic, id: string) => void
  expected: {
    kind: 'trackedEntity' | 'enrollment' | 'event'
    code: RejectionCode
    relation: string
    column?: string
    dhis2Name?: string
    value?: string | RegExp
  }
  /** SQL that mends the cause; null: only an administrator can. `P` stands for the patient id. */
  mend: string | null
  /** enrollments and events that the patient has in DHIS2 after the mending */
  after?: { enrollments: number; events: number }
}

/** A healthy patient but for what `over` changes. */
const withPatient =
  (over: Parameters<Clinic['patient']>[1], values: Parameters<Clinic['patient']>[2] = {}) =>
  (clinic: Clinic, id: string) => {
    const enrollment = clinic.enroll(clinic.patient(id, over, values), { orgUnit: 'C-01' })
    clinic.visit(enrollment, INITIAL)
  }
const withEnrollment = (over: Parameters<Clinic['enroll']>[1]) => (clinic: Clinic, id: string) =>
  void clinic.visit(clinic.enroll(clinic.patient(id), over), INITIAL, { orgUnit: 'C-01' })
const withVisit =
  (over: Parameters<Clinic['visit']>[2], values: Parameters<Clinic['visit']>[3] = {}) =>
  (clinic: Clinic, id: string) =>
    void clinic.visit(clinic.enroll(clinic.patient(id)), INITIAL, over, values)

const person = (set: string) => `update mart.${INSTANCE} set ${set} where "Patient_Identifier" = P`
const enrollment = (set: string) => `update mart.${ENROLLMENTS} set ${set} where "Patient_Identifier" = P`
const visit = (set: string) => `update mart.hts_visits set ${set} where patient = P`
const answer = (column: string, value: string) => visit(`answers = answers || jsonb_build_object('${column}', '${value}')`)

const CASES: readonly BadCase[] = [
  {
    id: 'patient org unit null',
    make: withPatient({ orgUnit: null }),
    expected: { kind: 'trackedEntity', code: 'org-unit-missing', relation: INSTANCE, column: 'OrgUnit' },
    mend: person(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'patient org unit unknown',
    make: withPatient({ orgUnit: 'ZWNSC-X' }),
    expected: { kind: 'trackedEntity', code: 'org-unit-unknown', relation: INSTANCE, column: 'OrgUnit', value: 'ZWNSC-X' },
    mend: person(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'enrollment org unit null',
    make: withEnrollment({ orgUnit: null }),
    expected: { kind: 'enrollment', code: 'org-unit-missing', relation: ENROLLMENTS, column: 'OrgUnit' },
    mend: enrollment(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'enrollment org unit unknown',
    make: withEnrollment({ orgUnit: 'ZWNSC-X' }),
    expected: { kind: 'enrollment', code: 'org-unit-unknown', relation: ENROLLMENTS, column: 'OrgUnit', value: 'ZWNSC-X' },
    mend: enrollment(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'enrollment org unit not assigned to the program',
    make: withEnrollment({ orgUnit: 'D-N1' }),
    expected: {
      kind: 'enrollment',
      code: 'org-unit-not-in-program',
      relation: ENROLLMENTS,
      column: 'OrgUnit',
      value: 'D-N1',
      dhis2Name: 'Lakeside District',
    },
    mend: enrollment(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'event org unit unknown',
    make: withVisit({ orgUnit: 'ZWNSC-X' }),
    expected: { kind: 'event', code: 'org-unit-unknown', relation: EVENTS, column: 'OrgUnit', value: 'ZWNSC-X' },
    mend: visit(`location = null`),
  },
  {
    id: 'event org unit not assigned to the program',
    make: withVisit({ orgUnit: 'P-N' }),
    expected: {
      kind: 'event',
      code: 'org-unit-not-in-program',
      relation: EVENTS,
      column: 'OrgUnit',
      value: 'P-N',
      dhis2Name: 'Northern Province',
    },
    mend: visit(`location = 'C-01'`),
  },
  {
    id: 'patient org unit out of our reach',
    make: withPatient({ orgUnit: 'P-N' }),
    expected: { kind: 'trackedEntity', code: 'no-access', relation: INSTANCE, column: 'OrgUnit' },
    mend: person(`"OrgUnit" = 'C-01'`),
  },
  {
    id: 'program unknown',
    make: withEnrollment({ program: 'PRGNowhere1' }),
    expected: { kind: 'enrollment', code: 'program-unknown', relation: ENROLLMENTS, column: 'program', value: 'PRGNowhere1' },
    mend: `update mart.${ENROLLMENTS} e set program = '${HTS}' where "Patient_Identifier" = P; update mart.hts_visits set program = '${HTS}' where patient = P`,
  },
  {
    id: 'stage unknown',
    make: withVisit({ programStage: 'PSTNowhere1' }),
    expected: { kind: 'event', code: 'stage-unknown', relation: EVENTS, column: 'program_stage', value: 'PSTNowhere1' },
    mend: visit(`stage = '${INITIAL}'`),
  },
  {
    id: 'attribute of the wrong type',
    make: withPatient({}, { 'Date of Birth': '31/02/1990' }),
    expected: {
      kind: 'trackedEntity',
      code: 'value-invalid',
      relation: INSTANCE,
      column: 'Date of Birth',
      dhis2Name: 'Date of birth',
      value: '31/02/1990',
    },
    mend: person(`"Date of Birth" = '1990-02-28'`),
  },
  {
    id: 'data element of the wrong type',
    make: withVisit({}, { 'Tests in the last 12 months': 'two' }),
    expected: {
      kind: 'event',
      code: 'value-invalid',
      relation: EVENTS,
      column: 'Tests in the last 12 months',
      dhis2Name: 'HTS tests in the last 12 months',
      value: 'two',
    },
    mend: answer('Tests in the last 12 months', '2'),
  },
  {
    id: 'attribute too long',
    make: withPatient({}, { 'First Name': 'x'.repeat(1201) }),
    expected: {
      kind: 'trackedEntity',
      code: 'value-too-long',
      relation: INSTANCE,
      column: 'First Name',
      dhis2Name: 'First name',
      value: /^x{1201}$/,
    },
    mend: person(`"First Name" = 'short'`),
  },
  {
    id: 'attribute not an option',
    make: withPatient({}, { Gender: 'Unknown' }),
    expected: {
      kind: 'trackedEntity',
      code: 'value-not-an-option',
      relation: INSTANCE,
      column: 'Gender',
      dhis2Name: 'Gender',
      value: 'Unknown',
    },
    mend: person(`"Gender" = 'male'`),
  },
  {
    id: 'data element not an option',
    make: withVisit({}, { 'HIV result given to client ?': 'maybe' }),
    expected: {
      kind: 'event',
      code: 'value-not-an-option',
      relation: EVENTS,
      column: 'HIV result given to client ?',
      dhis2Name: 'HTS test result',
      value: 'maybe',
    },
    mend: answer('HIV result given to client ?', 'POSITIVE'),
  },
  {
    id: 'mandatory attribute missing',
    make: withPatient({}, { UIC: null }),
    expected: { kind: 'trackedEntity', code: 'mandatory-missing', relation: INSTANCE, column: 'UIC', dhis2Name: 'UIC' },
    mend: person(`"UIC" = TAG || '-UIC-mandatory attribute missing'`),
  },
  {
    id: 'compulsory data element missing',
    make: withVisit({}, { 'Date of HIV test': null }),
    expected: { kind: 'event', code: 'mandatory-missing', relation: EVENTS, column: 'Date of HIV test', dhis2Name: 'HTS test date' },
    mend: answer('Date of HIV test', '2024-03-01'),
  },
  {
    id: 'unique attribute taken',
    make: (clinic, id) => withPatient({}, { UIC: `${clinic.tag}-UIC-of-another`, 'First Name': null })(clinic, id),
    expected: { kind: 'trackedEntity', code: 'taken-by-other-patient', relation: INSTANCE, column: 'UIC', value: /-UIC-of-another$/ },
    mend: person(`"UIC" = TAG || '-UIC-unique attribute taken'`),
  },
  {
    id: 'event without its enrollment',
    make: withVisit({ patientProgramId: '999999' }),
    expected: { kind: 'event', code: 'enrollment-not-found', relation: EVENTS, column: 'patient_program_id', value: '999999' },
    mend: visit(`program_id = null`),
  },
  {
    id: 'event date missing',
    make: withVisit({ eventDate: null }),
    expected: { kind: 'event', code: 'date-missing', relation: EVENTS, column: 'event_date' },
    mend: visit(`started = '2024-03-02'`),
  },
  {
    id: 'event date in the future',
    make: withVisit({ eventDate: '2099-01-01' }),
    expected: { kind: 'event', code: 'date-in-future', relation: EVENTS, column: 'event_date', value: '2099-01-01' },
    mend: visit(`started = '2024-03-02'`),
  },
  {
    id: 'enrollment date missing',
    make: withEnrollment({ enrollmentDate: null }),
    expected: { kind: 'enrollment', code: 'date-missing', relation: ENROLLMENTS, column: 'enrollment_date' },
    mend: enrollment(`enrollment_date = '2024-03-01'`),
  },
  {
    id: 'enrollment date in the future',
    make: withEnrollment({ enrollmentDate: '2099-01-01' }),
    expected: { kind: 'enrollment', code: 'date-in-future', relation: ENROLLMENTS, column: 'enrollment_date', value: '2099-01-01' },
    mend: enrollment(`enrollment_date = '2024-03-01'`),
  },
  {
    id: 'status unknown',
    make: withEnrollment({ status: 'Double entry' }),
    expected: { kind: 'enrollment', code: 'status-unknown', relation: ENROLLMENTS, column: 'status', value: 'Double entry' },
    mend: enrollment(`status = 'CANCELLED'`),
  },
  {
    id: 'second event in a single stage',
    make: (clinic, id) => {
      const e = clinic.enroll(clinic.patient(id))
      clinic.visit(e, INITIAL, { eventDate: '2024-03-02' })
      clinic.visit(e, INITIAL, { eventDate: '2024-03-09' })
    },
    expected: { kind: 'event', code: 'second-in-single-stage', relation: EVENTS, column: 'program_stage', dhis2Name: 'Initial test' },
    mend: `update mart.hts_visits set stage = '${FOLLOW_UP}', answers = '{"Visit number": "3"}' where patient = P and started = '2024-03-09'`,
    after: { enrollments: 1, events: 2 },
  },
  {
    id: 'two rows that differ for one patient',
    make: (clinic, id) => {
      withPatient({})(clinic, id)
      clinic.patient(id, {}, { 'First Name': 'Somebody else' })
    },
    expected: { kind: 'trackedEntity', code: 'duplicate-rows', relation: INSTANCE, column: 'First Name' },
    mend: `delete from mart.${INSTANCE} where "Patient_Identifier" = P and "First Name" = 'Somebody else'`,
  },
  {
    id: 'two active enrollments',
    make: (clinic, id) => {
      const p = clinic.patient(id)
      clinic.visit(clinic.enroll(p, { enrollmentDate: '2024-01-01' }), FOLLOW_UP)
      clinic.enroll(p, { enrollmentDate: '2024-02-01' })
    },
    expected: { kind: 'enrollment', code: 'several-active', relation: ENROLLMENTS, column: 'status' },
    mend: `update mart.${ENROLLMENTS} set status = 'COMPLETED' where "Patient_Identifier" = P and enrollment_date = '2024-01-01'`,
    after: { enrollments: 2, events: 1 },
  },
]

describe.each(targets())('$name', (target) => {
  let world: World
  let mapping: Mapping
  let report: RunReport
  beforeAll(async () => {
    world = await openWorld(target, { SYNC_CHUNK_SIZE: '5' })
    const clinic = new Clinic(world.tag)
    for (const { id, make } of CASES) make(clinic, id)
    // the holder of the identifier, known to DHIS2 and to us before
    const holder = `Ho${world.tag}`.padEnd(11, 'x').slice(0, 11)
    await createPerson(world, holder, `${world.tag}-UIC-of-another`)
    await world.db.query('insert into instance_tracker (patient_id, instance_id) values ($1, $2)', [`${world.tag}-holder`, holder])
    clinic.healthy('bystander')
    clinic.visit(
      clinic.enroll(clinic.patient('odd text', {}, { 'First Name': `O'Neil "Bob" \\ {#&;:%} 🌻`, [COLUMN_OF_NAME]: "' or 1=1 --" })),
      INITIAL,
      {},
      { Notes: `"quoted" \\ back\nnewline 🌻 ${'é'.repeat(10_000)}` },
    )
    for (const id of ['twin A', 'twin B']) withPatient({}, { UIC: `${world.tag}-UIC-twins` })(clinic, id)
    mapping = mappingOf('hts', { onRejected: 'continue' })
    await world.mart([clinic.service('hts')])
    await world.saveMappings([mapping])
    report = await world.sync(mapping.name)
  })
  afterAll(() => world.close())

  test('the run goes on, and its marker moves', () => {
    expect(report.state).toBe('succeeded')
  })

  test.each(CASES)('$id', ({ id, expected }) => {
    const own = report.rejected.filter((r) => r.patientId === `${world.tag}-${id}` && r.code !== 'parent-rejected')
    const [first] = own
    const { value, ...rest } = expected
    expect(first).toMatchObject(rest)
    if (value instanceof RegExp) expect(first!.value).toMatch(value)
    else if (value !== undefined) expect(first!.value).toBe(value)
    for (const r of own) expect(r.message).toContain(`${world.tag}-${id}`)
    expect(first!.remedy.length).toBeGreaterThan(10)
  })

  test('two patients of one run with the same identifier: both, each naming the other', () => {
    const [a, b] = ['twin A', 'twin B'].map((id) =>
      report.rejected.find((r) => r.patientId === `${world.tag}-${id}` && r.kind === 'trackedEntity')!,
    )
    expect([a!.code, b!.code]).toEqual(['same-value-in-run', 'same-value-in-run'])
    expect(a!.message).toContain('twin B')
    expect(b!.message).toContain('twin A')
  })

  test('all others are delivered, odd texts to the letter', async () => {
    const found = await readBack(world)
    expect(found[`${world.tag}-UIC-bystander`]).toMatchObject([{ enrollments: [{ events: [{}, {}] }] }])
    const [odd] = found[`${world.tag}-UIC-odd text`]!
    expect(odd!.attributes).toMatchObject({ TEAFirstNm1: `O'Neil "Bob" \\ {#&;:%} 🌻`, TEALastNam1: "' or 1=1 --" })
    expect(odd!.enrollments[0]!.events[0]!.values['DEHtsNotes1']).toBe(`"quoted" \\ back\nnewline 🌻 ${'é'.repeat(10_000)}`)
    // an innocent parent is delivered though its child is not
    expect(found[`${world.tag}-UIC-event date missing`]).toMatchObject([{ enrollments: [{ events: [] }] }])
    expect(Object.values(found).every((people) => people.length === 1)).toBe(true)
  })

  test('after the causes are mended, the next run delivers everything, each once', async () => {
    for (const { id, mend } of CASES) {
      const own = (sql: string) =>
        sql
          .replaceAll('P;', `'${world.tag}-${id}';`)
          .replaceAll(/= P(?=$| )/g, `= '${world.tag}-${id}'`)
          .replaceAll('TAG', `'${world.tag}'`)
      if (mend) await world.db.query(own(mend))
    }
    await world.db.query(`update mart.${INSTANCE} set "UIC" = $1 where "Patient_Identifier" = $2`, [
      `${world.tag}-UIC-twin B`,
      `${world.tag}-twin B`,
    ])
    const again = await world.sync(mapping.name)
    expect(again.rejected).toEqual([])
    expect(again.state).toBe('succeeded')
    const found = await readBack(world)
    for (const { id, after = { enrollments: 1, events: 1 } } of CASES) {
      const people = found[`${world.tag}-UIC-${id}`]
      expect(people, id).toHaveLength(1)
      expect({ enrollments: people![0]!.enrollments.length, events: people![0]!.enrollments.flatMap((e) => e.events).length }, id).toEqual(
        after,
      )
    }
    expect(await world.db.query(`select from sync_rejected where state = 'open'`)).toEqual([])
  })

  test('a column of the mapping that names nothing in DHIS2: its records, by name', async () => {
    await world.saveMappings([
      withColumns(mapping, {
        instance: { ...mapping.instance.columns, Phone: 'TEANowhere1' },
        event: { ...mapping.events[0]!.columns, Notes: 'DENowhere01' },
      }),
    ])
    await world.db.query(`update mart.${INSTANCE} set "Phone" = '0777123456', date_created = now() where "Patient_Identifier" = $1`, [
      `${world.tag}-bystander`,
    ])
    const bad = await world.sync(mapping.name)
    expect(bad.rejected.find((r) => r.patientId === `${world.tag}-bystander`)).toMatchObject({
      code: 'field-unknown',
      column: 'Phone',
      dhis2Uid: 'TEANowhere1',
      value: '0777123456',
    })
    await world.saveMappings([mapping])
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
  })

  test('a table or a column of the mapping that is gone ends the run with a sentence; the marker stays', async () => {
    const markers = () => world.db.query('select category, last_synced_date from marker order by category')
    const before = await markers()
    await world.db.query(`alter table mart.${INSTANCE} rename column "Phone" to "Fone"`)
    expect(await world.sync(mapping.name)).toMatchObject({
      state: 'failed',
      failure: expect.stringMatching(/column "Phone" .*hts_instance_table/) as string,
    })
    await world.db.query(`alter table mart.${INSTANCE} rename to elsewhere`)
    expect(await world.sync(mapping.name)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('hts_instance_table') as string,
    })
    expect(await markers()).toEqual(before)
    const [log] = await world.db.query<{ status: string; status_info: string }>(
      'select status, status_info from log order by log_id desc limit 1',
    )
    expect(log).toMatchObject({ status: 'failed', status_info: expect.stringContaining('Please contact Admin team.') as string })
  })
})

async function createPerson(world: World, uid: string, uic: string): Promise<void> {
  const attributes = [{ attribute: 'TEAUicCode1', value: uic }]
  if (world.target.api === 'tracker')
    await world.dhis2('POST', 'tracker?async=false', {
      trackedEntities: [{ trackedEntity: uid, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }],
    })
  else
    await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
      trackedEntityInstances: [{ trackedEntityInstance: uid, trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre01', attributes }],
    })
}
