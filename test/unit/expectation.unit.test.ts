/** The model that judges the sync is judged by the document's tables first. */
import { describe, expect, test } from 'vitest'
import type { Mapping } from '../../src/core/mapping.ts'
import { Clinic, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { DECISION_TABLE } from '../support/decision-table.ts'
import { expectSync, found, newSite, othersEnter, type ExpectOptions, type Site } from '../support/expectation.ts'

const TODAY = '2024-12-31'
const expectRun = (before: Site, clinic: Clinic, over: Partial<Mapping> = {}, options: ExpectOptions = {}) =>
  expectSync(before, clinic.service('hts'), mappingOf('hts', over), { today: TODAY, ...options })

const foreign = (name: string, status: string, day = '2024-01-01') => ({
  name,
  program: HTS,
  status,
  enrolledAt: day,
  occurredAt: day,
  orgUnit: 'OUClinHre02',
  events: [],
})
const knownPerson = (uic: string, enrollments: ReturnType<typeof foreign>[] = []) => ({
  orgUnit: 'OUClinHre02',
  attributes: { TEAUicCode1: uic },
  enrollments,
})
const enrollmentsOf = (site: Site) => site.persons.flatMap((person) => person.enrollments)
const statuses = (site: Site) => Object.fromEntries(enrollmentsOf(site).map((e) => [e.name ?? 'new', e.status]))

test.each(DECISION_TABLE)('$row: $step, tracker $tracker', ({ open, status, tracker, before, after, trackerAfter, enrolledAt }) => {
  const clinic = new Clinic('T')
  const patient = clinic.patient('a')
  const enrollment = clinic.enroll(patient, { status, enrollmentDate: enrolledAt })
  clinic.visit(enrollment, FOLLOW_UP)
  const site = newSite()
  if (before.length > 0) {
    const person = othersEnter(
      site,
      knownPerson(
        'T-UIC-a',
        before.map(([name, is], i) => foreign(name, is, `2024-01-0${i + 1}`)),
      ),
    )
    person.patientId = patient.patientId
    if (tracker) person.enrollments[0]!.boundTo = [enrollment.programUniqueId!]
  }
  const { site: end, rejected } = expectRun(site, clinic, { openLatestCompletedEnrollment: open })
  const boundTo = enrollmentsOf(end).find((e) => e.boundTo.includes(enrollment.programUniqueId!))
  expect(boundTo?.name ?? 'new').toBe(trackerAfter)
  if (after === 'conflict') {
    expect(statuses(end)).toEqual(Object.fromEntries(before))
    expect(rejected.map((r) => [r.kind, r.code])).toEqual([
      ['enrollment', 'conflict'],
      ['event', 'parent-rejected'],
    ])
    expect(enrollmentsOf(end).flatMap((e) => e.events)).toEqual([])
  } else {
    expect(rejected).toEqual([])
    expect(statuses(end)).toEqual(after)
    expect(enrollmentsOf(end).filter((e) => e.events.length > 0)).toEqual([boundTo])
  }
})

describe('what is decided beside the tables', () => {
  const twoEpisodes = (first: string, second: string) => {
    const clinic = new Clinic('T')
    const patient = clinic.patient('a')
    const one = clinic.enroll(patient, { status: first, enrollmentDate: '2024-02-01' })
    const two = clinic.enroll(patient, { status: second, enrollmentDate: '2024-03-01' })
    clinic.visit(one, FOLLOW_UP, { eventDate: '2024-02-02' })
    clinic.visit(two, FOLLOW_UP, { eventDate: '2024-03-02' })
    return { clinic, patient, one, two }
  }
  const datesOf = (site: Site) => enrollmentsOf(site).map((e) => [e.status, e.enrolledAt, e.events.length])

  test('1 and 2: with `no` a completed episode and the active one after it stay two', () => {
    const { site } = expectRun(newSite(), twoEpisodes('COMPLETED', 'ACTIVE').clinic)
    expect(datesOf(site)).toEqual([
      ['COMPLETED', '2024-02-01', 1],
      ['ACTIVE', '2024-03-01', 1],
    ])
  })

  test('2: with `no` the second of two active ones is rejected', () => {
    const { clinic, two } = twoEpisodes('ACTIVE', 'ACTIVE')
    const { site, rejected } = expectRun(newSite(), clinic)
    expect(datesOf(site)).toEqual([['ACTIVE', '2024-02-01', 1]])
    expect(rejected[0]).toEqual({ kind: 'enrollment', id: two.programUniqueId, code: 'several-active' })
  })

  test('2 and 3: with `yes` they share one, whose dates and status are the newest one’s', () => {
    const { site } = expectRun(newSite(), twoEpisodes('COMPLETED', 'ACTIVE').clinic, { openLatestCompletedEnrollment: 'yes' })
    expect(datesOf(site)).toEqual([['ACTIVE', '2024-03-01', 2]])
  })

  test('3: an older episode that shares one does not change it', () => {
    const { clinic, one } = twoEpisodes('COMPLETED', 'COMPLETED')
    const first = expectRun(newSite(), clinic, { openLatestCompletedEnrollment: 'yes' })
    Object.assign(one, { status: 'CANCELLED' })
    const second = expectRun(first.site, clinic, { openLatestCompletedEnrollment: 'yes' })
    expect(datesOf(second.site)).toEqual([['COMPLETED', '2024-03-01', 2]])
    expect(second.rejected).toEqual([])
  })

  test('4: an older episode beside our own active one is corrected in place; the legacy API cannot add to it', () => {
    const { clinic, one } = twoEpisodes('COMPLETED', 'ACTIVE')
    const first = expectRun(newSite(), clinic)
    Object.assign(one, { enrollmentDate: '2024-01-15' })
    clinic.visit(one, FOLLOW_UP, { eventDate: '2024-01-16' })
    expect(datesOf(expectRun(first.site, clinic).site)).toEqual([
      ['COMPLETED', '2024-01-15', 2],
      ['ACTIVE', '2024-03-01', 1],
    ])
    const legacy = expectRun(first.site, clinic, {}, { addsEventsToAnyEnrollment: false })
    expect(legacy.rejected.map((r) => r.code)).toEqual(['event-needs-active-enrollment'])
  })

  test('5: a foreign active one goes before a completed one', () => {
    const clinic = new Clinic('T')
    clinic.enroll(clinic.patient('a'), { status: 'COMPLETED' })
    const site = newSite()
    othersEnter(site, knownPerson('T-UIC-a', [foreign('U1', 'COMPLETED'), foreign('U2', 'ACTIVE')]))
    const { site: end } = expectRun(site, clinic, { openLatestCompletedEnrollment: 'yes' })
    expect(enrollmentsOf(end).map((e) => [e.name, e.boundTo.length])).toEqual([
      ['U1', 0],
      ['U2', 1],
    ])
  })

  test('6: a cancelled one is its own, and follows Bahmni', () => {
    const clinic = new Clinic('T')
    const enrollment = clinic.enroll(clinic.patient('a'), { status: 'CANCELLED' })
    const site = newSite()
    othersEnter(site, knownPerson('T-UIC-a', [foreign('U1', 'COMPLETED')]))
    const first = expectRun(site, clinic, { openLatestCompletedEnrollment: 'yes' })
    expect(statuses(first.site)).toEqual({ U1: 'COMPLETED', new: 'CANCELLED' })
    Object.assign(enrollment, { status: 'ACTIVE' })
    expect(statuses(expectRun(first.site, clinic).site)).toEqual({ U1: 'COMPLETED', new: 'ACTIVE' })
  })

  test('7: an event alone goes where its enrollment is bound, and the enrollment is not sent', () => {
    const clinic = new Clinic('T')
    const enrollment = clinic.enroll(clinic.patient('a'), { status: 'COMPLETED' })
    const first = expectRun(newSite(), clinic)
    enrollmentsOf(first.site)[0]!.status = 'ACTIVE' // by somebody in DHIS2
    clinic.visit(enrollment, FOLLOW_UP)
    const { site } = expectRun(first.site, clinic)
    expect(enrollmentsOf(site).map((e) => [e.status, e.events.length])).toEqual([['ACTIVE', 1]])
  })

  test('8: an adopted person and enrollment take Bahmni’s org unit, dates and status', () => {
    const clinic = new Clinic('T')
    clinic.enroll(clinic.patient('a'), { enrollmentDate: '2024-05-01', incidentDate: null })
    const site = newSite()
    othersEnter(site, knownPerson('T-UIC-a', [foreign('U1', 'ACTIVE')]))
    expect(found(expectRun(site, clinic).site)['T-UIC-a']).toMatchObject([
      { orgUnit: 'OUClinHre01', enrollments: [{ orgUnit: 'OUClinHre01', enrolledAt: '2024-05-01', occurredAt: '2024-05-01' }] },
    ])
  })

  test('9: what was deleted in DHIS2 is a failure', () => {
    const clinic = new Clinic('T')
    const enrollment = clinic.enroll(clinic.patient('a'))
    const first = expectRun(newSite(), clinic)
    enrollmentsOf(first.site)[0]!.deleted = true
    Object.assign(enrollment, { status: 'COMPLETED' })
    const { site, rejected } = expectRun(first.site, clinic)
    expect(rejected.map((r) => r.code)).toEqual(['gone'])
    expect(found(site)['T-UIC-a']![0]!.enrollments).toEqual([])
  })

  test('10: a second event for a stage that is there once is rejected, also in a shared enrollment', () => {
    const { clinic, one, two } = twoEpisodes('COMPLETED', 'ACTIVE')
    clinic.visit(one, INITIAL)
    const late = clinic.visit(two, INITIAL)
    const { rejected } = expectRun(newSite(), clinic, { openLatestCompletedEnrollment: 'yes' })
    expect(rejected).toEqual([{ kind: 'event', id: late.eventUniqueId, code: 'second-in-single-stage' }])
    expect(expectRun(newSite(), clinic).rejected).toEqual([])
  })

  test('11: what was sent and is empty now is cleared, what others entered stays', () => {
    const clinic = new Clinic('T')
    const patient = clinic.patient('a', {}, { Phone: '+263 77 1' })
    const first = expectRun(newSite(), clinic)
    first.site.persons[0]!.attributes['TEAMothers1'] = 'Rudo'
    Object.assign(patient, { values: { ...patient.values, Phone: null, Gender: ' ' } })
    const attributes = expectRun(first.site, clinic).site.persons[0]!.attributes
    expect(Object.keys(attributes).toSorted()).toEqual(['TEABirthDt1', 'TEAFirstNm1', 'TEALastNam1', 'TEAMothers1', 'TEAUicCode1'])
    const on230 = expectRun(first.site, clinic, {}, { clearsAttributes: false }).site.persons[0]!.attributes
    expect(on230).toMatchObject({ TEAPhoneNo1: '+263 77 1', TEAGenderS1: 'Female' })
  })

  test('12: unchanged rows do not repair what others did, nor do date_created and columns that are not mapped', () => {
    const clinic = new Clinic('T')
    const patient = clinic.healthy('a')
    const first = expectRun(newSite(), clinic)
    first.site.persons[0]!.attributes['TEAFirstNm1'] = 'By hand'
    Object.assign(patient, { dateCreated: '2024-12-01', values: { ...patient.values, 'Not mapped': 'x' } })
    expect(expectRun(first.site, clinic)).toEqual({ site: first.site, rejected: [] })
  })
})

describe('persons', () => {
  test('who is in DHIS2 is found by search, whoever another patient is not', () => {
    const clinic = new Clinic('T')
    clinic.patient('a')
    const site = newSite()
    othersEnter(site, { orgUnit: 'OUClinHre02', attributes: { TEAUicCode1: 't-uic-A', TEAPhoneNo1: '123456' }, enrollments: [] })
    const { site: end } = expectRun(site, clinic)
    expect(end.persons).toHaveLength(1)
    expect(end.persons[0]!.attributes).toMatchObject({ TEAUicCode1: 'T-UIC-a', TEAPhoneNo1: '123456' })

    clinic.patient('b', {}, { UIC: 'T-UIC-a' })
    const again = expectRun(end, clinic)
    expect(again.rejected).toEqual([{ kind: 'trackedEntity', id: 'T-b', code: 'taken-by-other-patient' }])
  })

  test('two new ones with the same UIC are both rejected, with all that is theirs', () => {
    const clinic = new Clinic('T')
    clinic.healthy('a')
    clinic.enroll(clinic.patient('b', {}, { UIC: ' t-uic-A' }))
    const { site, rejected } = expectRun(newSite(), clinic)
    expect(site.persons).toEqual([])
    expect(rejected.map((r) => r.code).toSorted()).toEqual([
      ...Array<string>(4).fill('parent-rejected'),
      'same-value-in-run',
      'same-value-in-run',
    ])
  })
})

describe('records that DHIS2 would refuse', () => {
  const clinic = () => new Clinic('T')
  test.each<[string, string, (c: Clinic) => void]>([
    ['org-unit-missing', 'T-a', (c) => c.patient('a', { orgUnit: null })],
    ['org-unit-unknown', 'T-a', (c) => c.patient('a', { orgUnit: 'C-99' })],
    ['mandatory-missing', 'T-a', (c) => c.patient('a', {}, { UIC: ' ' })],
    ['value-not-an-option', 'T-a', (c) => c.patient('a', {}, { Gender: 'Unknown' })],
    ['value-invalid', 'T-a', (c) => c.patient('a', {}, { 'Date of Birth': '3.2.1990' })],
    ['value-too-long', 'T-a', (c) => c.patient('a', {}, { 'First Name': 'x'.repeat(1201) })],
    ['identifier-missing', '', (c) => c.patient('a', { patientId: null })],
    ['status-unknown', '7', (c) => c.enroll(c.patient('a'), { status: 'Double entry', programUniqueId: '7' })],
    ['org-unit-not-in-program', '7', (c) => c.enroll(c.patient('a'), { orgUnit: 'D-N1', programUniqueId: '7' })],
    ['date-missing', '7', (c) => c.enroll(c.patient('a'), { enrollmentDate: null, programUniqueId: '7' })],
    ['date-invalid', '7', (c) => c.enroll(c.patient('a'), { enrollmentDate: '0001-01-01', programUniqueId: '7' })],
    ['date-in-future', '7', (c) => c.enroll(c.patient('a'), { incidentDate: '2025-01-01', programUniqueId: '7' })],
    ['program-unknown', '7', (c) => c.enroll(c.patient('a'), { program: 'PRGNowhere1', programUniqueId: '7' })],
    ['date-in-future', '9', (c) => c.visit(c.enroll(c.patient('a')), FOLLOW_UP, { eventDate: '2025-01-01', eventUniqueId: '9' })],
    ['stage-unknown', '9', (c) => c.visit(c.enroll(c.patient('a')), 'PSTNowhere1', { eventUniqueId: '9' })],
    ['enrollment-not-found', '9', (c) => c.visit(c.enroll(c.patient('a')), FOLLOW_UP, { patientProgramId: '1', eventUniqueId: '9' })],
    [
      'mandatory-missing',
      '9',
      (c) => c.visit(c.enroll(c.patient('a')), INITIAL, { eventUniqueId: '9' }, { 'HIV result given to client ?': null }),
    ],
    ['field-not-in-stage', '9', (c) => c.visit(c.enroll(c.patient('a')), FOLLOW_UP, { eventUniqueId: '9' }, { Notes: 'x' })],
    ['value-invalid', '9', (c) => c.visit(c.enroll(c.patient('a')), FOLLOW_UP, { eventUniqueId: '9' }, { 'Visit number': '0' })],
    ['patient-not-found', '7', (c) => c.enroll({ ...c.patient('a'), patientId: 'T-nobody' }, { programUniqueId: '7' })],
  ])('%s', (code, id, soil) => {
    const c = clinic()
    soil(c)
    const { rejected } = expectRun(newSite(), c)
    expect(rejected).toMatchObject([{ id, code }])
  })

  test('different rows for one record are all rejected; the same row twice is one', () => {
    const c = clinic()
    const patient = c.patient('a')
    c.patients.push({ ...patient })
    expect(expectRun(newSite(), c).rejected).toEqual([])
    c.patients.push({ ...patient, orgUnit: 'C-02' })
    expect(expectRun(newSite(), c).rejected.map((r) => r.code)).toEqual(['duplicate-rows', 'duplicate-rows'])
  })
})
