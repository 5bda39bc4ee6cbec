import { expect } from 'vitest'
import {
  CLINIC,
  DISTRICT,
  type Enrollment,
  enrollment,
  event,
  firstEvent,
  NO_UNIT,
  OTHER_CLINIC,
  OTHER_PROGRAM,
  person,
  PROGRAM,
  readPerson,
  remove,
  sendEnrollments,
  sendEvents,
  sendPersons,
  verdict,
} from './speak.ts'
import { type ContractCase, type Dialect, LEGACY, type Target, TRACKER, uic } from './target.ts'

/** A new enrollment that something is wrong with, sent for a good person. */
interface BadEnrollment {
  title: string
  patch: Partial<Enrollment>
  /** the person has no UIC */
  withoutUic?: true
  expected: Record<Dialect, string>
}

const BAD: readonly BadEnrollment[] = [
  {
    title: 'unknown program',
    patch: { program: 'PRGNowhere1' },
    expected: {
      'legacy 2.30': 'whole 500',
      'legacy 2.41': 'refused Program can not be null',
      'tracker 2.41': 'refused E1069',
      'tracker 2.43': 'refused E1069',
    },
  },
  {
    title: 'unknown org unit, which 2.30 takes',
    patch: { orgUnit: NO_UNIT },
    expected: {
      'legacy 2.30': 'saved',
      'legacy 2.41': 'refused OrganisationUnit can not be null',
      'tracker 2.41': 'refused E1070',
      'tracker 2.43': 'refused E1070',
    },
  },
  {
    title: 'org unit that the program is not assigned to',
    patch: { orgUnit: DISTRICT },
    expected: {
      'legacy 2.30': 'silent',
      'legacy 2.41': `refused Program is not assigned to this Organisation Unit: ${DISTRICT}`,
      'tracker 2.41': 'refused E1041',
      'tracker 2.43': 'refused E1041',
    },
  },
  {
    title: 'enrollment date in the future',
    patch: { enrolled: '2099-01-01' },
    expected: {
      'legacy 2.30': "refused Enrollment Date can't be future date :Thu Jan 01 00:00:00 UTC 2099",
      'legacy 2.41': "refused Enrollment Date can't be future date :Thu Jan 01 00:00:00 UTC 2099",
      'tracker 2.41': 'refused E1020',
      'tracker 2.43': 'refused E1020',
    },
  },
  {
    title: 'incident date in the future',
    patch: { incident: '2099-01-01' },
    expected: {
      'legacy 2.30': "refused Incident Date can't be future date :Thu Jan 01 00:00:00 UTC 2099",
      'legacy 2.41': "refused Incident Date can't be future date :Thu Jan 01 00:00:00 UTC 2099",
      'tracker 2.41': 'refused E1021',
      'tracker 2.43': 'refused E1021',
    },
  },
  {
    title: 'no enrollment date',
    patch: { enrolled: undefined },
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'refused E1025', 'tracker 2.43': 'refused E1025' },
  },
  {
    title: 'no incident date',
    patch: { incident: undefined },
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'refused E1023', 'tracker 2.43': 'refused E1023' },
  },
  {
    title: 'an enrollment date that is none',
    patch: { enrolled: '2024-13-45' },
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'whole 400', 'tracker 2.43': 'whole 400' },
  },
  {
    title: 'a date and time with a blank between',
    patch: { enrolled: '2024-03-01 10:11:12' },
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'whole 400', 'tracker 2.43': 'whole 400' },
  },
  {
    title: 'unknown status',
    patch: { status: 'DONE' },
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'whole 400', 'tracker 2.43': 'whole 400' },
  },
  {
    title: 'the person lacks the mandatory attribute',
    patch: {},
    withoutUic: true,
    expected: {
      'legacy 2.30': 'refused Missing mandatory attribute TEAUicCode1',
      'legacy 2.41': 'refused Missing mandatory attribute TEAUicCode1',
      'tracker 2.41': 'refused E1018',
      'tracker 2.43': 'refused E1018',
    },
  },
  {
    title: 'nothing wrong',
    patch: {},
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
]

