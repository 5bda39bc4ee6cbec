import { expect } from 'vitest'
import {
  DISTRICT,
  enrollment,
  type Event,
  event,
  firstEvent,
  NO_UNIT,
  ONCE,
  OTHER_CLINIC,
  person,
  PROGRAM,
  type ReadEvent,
  readPerson,
  remove,
  sendEnrollments,
  sendEvents,
  sendPersons,
  verdict,
} from './speak.ts'
import { type ContractCase, type Dialect, LEGACY, type Target, TRACKER } from './target.ts'

/** A person with an active enrollment and, if given, events. */
async function enrolled(target: Target, events: Event[] = []): Promise<{ owner: string; own: string }> {
  const one = person({ enrollments: [enrollment({ events })] })
  await sendPersons(target, [one])
  return { owner: one.uid, own: one.enrollments[0]?.uid ?? '' }
}

async function readEvent(target: Target, owner: string, id: string): Promise<ReadEvent | null> {
  const read = await readPerson(target, owner)
  return read?.enrollments.flatMap(({ events }) => events).find(({ uid }) => uid === id) ?? null
}

/** A new event between two good ones. `keeps` is what of its values is there afterwards, when it is saved. */
interface BadEvent {
  title: string
  event: () => Event
  expected: Record<Dialect, string>
  keeps?: Partial<Record<Dialect, Record<string, string>>>
}

const values = (own: Record<string, string | null>) => (): Event => event({ values: { DEFupReslt1: 'NEGATIVE', ...own } })
const KEPT = { DEFupReslt1: 'NEGATIVE' }

/** All that 2.30 says of a wrong value is a warning: the event is saved without it. */
function wrongValue(problem: string): BadEvent['expected'] {
  return {
    'legacy 2.30': `warned ${problem}`,
    'legacy 2.41': `refused ${problem}`,
    'tracker 2.41': 'refused E1302',
    'tracker 2.43': 'refused E1302',
  }
}

