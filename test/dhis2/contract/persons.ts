import { expect } from 'vitest'
import {
  DISTRICT,
  enrollment,
  NO_UNIT,
  OTHER_CLINIC,
  person,
  type Person,
  readPerson,
  readPersons,
  remove,
  sendPersons,
  verdict,
} from './speak.ts'
import { type ContractCase, type Dialect, LEGACY, TRACKER, uic, uid } from './target.ts'

/** What becomes of a bad person between two good ones. When the request is refused as a whole, the good ones are not there either. */
interface BadPerson {
  title: string
  patch: () => Partial<Person>
  expected: Record<Dialect, string>
}

const attributes = (more: Record<string, string | null>) => (): Partial<Person> => ({ attributes: { TEAUicCode1: uic(), ...more } })

const BAD: readonly BadPerson[] = [
  {
    title: 'unknown attribute',
    patch: attributes({ TEANowhere1: 'x' }),
    expected: {
      'legacy 2.30': 'refused Invalid attribute TEANowhere1',
      'legacy 2.41': 'refused Invalid attribute TEANowhere1',
      'tracker 2.41': 'refused E1006',
      'tracker 2.43': 'refused E1006',
    },
  },
  {
    title: 'not an option',
    patch: attributes({ TEAGenderS1: 'Femle' }),
    expected: {
      'legacy 2.30': "refused Value 'Femle' is not a valid option for attribute TEAGenderS1 and option set OPSGender00",
      'legacy 2.41': "refused Value 'Femle' is not a valid option for attribute TEAGenderS1 and option set OPSGender00",
      'tracker 2.41': 'refused E1125',
      'tracker 2.43': 'refused E1125',
    },
  },
  {
    title: 'an option in another case of letters',
    patch: attributes({ TEAGenderS1: 'male' }),
    expected: {
      'legacy 2.30': "refused Value 'male' is not a valid option for attribute TEAGenderS1 and option set OPSGender00",
      'legacy 2.41': 'saved',
      'tracker 2.41': 'refused E1125',
      'tracker 2.43': 'refused E1125',
    },
  },
  {
    title: 'unknown org unit',
    patch: () => ({ orgUnit: NO_UNIT }),
    expected: {
      'legacy 2.30': `nothing Invalid org unit ID: ${NO_UNIT}`,
      'legacy 2.41': `refused Invalid org unit ID: ${NO_UNIT}`,
      'tracker 2.41': 'refused E1049',
      'tracker 2.43': 'refused E1049',
    },
  },
  {
    title: 'no org unit',
    patch: () => ({ orgUnit: undefined }),
    expected: {
      'legacy 2.30': 'nothing No org unit ID in tracked entity instance object',
      'legacy 2.41': 'refused No org unit ID in tracked entity instance object',
      'tracker 2.41': 'refused E1121',
      'tracker 2.43': 'refused E1121',
    },
  },
  {
    title: 'org unit out of scope, which the legacy API tells of nobody in particular',
    patch: () => ({ orgUnit: DISTRICT }),
    expected: { 'legacy 2.30': 'silent', 'legacy 2.41': 'silent', 'tracker 2.41': 'refused E1000', 'tracker 2.43': 'refused E1000' },
  },
  {
    title: 'unknown tracked entity type',
    patch: () => ({ type: 'TETNowhere1' }),
    expected: {
      'legacy 2.30': 'refused Invalid trackedEntityTypeTETNowhere1',
      'legacy 2.41': 'refused Invalid trackedEntityType TETNowhere1',
      'tracker 2.41': 'refused E1005',
      'tracker 2.43': 'refused E1005',
    },
  },
  {
    title: 'a date that is none',
    patch: attributes({ TEABirthDt1: '1990-02-31' }),
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'refused E1007', 'tracker 2.43': 'refused E1007' },
  },
  {
    title: 'a date in another order',
    patch: attributes({ TEABirthDt1: '03/02/1990' }),
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'refused E1007', 'tracker 2.43': 'refused E1007' },
  },
  {
    title: 'a date with a time',
    patch: attributes({ TEABirthDt1: '1990-02-03T00:00:00.000' }),
    expected: {
      'legacy 2.30': "refused Value '1990-02-03T00:00:00.000' is not a valid date for attribute TEABirthDt1",
      'legacy 2.41': 'saved',
      'tracker 2.41': 'saved',
      'tracker 2.43': 'saved',
    },
  },
  {
    title: 'no phone number',
    patch: attributes({ TEAPhoneNo1: 'abc' }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'refused E1007', 'tracker 2.43': 'refused E1007' },
  },
  {
    title: 'too long a text',
    patch: attributes({ TEAFirstNm1: 'x'.repeat(1201) }),
    expected: {
      'legacy 2.30': 'saved',
      'legacy 2.41': `refused Value exceeds the character limit of 1200 characters: '${'x'.repeat(25)}...'`,
      'tracker 2.41': 'refused E1077',
      'tracker 2.43': 'refused E1077',
    },
  },
  {
    title: 'a NUL character',
    patch: attributes({ TEAFirstNm1: 'a\u0000b' }),
    expected: { 'legacy 2.30': 'whole 500', 'legacy 2.41': 'whole 500', 'tracker 2.41': 'whole 500', 'tracker 2.43': 'whole 500' },
  },
  {
    title: 'null and no unique value',
    patch: () => ({ attributes: { TEAFirstNm1: null, TEALastNam1: 'Only' } }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
  {
    title: 'apostrophes, quotes, backslashes, emoji',
    patch: attributes({ TEAFirstNm1: 'O\'Neil "x" \\ 😀 é' }),
    expected: { 'legacy 2.30': 'saved', 'legacy 2.41': 'saved', 'tracker 2.41': 'saved', 'tracker 2.43': 'saved' },
  },
]

const badPersons = BAD.map(({ title, patch, expected }): ContractCase => ({
  title: `a person between two good ones: ${title}`,
  async run(target) {
    const [before, odd, after] = [person(), person(patch()), person()]
    const answer = await sendPersons(target, [before, odd, after])
    const what = expected[target.dialect]
    expect(verdict(target, answer, odd.uid)).toBe(what)
    const whole = what.startsWith('whole')
    expect(verdict(target, answer, before.uid)).toBe(whole ? what : 'saved')
    const read = await readPersons(target, [before.uid, odd.uid, after.uid])
    expect(read.map((one) => one !== null)).toEqual([!whole, what === 'saved', !whole])
    const sent = Object.entries(odd.attributes).filter(([, value]) => value !== null)
    if (what === 'saved') expect(read[1]?.attributes).toEqual(Object.fromEntries(sent))
  },
}))

export const personCases: readonly ContractCase[] = [
  ...badPersons,
  {
    title: 'a person is created, and updated when sent again',
    async run(target) {
      const one = person()
      const created = await sendPersons(target, [one])
      expect([created.status, verdict(target, created, one.uid)]).toEqual([200, 'saved'])
      expect(await readPerson(target, one.uid)).toEqual({ uid: one.uid, orgUnit: one.orgUnit, attributes: one.attributes, enrollments: [] })
      const again = await sendPersons(target, [one])
      expect([again.status, verdict(target, again, one.uid)]).toEqual([200, 'saved'])
      const only = await sendPersons(target, [one], { strategy: 'CREATE' })
      expect(verdict(target, only, one.uid)).toBe(
        target.api === 'legacy' ? 'refused Tracked entity instance «uid» already exists or was deleted earlier' : 'refused E1002',
      )
      expect(only.status).toBe(target.api === 'legacy' ? 409 : 200)
    },
  },
  {
    title: 'left-out attributes stay, the person moves',
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      await sendPersons(target, [{ ...one, orgUnit: OTHER_CLINIC, attributes: { TEAFirstNm1: 'Changed', TEAPhoneNo1: '+263771234567' } }])
      const read = await readPerson(target, one.uid)
      expect(read?.orgUnit).toBe(OTHER_CLINIC)
      expect(read?.attributes).toEqual({ ...one.attributes, TEAFirstNm1: 'Changed', TEAPhoneNo1: '+263771234567' })
    },
  },
  {
    title: 'attributes are cleared by null and by "", which 2.30 only pretends to do',
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      const answer = await sendPersons(target, [
        { ...one, attributes: { TEAUicCode1: one.attributes['TEAUicCode1'] ?? '', TEALastNam1: null, TEAFirstNm1: '' } },
      ])
      expect(verdict(target, answer, one.uid)).toBe('saved')
      const { TEALastNam1, TEAFirstNm1, ...kept } = one.attributes
      expect((await readPerson(target, one.uid))?.attributes).toEqual(target.minor === 30 ? { ...kept, TEALastNam1, TEAFirstNm1 } : kept)
    },
  },
  {
    title: 'a unique value that another person has; in another case of letters it is another value for the tracker API only',
    async run(target) {
      const holder = person()
      const value = holder.attributes['TEAUicCode1'] ?? ''
      await sendPersons(target, [holder])
      const [taker, neighbour, other] = [
        person({ attributes: { TEAUicCode1: value } }),
        person(),
        person({ attributes: { TEAUicCode1: value.toLowerCase() } }),
      ]
      const answer = await sendPersons(target, [taker, neighbour, other])
      expect(verdict(target, answer, taker.uid)).toBe(
        target.api === 'legacy' ? `refused Non-unique attribute value '${value}' for attribute TEAUicCode1` : 'refused E1064',
      )
      expect(verdict(target, answer, neighbour.uid)).toBe('saved')
      expect(verdict(target, answer, other.uid)).toMatch(target.api === 'legacy' ? /^refused Non-unique attribute value 'ct-/ : /^saved$/)
      expect(await readPerson(target, taker.uid)).toBeNull()
    },
  },
  {
    title: 'a unique value twice in a request: both are refused, on the legacy API the later one',
    async run(target) {
      const [first, second] = [person(), person()]
      second.attributes['TEAUicCode1'] = first.attributes['TEAUicCode1'] ?? null
      const answer = await sendPersons(target, [first, second])
      expect(verdict(target, answer, first.uid)).toBe(target.api === 'legacy' ? 'saved' : 'refused E1064')
      expect(verdict(target, answer, second.uid)).toMatch(/^refused/)
    },
  },
  {
    title: 'an update that is refused: no org unit, unknown option',
    async run(target) {
      const [one, two] = [person(), person()]
      await sendPersons(target, [one, two])
      const answer = await sendPersons(target, [
        { ...one, orgUnit: undefined },
        { ...two, attributes: { TEAGenderS1: 'Femle', TEAFirstNm1: 'Lost' } },
      ])
      expect(verdict(target, answer, one.uid)).toBe(target.api === 'legacy' ? 'refused Org unit null does not exist' : 'refused E1121')
      expect(verdict(target, answer, two.uid)).toMatch(target.api === 'legacy' ? /^refused Value 'Femle' is not/ : /^refused E1125$/)
      expect(await readPersons(target, [one.uid, two.uid])).toMatchObject([{ attributes: one.attributes }, { attributes: two.attributes }])
    },
  },
  {
    title: 'the strategy UPDATE does not create',
    async run(target) {
      const one = person()
      const answer = await sendPersons(target, [one], { strategy: 'UPDATE' })
      expect(verdict(target, answer, one.uid)).toBe(
        {
          'legacy 2.30': 'refused Tracked entity instance «uid» does not exist',
          'legacy 2.41': 'refused You are trying to add or update tracked entity instance «uid» that has already been deleted',
          'tracker 2.41': 'refused E1063',
          'tracker 2.43': 'refused E1063',
        }[target.dialect],
      )
    },
  },
  {
    title: 'old and new persons in one request: the legacy API tells of the created ones first',
    async run(target) {
      const [old, fresh] = [person(), person()]
      await sendPersons(target, [old])
      const answer = await sendPersons(target, [old, fresh])
      expect([verdict(target, answer, old.uid), verdict(target, answer, fresh.uid)]).toEqual(['saved', 'saved'])
      if (target.api === 'tracker') return
      expect(answer.body.response.importSummaries.map((summary: { reference: string }) => summary.reference)).toEqual([fresh.uid, old.uid])
    },
  },
  {
    title: 'a malformed uid is exchanged, refused, or loses the request',
    async run(target) {
      const [good, odd] = [person(), person({ uid: 'short' })]
      const answer = await sendPersons(target, [good, odd])
      expect(verdict(target, answer, 'short')).toBe(
        { 'legacy 2.30': 'silent', 'legacy 2.41': 'silent', 'tracker 2.41': 'refused E1048', 'tracker 2.43': 'whole 400' }[target.dialect],
      )
      expect((await readPerson(target, good.uid)) !== null).toBe(target.dialect !== 'tracker 2.43')
    },
  },
  {
    title: 'a uid twice in one request',
    async run(target) {
      const id = uid()
      const answer = await sendPersons(target, [person({ uid: id }), person({ uid: id })])
      const expected = { 'legacy 2.30': 409, 'legacy 2.41': 500, 'tracker 2.41': 200, 'tracker 2.43': 500 }
      expect(answer.status).toBe(expected[target.dialect])
      expect((await readPerson(target, id)) !== null).toBe(expected[target.dialect] !== 500)
    },
  },
  {
    title: 'a deleted person stays deleted; his unique value is free',
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      expect((await remove(target, 'person', one.uid)).status).toBe(200)
      expect(await readPerson(target, one.uid)).toBeNull()
      const again = await sendPersons(target, [one])
      expect(verdict(target, again, one.uid)).toBe(
        {
          'legacy 2.30': 'refused Tracked entity instance «uid» already exists or was deleted earlier',
          'legacy 2.41': 'refused You are trying to add or update tracked entity instance «uid» that has already been deleted',
          'tracker 2.41': 'refused E1114',
          'tracker 2.43': 'refused E1114',
        }[target.dialect],
      )
      const heir = person({ attributes: one.attributes })
      expect(verdict(target, await sendPersons(target, [heir]), heir.uid)).toBe('saved')
    },
  },
  {
    title: 'an update with ?program= takes left-out program attributes away on 2.41',
    on: LEGACY,
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      const body = {
        trackedEntityType: one.type,
        orgUnit: one.orgUnit,
        attributes: [{ attribute: 'TEAUicCode1', value: one.attributes['TEAUicCode1'] }],
      }
      const path = `/api/trackedEntityInstances/${one.uid}`
      expect(verdict(target, await target.request('PUT', path, body), one.uid)).toBe('saved')
      expect((await readPerson(target, one.uid))?.attributes).toEqual(one.attributes)
      await target.request('PUT', `${path}?program=PRGHtsTest1`, body)
      expect(Object.keys((await readPerson(target, one.uid))?.attributes ?? {}).length).toBe(target.minor === 30 ? 5 : 1)
    },
  },
  {
    title: 'a refused person: his enrollment is refused with him, and of its events nothing is said',
    on: TRACKER,
    async run(target) {
      const bad = person({ attributes: { TEAUicCode1: uic(), TEAGenderS1: 'Femle' }, enrollments: [enrollment({ events: [] })] })
      const [own] = bad.enrollments
      own?.events.push({
        uid: uid(),
        stage: 'PSTHtsFoll1',
        program: 'PRGHtsTest1',
        orgUnit: bad.orgUnit,
        status: 'ACTIVE',
        date: '2024-03-02',
        values: {},
      })
      const answer = await sendPersons(target, [bad])
      expect([answer.status, answer.body.status]).toEqual([200, 'OK'])
      const names = [bad.uid, own?.uid ?? '', own?.events[0]?.uid ?? '']
      expect(names.map((name) => verdict(target, answer, name))).toEqual(['refused E1125', 'refused E5000', 'silent'])
    },
  },
  {
    title: 'a refused update of a person does not hold up his new enrollment',
    on: TRACKER,
    async run(target) {
      const one = person()
      await sendPersons(target, [one])
      const added = enrollment()
      const answer = await sendPersons(target, [{ ...one, attributes: { TEAGenderS1: 'Femle' }, enrollments: [added] }])
      expect(verdict(target, answer, one.uid)).toBe('refused E1125')
      expect(verdict(target, answer, added.uid)).toBe('saved')
    },
  },
  {
    title: 'atomicMode ALL: one bad person, and nothing is saved',
    on: TRACKER,
    async run(target) {
      const [good, bad] = [person(), person({ orgUnit: NO_UNIT })]
      const answer = await target.request('POST', '/api/tracker?async=false', {
        trackedEntities: [good, bad].map((one) => ({
          trackedEntity: one.uid,
          trackedEntityType: one.type,
          orgUnit: one.orgUnit,
          attributes: [],
        })),
      })
      expect([answer.status, answer.body.status]).toEqual([409, 'ERROR'])
      expect(answer.body.stats).toEqual({ created: 0, updated: 0, deleted: 0, ignored: 2, total: 2 })
      expect(await readPerson(target, good.uid)).toBeNull()
    },
  },
]