const badEnrollments = BAD.map(({ title, patch, withoutUic, expected }): ContractCase => ({
  title: `a new enrollment: ${title}`,
  async run(target) {
    const owner = withoutUic === true ? person({ attributes: { TEAFirstNm1: 'Nobody' } }) : person()
    await sendPersons(target, [owner])
    const odd = enrollment(patch)
    const answer = await sendEnrollments(target, owner.uid, [odd])
    const what = expected[target.dialect]
    expect(verdict(target, answer, odd.uid)).toBe(what)
    const read = (await readPerson(target, owner.uid))?.enrollments ?? []
    expect(read.map(({ uid }) => uid)).toEqual(what === 'saved' ? [odd.uid] : [])
    // what 2.30 does not know it leaves empty
    if (what === 'saved' && patch.orgUnit === NO_UNIT) expect(read[0]?.orgUnit).toBeUndefined()
  },
}))

/** A person with one enrollment of the given status. */
async function enrolled(target: Target, status = 'ACTIVE', events = [event()]): Promise<{ owner: string; own: Enrollment }> {
  const own = enrollment({ events })
  const one = person({ enrollments: [own] })
  await sendPersons(target, [one])
  if (status !== 'ACTIVE') await sendEnrollments(target, one.uid, [{ ...own, status, events: [] }])
  return { owner: one.uid, own }
}

const SECOND_ACTIVE: Record<Dialect, (owner: string) => string> = {
  'legacy 2.30': (owner) => `refused TrackedEntityInstance ${owner} already has an active enrollment in program ${PROGRAM}`,
  'legacy 2.41': (owner) => `refused TrackedEntity ${owner} already has an active enrollment in program ${PROGRAM}`,
  'tracker 2.41': () => 'refused E1015',
  'tracker 2.43': () => 'refused E1015',
}