const BAD: readonly BadEvent[] = [
  {
    title: 'not an option, which 2.30 does not look at',
    event: values({ DEFupReslt1: 'MAYBE' }),
    expected: {
      'legacy 2.30': 'saved',
      'legacy 2.41': "refused Value 'MAYBE' is not a valid option code of option set: OPSHivResul",
      'tracker 2.41': 'refused E1125',
      'tracker 2.43': 'refused E1125',
    },
    keeps: { 'legacy 2.30': { DEFupReslt1: 'MAYBE' } },
  },
  {
    title: 'unknown data element',
    event: values({ DENowhere01: 'x' }),
    expected: {
      'legacy 2.30': 'warned DENowhere01 is not a valid data element',
      'legacy 2.41': 'refused DENowhere01 is not a valid data element',
      'tracker 2.41': 'refused E1304 E1305',
      'tracker 2.43': 'refused E1304 E1305',
    },
    keeps: { 'legacy 2.30': KEPT },
  },
  {
    title: 'data element of another stage',
    event: values({ DETbRegNum1: 'x' }),
    expected: {
      'legacy 2.30': 'saved',
      'legacy 2.41': 'warned Data Values [DETbRegNum1] ignored because not defined in program stage PSTHtsFoll1',
      'tracker 2.41': 'refused E1305',
      'tracker 2.43': 'refused E1305',
    },
    keeps: { 'legacy 2.30': { ...KEPT, DETbRegNum1: 'x' }, 'legacy 2.41': KEPT },
  },
  {
    title: 'no positive integer',
    event: values({ DEFupVisNo1: '-1' }),
    expected: wrongValue('value_not_positive_integer'),
    keeps: { 'legacy 2.30': KEPT },
  },
  { title: 'no boolean', event: values({ DEFupLinkd1: 'yes' }), expected: wrongValue('value_not_bool'), keeps: { 'legacy 2.30': KEPT } },
  {
    title: 'no date',
    event: values({ DEFupNextD1: '2024-02-30' }),
    expected: wrongValue('value_not_valid_date'),
    keeps: { 'legacy 2.30': KEPT },
  },
  {
    title: 'a date with a time',
    event: values({ DEFupNextD1: '2024-03-01T00:00:00.000' }),
    expected: { 'legacy 2.30': 'warned value_not_valid_date', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
    keeps: {
      'legacy 2.30': KEPT,
      'legacy 2.41': { ...KEPT, DEFupNextD1: '2024-03-01T00:00:00.000' },
      'tracker 2.41': { ...KEPT, DEFupNextD1: '2024-03-01T00:00:00.000' },
      'tracker 2.43': { ...KEPT, DEFupNextD1: '2024-03-01T00:00:00.000' },
    },
  },
  {
    title: '10,000 characters with quotes, backslashes and emoji',
    event: values({ DEFupNotes1: `'"\\😀${'x'.repeat(9_990)}` }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
  {
    title: 'more than 50,000 characters',
    event: values({ DEFupNotes1: 'x'.repeat(50_001) }),
    expected: wrongValue('value_length_greater_than_max_length'),
    keeps: { 'legacy 2.30': KEPT },
  },
  {
    title: 'unknown stage',
    event: () => event({ stage: 'PSTNowhere1' }),
    expected: {
      'legacy 2.30': 'refused Event.programStage does not point to a valid programStage, and program is multi-stage: PSTNowhere1',
      'legacy 2.41': 'refused Event.programStage does not point to a valid programStage: PSTNowhere1',
      'tracker 2.41': 'refused E1013',
      'tracker 2.43': 'refused E1013',
    },
  },
  {
    title: 'stage of another program',
    event: () => event({ stage: 'PSTTbVisit1', values: { DETbRegNum1: 'x' } }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'refused E1089', 'tracker 2.43': 'refused E1089' },
  },
  {
    title: 'unknown org unit',
    event: () => event({ orgUnit: NO_UNIT }),
    expected: {
      'legacy 2.30': `refused Event.orgUnit does not point to a valid organisation unit: ${NO_UNIT}`,
      'legacy 2.41': `refused Event.orgUnit does not point to a valid organisation unit: ${NO_UNIT}`,
      'tracker 2.41': 'refused E1011',
      'tracker 2.43': 'refused E1011',
    },
  },
  {
    title: 'org unit that the program is not assigned to',
    event: () => event({ orgUnit: DISTRICT }),
    expected: {
      'legacy 2.30': `refused Program is not assigned to this organisation unit: ${DISTRICT}`,
      'legacy 2.41': `refused Program is not assigned to this Organisation Unit: ${DISTRICT}`,
      'tracker 2.41': 'refused E1029',
      'tracker 2.43': 'refused E1029',
    },
  },
  {
    title: 'a date that is none',
    event: () => event({ date: '2024-13-45' }),
    expected: {
      'legacy 2.30': 'whole 500',
      'legacy 2.41': 'refused Event date or Execution date format is not correct. ',
      'tracker 2.41': 'whole 400',
      'tracker 2.43': 'whole 400',
    },
  },
  {
    title: 'no date',
    event: () => event({ date: undefined }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'refused E1031', 'tracker 2.43': 'refused E1031' },
  },
  {
    title: 'a date in the future',
    event: () => event({ date: '2099-01-01' }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
  {
    title: 'compulsory values missing',
    event: () => event({ stage: ONCE, values: { DEHtsNotes1: 'x' } }),
    expected: {
      'legacy 2.30': 'saved',
      'legacy 2.41': 'refused value_required_but_not_provided + value_required_but_not_provided',
      'tracker 2.41': 'refused E1303',
      'tracker 2.43': 'refused E1303',
    },
  },
  {
    title: 'compulsory values missing while it is active',
    event: () => event({ stage: ONCE, status: 'ACTIVE', values: { DEHtsNotes1: 'x' } }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
  {
    title: 'unknown status',
    event: () => event({ status: 'DONE' }),
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'whole 400', 'tracker 2.43': 'whole 400' },
  },
]

const badEvents = BAD.map(({ title, event: make, expected, keeps }): ContractCase => ({
  title: `an event between two good ones: ${title}`,
  async run(target) {
    const { owner, own } = await enrolled(target)
    const [before, odd, after] = [event(), make(), event()]
    const answer = await sendEvents(target, owner, own, [before, odd, after])
    const what = expected[target.dialect]
    expect(verdict(target, answer, odd.uid)).toBe(what)
    const whole = what.startsWith('whole')
    expect(verdict(target, answer, before.uid)).toBe(whole ? what : 'saved')
    const saved = what === 'saved' || what.startsWith('warned')
    const read = await readPerson(target, owner)
    const there = new Map(read?.enrollments.flatMap(({ events }) => events).map((one) => [one.uid, one]))
    expect([before, odd, after].map(({ uid }) => there.has(uid))).toEqual([!whole, saved, !whole])
    const kept = keeps?.[target.dialect] ?? (what === 'saved' ? odd.values : null)
    if (kept !== null) expect(there.get(odd.uid)?.values).toEqual(kept)
  },
}))

const SECOND: Record<Dialect, string> = {
  'legacy 2.30': 'refused Program stage is not repeatable and an event already exists',
  'legacy 2.41': 'refused Program stage is not repeatable and an event already exists',
  'tracker 2.41': 'refused E1039',
  'tracker 2.43': 'refused E1039',
}

export const eventCases: readonly ContractCase[] = [
  ...badEvents,
  {
    title: 'left-out values go on the legacy API, and stay on the tracker API; null and "" clear',
    async run(target) {
      const one = event({ values: { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '1', DEFupNotes1: 'text', DEFupArtNo1: 'A1' } })
      const { owner, own } = await enrolled(target, [one])
      await sendEvents(target, owner, own, [{ ...one, values: { DEFupVisNo1: '2', DEFupNotes1: '', DEFupArtNo1: null } }])
      expect((await readEvent(target, owner, one.uid))?.values).toEqual(
        target.api === 'legacy' ? { DEFupVisNo1: '2' } : { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '2' },
      )
    },
  },
  {
    title: 'the same by way of the enrollment; events that are left out stay',
    async run(target) {
      const [one, two] = [event({ values: { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '1' } }), event()]
      const { owner, own } = await enrolled(target, [one, two])
      const answer = await sendEnrollments(target, owner, [enrollment({ uid: own, events: [{ ...one, values: { DEFupVisNo1: '3' } }] })])
      expect(verdict(target, answer, one.uid)).toBe('saved')
      expect((await readEvent(target, owner, one.uid))?.values).toEqual(
        target.api === 'legacy' ? { DEFupVisNo1: '3' } : { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '3' },
      )
      expect(await readEvent(target, owner, two.uid)).not.toBeNull()
    },
  },
  {
    title: 'date, org unit and status of an event change',
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      const changed = { ...one, date: '2024-04-04', orgUnit: OTHER_CLINIC, status: 'ACTIVE' }
      expect(verdict(target, await sendEvents(target, owner, own, [changed]), one.uid)).toBe('saved')
      const read = await readEvent(target, owner, one.uid)
      expect(read).toMatchObject({ date: '2024-04-04', orgUnit: OTHER_CLINIC, status: 'ACTIVE', completed: false })
    },
  },
  {
    title: 'a bad value in an update: nothing changes, but on 2.30 the date has changed already',
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      const answer = await sendEvents(target, owner, own, [
        { ...one, date: '2024-07-01', values: { DEFupReslt1: 'POSITIVE', DEFupVisNo1: 'x' } },
      ])
      expect(verdict(target, answer, one.uid)).toBe(target.api === 'legacy' ? 'refused value_not_positive_integer' : 'refused E1302')
      const read = await readEvent(target, owner, one.uid)
      expect(read?.values).toEqual(one.values)
      expect(read?.date).toBe(target.minor === 30 ? '2024-07-01' : one.date)
    },
  },
  {
    title: 'an unknown data element in an update',
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      const answer = await sendEvents(target, owner, own, [{ ...one, values: { DENowhere01: 'x' } }])
      expect(verdict(target, answer, one.uid)).toBe(
        {
          'legacy 2.30': "refused Data element DENowhere01 doesn't exist in the system. Please, provide correct data element",
          'legacy 2.41': 'refused DENowhere01 is not a valid data element',
          'tracker 2.41': 'refused E1304 E1305',
          'tracker 2.43': 'refused E1304 E1305',
        }[target.dialect],
      )
      expect((await readEvent(target, owner, one.uid))?.values).toEqual(one.values)
    },
  },
  {
    title: 'an update without compulsory values, or with one cleared',
    async run(target) {
      const one = firstEvent()
      const { owner, own } = await enrolled(target, [one])
      const left = await sendEvents(target, owner, own, [{ ...one, values: { DEHtsEntry1: 'ANC' } }])
      expect(verdict(target, left, one.uid)).toBe(
        {
          'legacy 2.30': 'saved',
          'legacy 2.41': 'refused value_required_but_not_provided + value_required_but_not_provided',
          'tracker 2.41': 'saved',
          'tracker 2.43': 'saved',
        }[target.dialect],
      )
      if (target.api === 'legacy') return
      const cleared = await sendEvents(target, owner, own, [{ ...one, values: { DEHtsResul1: null } }])
      expect(verdict(target, cleared, one.uid)).toBe('refused E1076')
    },
  },
  {
    title: 'completing an event that lacks its compulsory values',
    async run(target) {
      const one = event({ stage: ONCE, status: 'ACTIVE', values: { DEHtsNotes1: 'x' } })
      const { owner, own } = await enrolled(target, [one])
      const answer = await sendEvents(target, owner, own, [{ ...one, status: 'COMPLETED' }])
      expect(verdict(target, answer, one.uid)).toMatch(target.minor === 30 ? /^saved$/ : /^refused (E1303|value_required)/)
    },
  },
  {
    title: 'a second event of a stage that is there once',
    async run(target) {
      const { owner, own } = await enrolled(target, [firstEvent()])
      const second = firstEvent()
      expect(verdict(target, await sendEvents(target, owner, own, [second]), second.uid)).toBe(SECOND[target.dialect])
    },
  },
  {
    title: 'two events of such a stage in one request: the second, on the tracker API both',
    async run(target) {
      const { owner, own } = await enrolled(target)
      const [first, second, other] = [firstEvent(), firstEvent(), event()]
      const answer = await sendEvents(target, owner, own, [first, second, other])
      expect([first, second, other].map(({ uid }) => verdict(target, answer, uid))).toEqual(
        {
          'legacy 2.30': ['saved', SECOND['legacy 2.30'], 'saved'],
          'legacy 2.41': ['saved', `refused ProgramStage ${ONCE} is not repeatable. Current payload contains duplicate event`, 'saved'],
          'tracker 2.41': ['refused E1039', 'refused E1039', 'saved'],
          'tracker 2.43': ['refused E1039', 'refused E1039', 'saved'],
        }[target.dialect],
      )
    },
  },
  {
    title: 'a deleted event stays deleted; its neighbour is saved',
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      await remove(target, 'event', one.uid)
      expect(await readEvent(target, owner, one.uid)).toBeNull()
      const neighbour = event()
      const answer = await sendEvents(target, owner, own, [one, neighbour])
      expect(verdict(target, answer, one.uid)).toBe(
        {
          'legacy 2.30': 'refused Event ID «uid» was already used. The ID is unique and cannot be used more than once',
          'legacy 2.41': 'refused Event ID «uid» was already used and/or deleted. This event can not be modified.',
          'tracker 2.41': 'refused E1082',
          'tracker 2.43': 'refused E1082',
        }[target.dialect],
      )
      expect(verdict(target, answer, neighbour.uid)).toBe('saved')
    },
  },
  {
    title: 'an event for a completed enrollment: a new one has no place on 2.30, an old one is changed',
    async run(target) {
      const old = event()
      const { owner, own } = await enrolled(target, [old])
      await sendEnrollments(target, owner, [enrollment({ uid: own, status: 'COMPLETED' })])
      const fresh = event()
      const answer = await sendEvents(target, owner, own, [fresh, { ...old, values: { DEFupReslt1: 'POSITIVE' } }])
      expect(verdict(target, answer, fresh.uid)).toBe(
        target.minor === 30 ? `refused Tracked entity instance: ${owner} is not enrolled in program: ${PROGRAM}` : 'saved',
      )
      expect(verdict(target, answer, old.uid)).toBe('saved')
      expect((await readEvent(target, owner, old.uid))?.values['DEFupReslt1']).toBe('POSITIVE')
    },
  },
  {
    title: 'an event sent to another enrollment of the person: it stays, moves, or is refused',
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      await sendEnrollments(target, owner, [enrollment({ uid: own, status: 'COMPLETED' })])
      const next = enrollment()
      await sendEnrollments(target, owner, [next])
      const answer = await sendEvents(target, owner, next.uid, [one])
      expect(verdict(target, answer, one.uid)).toBe(target.api === 'legacy' ? 'saved' : 'refused E1128')
      const read = await readPerson(target, owner)
      const holder = read?.enrollments.find(({ events }) => events.some(({ uid }) => uid === one.uid))?.uid
      expect(holder).toBe(target.dialect === 'legacy 2.41' ? next.uid : own)
    },
  },
  {
    title: 'an event of nobody and of an unknown enrollment',
    async run(target) {
      const { owner } = await enrolled(target)
      const [lost, astray] = [event(), event()]
      expect(verdict(target, await sendEvents(target, 'TNowhere001', 'NNowhere001', [lost]), lost.uid)).toBe(
        {
          'legacy 2.30': 'refused Event.trackedEntityInstance does not point to a valid tracked entity instance: TNowhere001',
          'legacy 2.41': 'refused Event.trackedEntityInstance does not point to a valid tracked entity instance: TNowhere001',
          'tracker 2.41': 'refused E1079 E1313',
          'tracker 2.43': 'refused E1079 E1313',
        }[target.dialect],
      )
      // the legacy API takes the active enrollment instead
      expect(verdict(target, await sendEvents(target, owner, 'NNowhere001', [astray]), astray.uid)).toBe(
        target.api === 'legacy' ? 'saved' : 'refused E1079 E1313',
      )
    },
  },
  {
    title: 'the default strategy: 2.30 only creates',
    on: LEGACY,
    async run(target) {
      const one = event()
      const { owner, own } = await enrolled(target, [one])
      const body = {
        events: [
          {
            event: one.uid,
            trackedEntityInstance: owner,
            enrollment: own,
            program: PROGRAM,
            programStage: one.stage,
            orgUnit: one.orgUnit,
            eventDate: '2024-03-06',
            status: 'COMPLETED',
            dataValues: [],
          },
        ],
      }
      expect(verdict(target, await target.request('POST', '/api/events', body), one.uid)).toBe(
        target.minor === 30 ? 'refused Event ID «uid» was already used. The ID is unique and cannot be used more than once' : 'saved',
      )
    },
  },
  {
    title: 'PUT of one data value leaves the others',
    on: LEGACY,
    async run(target) {
      const one = event({ values: { DEFupReslt1: 'NEGATIVE', DEFupNotes1: 'text' } })
      const { owner } = await enrolled(target, [one])
      const answer = await target.request('PUT', `/api/events/${one.uid}/DEFupNotes1`, {
        event: one.uid,
        program: PROGRAM,
        programStage: one.stage,
        trackedEntityInstance: owner,
        orgUnit: one.orgUnit,
        status: 'COMPLETED',
        dataValues: [{ dataElement: 'DEFupNotes1', value: 'single' }],
      })
      expect(answer.status).toBe(200)
      expect((await readEvent(target, owner, one.uid))?.values).toEqual({ DEFupReslt1: 'NEGATIVE', DEFupNotes1: 'single' })
    },
  },
  {
    title: 'statuses: a visit is an active event, a planned one takes no values',
    on: TRACKER,
    async run(target) {
      const { owner, own } = await enrolled(target)
      const [visited, planned, skipped] = [
        event({ status: 'VISITED' }),
        event({ status: 'SCHEDULE' }),
        event({ status: 'SKIPPED', values: {} }),
      ]
      const answer = await sendEvents(target, owner, own, [visited, planned, skipped])
      expect(verdict(target, answer, visited.uid)).toBe('saved')
      expect(verdict(target, answer, planned.uid)).toMatch(/E1315/)
      expect((await readEvent(target, owner, visited.uid))?.status).toBe('ACTIVE')
      expect(verdict(target, answer, skipped.uid)).toBe('saved')
    },
  },
]