export const enrollmentCases: readonly ContractCase[] = [
  ...badEnrollments,
  {
    title: 'person, enrollment and events in one request, and all of it again',
    async run(target) {
      const events = [firstEvent(), event()]
      const own = enrollment({ events })
      const one = person({ enrollments: [own] })
      for (let time = 0; time < 2; time++) {
        const answer = await sendPersons(target, [one])
        expect([one.uid, own.uid, ...events.map(({ uid }) => uid)].map((id) => verdict(target, answer, id))).toEqual([
          'saved',
          'saved',
          'saved',
          'saved',
        ])
      }
      const read = await readPerson(target, one.uid)
      expect(read?.enrollments).toEqual([
        {
          uid: own.uid,
          program: PROGRAM,
          orgUnit: CLINIC,
          status: 'ACTIVE',
          enrolled: '2024-03-01',
          incident: '2024-03-01',
          completed: false,
          events: events
            .map(({ uid, stage, orgUnit, status, date, values }) => ({ uid, stage, orgUnit, status, date, completed: true, values }))
            .toSorted((a, b) => (a.uid < b.uid ? -1 : 1)),
        },
      ])
    },
  },
  {
    title: 'completed, completed again, reopened',
    async run(target) {
      const { owner, own } = await enrolled(target)
      const bare = { ...own, events: [] }
      for (const status of ['COMPLETED', 'COMPLETED', 'ACTIVE']) {
        expect(verdict(target, await sendEnrollments(target, owner, [{ ...bare, status }]), own.uid)).toBe('saved')
        const read = (await readPerson(target, owner))?.enrollments[0]
        // 2.30 leaves the date on what is active again
        expect([read?.status, read?.completed]).toEqual([status, status === 'COMPLETED' || target.minor === 30])
        expect(read?.events.map(({ uid }) => uid)).toEqual(own.events.map(({ uid }) => uid))
      }
    },
  },
  {
    title: 'cancelled, active again, and a new one after a cancelled one',
    async run(target) {
      const { owner, own } = await enrolled(target, 'CANCELLED')
      expect((await readPerson(target, owner))?.enrollments[0]).toMatchObject({ status: 'CANCELLED', completed: true })
      expect(verdict(target, await sendEnrollments(target, owner, [{ ...own, events: [] }]), own.uid)).toBe('saved')
      await sendEnrollments(target, owner, [{ ...own, status: 'CANCELLED', events: [] }])
      const next = enrollment()
      expect(verdict(target, await sendEnrollments(target, owner, [next]), next.uid)).toBe('saved')
    },
  },
  {
    title: 'a second active enrollment is refused, and its events with it',
    async run(target) {
      const { owner } = await enrolled(target)
      const second = enrollment({ events: [event()] })
      const answer = await sendEnrollments(target, owner, [second])
      expect(verdict(target, answer, second.uid)).toBe(SECOND_ACTIVE[target.dialect](owner))
      expect(verdict(target, answer, second.events[0]?.uid ?? '')).toBe(target.api === 'legacy' ? 'silent' : 'refused E5000')
      // 201 even so
      expect(answer.status).toBe({ 'legacy 2.30': 409, 'legacy 2.41': 201, 'tracker 2.41': 200, 'tracker 2.43': 200 }[target.dialect])
    },
  },
  {
    title: 'a second enrollment without status passes the check of the legacy API',
    async run(target) {
      const { owner } = await enrolled(target)
      const second = enrollment({ status: undefined })
      const answer = await sendEnrollments(target, owner, [second])
      expect(verdict(target, answer, second.uid)).toBe(target.api === 'legacy' ? 'saved' : 'refused E1015')
      if (target.minor !== 30) return
      const lost = event()
      expect(verdict(target, await sendEvents(target, owner, second.uid, [lost]), lost.uid)).toBe(
        `refused Tracked entity instance: ${owner} has multiple active enrollments in program: ${PROGRAM}`,
      )
    },
  },
  {
    title: 'a second one completed, or in another program, beside an active one',
    async run(target) {
      const { owner } = await enrolled(target)
      const [done, elsewhere] = [enrollment({ status: 'COMPLETED' }), enrollment({ program: OTHER_PROGRAM })]
      const answer = await sendEnrollments(target, owner, [done, elsewhere])
      expect([done, elsewhere].map(({ uid }) => verdict(target, answer, uid))).toEqual(['saved', 'saved'])
      const read = (await readPerson(target, owner))?.enrollments.find(({ uid }) => uid === done.uid)
      // what is completed from the start has no date on 2.30
      expect([read?.status, read?.completed]).toEqual(['COMPLETED', target.minor !== 30])
    },
  },
  {
    title: 'reopening beside an active one is refused; the legacy API loses the request',
    async run(target) {
      const { owner, own } = await enrolled(target, 'COMPLETED')
      const current = enrollment()
      await sendEnrollments(target, owner, [current])
      const answer = await sendEnrollments(target, owner, [{ ...own, events: [] }])
      expect(verdict(target, answer, own.uid)).toBe(target.api === 'legacy' ? 'whole 409' : 'refused E1015')
      if (target.api === 'legacy')
        expect(answer.body.message).toBe('Program has another active enrollment going on. Not possible to incomplete')
      const read = (await readPerson(target, owner))?.enrollments.find(({ uid }) => uid === own.uid)
      expect(read?.status).toBe('COMPLETED')
    },
  },
  {
    title: 'completing the old one and opening a new one in one request',
    async run(target) {
      const { owner, own } = await enrolled(target)
      const next = enrollment()
      const answer = await sendEnrollments(target, owner, [{ ...own, status: 'COMPLETED', events: [] }, next])
      expect(verdict(target, answer, own.uid)).toBe('saved')
      // the legacy API creates before it updates
      expect(verdict(target, answer, next.uid)).toBe(target.api === 'legacy' ? SECOND_ACTIVE[target.dialect](owner) : 'saved')
    },
  },
  {
    title: 'two active ones of a new person: the first is saved on the legacy API, none on the tracker API',
    async run(target) {
      const [first, second] = [enrollment(), enrollment()]
      const one = person({ enrollments: [first, second] })
      const answer = await sendPersons(target, [one])
      expect([one, first, second].map(({ uid }) => verdict(target, answer, uid))).toEqual(
        target.api === 'legacy' ? ['saved', 'saved', SECOND_ACTIVE[target.dialect](one.uid)] : ['saved', 'refused E1015', 'refused E1015'],
      )
      // the failure inside does not show outside
      expect(answer.status).toBe(200)
    },
  },
  {
    title: 'completed from the start with an event: 2.30 has no place for the event',
    async run(target) {
      const inside = event()
      const own = enrollment({ status: 'COMPLETED', events: [inside] })
      const one = person()
      await sendPersons(target, [one])
      const answer = await sendEnrollments(target, one.uid, [own])
      expect(verdict(target, answer, own.uid)).toBe('saved')
      expect(verdict(target, answer, inside.uid)).toBe(
        target.minor === 30 ? `refused Tracked entity instance: ${one.uid} is not enrolled in program: ${PROGRAM}` : 'saved',
      )
      expect(answer.status).toBe(target.dialect === 'legacy 2.41' ? 201 : 200)
    },
  },
  {
    title: 'new events go to the active enrollment on 2.30, whatever they say; those that are there stay',
    async run(target) {
      const { owner, own } = await enrolled(target, 'COMPLETED')
      const current = enrollment()
      await sendEnrollments(target, owner, [current])
      const [old] = own.events
      const fresh = event({ date: '2024-04-01' })
      const changed = event({ ...old, values: { DEFupVisNo1: '9' } })
      const answer = await sendEnrollments(target, owner, [{ ...own, status: 'COMPLETED', events: [changed, fresh] }])
      expect([changed, fresh].map(({ uid }) => verdict(target, answer, uid))).toEqual(['saved', 'saved'])
      const read = await readPerson(target, owner)
      const holder = read?.enrollments.find(({ events }) => events.some(({ uid }) => uid === fresh.uid))
      expect(holder?.uid).toBe(target.minor === 30 ? current.uid : own.uid)
      const kept = read?.enrollments.find(({ uid }) => uid === own.uid)?.events.find(({ uid }) => uid === changed.uid)
      expect(kept?.values['DEFupVisNo1']).toBe('9')
    },
  },
  {
    title: 'without a status in an update, the tracker API makes it active',
    async run(target) {
      const { owner, own } = await enrolled(target, 'COMPLETED')
      expect(verdict(target, await sendEnrollments(target, owner, [{ ...own, status: undefined, events: [] }]), own.uid)).toBe('saved')
      expect((await readPerson(target, owner))?.enrollments[0]?.status).toBe(target.api === 'legacy' ? 'COMPLETED' : 'ACTIVE')
    },
  },
  {
    title: 'an enrollment moves to another clinic and date; an unknown org unit empties it on the legacy API',
    async run(target) {
      const { owner, own } = await enrolled(target)
      await sendEnrollments(target, owner, [{ ...own, orgUnit: OTHER_CLINIC, enrolled: '2024-02-01', incident: '2024-01-31', events: [] }])
      const moved = (await readPerson(target, owner))?.enrollments[0]
      expect(moved).toMatchObject({ orgUnit: OTHER_CLINIC, enrolled: '2024-02-01', incident: '2024-01-31' })
      const answer = await sendEnrollments(target, owner, [{ ...own, orgUnit: NO_UNIT, events: [] }])
      expect(verdict(target, answer, own.uid)).toBe(target.api === 'legacy' ? 'saved' : 'refused E1070')
      expect((await readPerson(target, owner))?.enrollments[0]?.orgUnit).toBe(target.api === 'legacy' ? undefined : OTHER_CLINIC)
    },
  },
  {
    title: 'an enrollment of somebody else, in another program: the tracker API refuses, the legacy API changes the program',
    async run(target) {
      const { owner, own } = await enrolled(target, 'COMPLETED')
      const other = person()
      await sendPersons(target, [other])
      const answer = await sendEnrollments(target, other.uid, [{ ...own, program: OTHER_PROGRAM, events: [] }])
      expect(verdict(target, answer, own.uid)).toBe(target.api === 'legacy' ? 'saved' : 'refused E1127')
      expect((await readPerson(target, owner))?.enrollments[0]?.program).toBe(target.api === 'legacy' ? OTHER_PROGRAM : PROGRAM)
    },
  },
  {
    title: 'an enrollment of a person who is not there: the legacy API loses the request',
    async run(target) {
      const lost = enrollment()
      const answer = await sendEnrollments(target, 'TNowhere001', [lost])
      expect(verdict(target, answer, lost.uid)).toBe(target.api === 'legacy' ? 'whole 409' : 'refused E1068')
    },
  },
  {
    title: 'a deleted enrollment stays deleted',
    async run(target) {
      const { owner, own } = await enrolled(target)
      await remove(target, 'enrollment', own.uid)
      expect((await readPerson(target, owner))?.enrollments).toEqual([])
      const answer = await sendEnrollments(target, owner, [{ ...own, events: [] }])
      expect(verdict(target, answer, own.uid)).toBe(
        {
          'legacy 2.30': 'refused Enrollment «uid» already exists or was deleted earlier',
          // says no uid
          'legacy 2.41': 'silent',
          'tracker 2.41': 'refused E1113',
          'tracker 2.43': 'refused E1113',
        }[target.dialect],
      )
      const late = event()
      const added = await sendEvents(target, owner, own.uid, [late])
      // a deleted enrollment still takes events
      expect(verdict(target, added, late.uid)).toBe(
        target.minor === 30 ? `refused Tracked entity instance: ${owner} is not enrolled in program: ${PROGRAM}` : 'saved',
      )
    },
  },
  {
    title: 'mandatory attribute: sent for the person in the same request, or with the enrollment',
    async run(target) {
      const [first, second] = [person({ attributes: { TEAFirstNm1: 'A' } }), person({ attributes: { TEAFirstNm1: 'B' } })]
      await sendPersons(target, [first, second])
      const own = enrollment()
      const answer = await sendPersons(target, [{ ...first, attributes: { TEAUicCode1: uic() }, enrollments: [own] }])
      expect(verdict(target, answer, own.uid)).toBe('saved')
    },
  },
  {
    title: 'the default strategy: 2.30 only creates',
    on: LEGACY,
    async run(target) {
      const { owner, own } = await enrolled(target)
      const { uid, program, orgUnit, enrolled: enrollmentDate, incident: incidentDate } = own
      const body = {
        enrollments: [
          { enrollment: uid, trackedEntityInstance: owner, program, orgUnit, status: 'COMPLETED', enrollmentDate, incidentDate },
        ],
      }
      const answer = await target.request('POST', '/api/enrollments', body)
      expect(verdict(target, answer, uid)).toBe(
        target.minor === 30 ? 'refused Enrollment «uid» already exists or was deleted earlier' : 'saved',
      )
    },
  },
  {
    title: 'PUT …/completed, …/cancelled, …/incompleted',
    on: LEGACY,
    async run(target) {
      const { owner, own } = await enrolled(target)
      for (const [part, status] of [
        ['completed', 'COMPLETED'],
        ['incompleted', 'ACTIVE'],
        ['cancelled', 'CANCELLED'],
      ] as const) {
        expect((await target.request('PUT', `/api/enrollments/${own.uid}/${part}`)).status).toBe(204)
        const read = (await readPerson(target, owner))?.enrollments[0]
        expect(read?.status).toBe(status)
        // 2.41 forgets the date of completion here
        if (status === 'COMPLETED') expect(read?.completed).toBe(target.minor === 30)
      }
      expect((await target.request('PUT', '/api/enrollments/CNowhere001/completed')).status).toBe(404)
    },
  },
  {
    title: 'the date of completion is the client’s from 2.42 on',
    on: TRACKER,
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      const own = enrollment()
      const body = (completedAt: string, status: string): unknown => ({
        enrollments: [
          {
            enrollment: own.uid,
            trackedEntity: one.uid,
            program: PROGRAM,
            orgUnit: CLINIC,
            status,
            enrolledAt: '2024-03-01',
            occurredAt: '2024-03-01',
            completedAt,
          },
        ],
      })
      const read = async (): Promise<string> =>
        String((await target.get(`/api/tracker/enrollments/${own.uid}?fields=completedAt`)).body.completedAt).slice(0, 10)
      await target.request('POST', '/api/tracker?async=false', body('2024-06-07', 'COMPLETED'))
      const first = await read()
      expect(first === '2024-06-07').toBe(target.minor > 41)
      await target.request('POST', '/api/tracker?async=false', body('2024-08-09', 'COMPLETED'))
      expect(await read()).toBe(first)
      await target.request('POST', '/api/tracker?async=false', body('2024-08-09', 'CANCELLED'))
      expect((await read()) === '2024-08-09').toBe(target.minor > 41)
    },
  },
]
