import { expect } from 'vitest'
import { CLINIC, enrollment, event, OTHER_CLINIC, OTHER_PROGRAM, person, type Person, PROGRAM, remove, sendPersons } from './speak.ts'
import { type ContractCase, LEGACY, type Target, TRACKER, uid } from './target.ts'

/** Four persons with a mark of their own: A in the program, B in the other one, C in none, D in both. */
interface Group {
  mark: string
  persons: Record<'A' | 'B' | 'C' | 'D', Person>
}

async function group(target: Target): Promise<Group> {
  const mark = uid()
  const named = (letter: string, more: Partial<Person> = {}): Person =>
    person({
      attributes: { TEAUicCode1: `${mark}-${letter}`, TEAFirstNm1: `First${letter}`, TEALastNam1: mark, TEAGenderS1: 'Female' },
      ...more,
    })
  const persons = {
    A: named('A', { enrollments: [enrollment({ events: [event(), event()] })] }),
    B: named('B', { enrollments: [enrollment({ program: OTHER_PROGRAM })] }),
    C: named('C', { orgUnit: OTHER_CLINIC }),
    D: named('D', { enrollments: [enrollment({ status: 'COMPLETED' }), enrollment({ program: OTHER_PROGRAM })] }),
  }
  await sendPersons(target, Object.values(persons))
  return { mark, persons }
}

/** The letters of the persons that a search finds, in order of the answer. */
async function find(target: Target, { persons }: Group, parameters: string): Promise<string> {
  const collection = target.api === 'legacy' ? 'trackedEntityInstances' : 'trackedEntities'
  const id = target.api === 'legacy' ? 'trackedEntityInstance' : 'trackedEntity'
  const answer = await target.get(`/api/${target.api === 'legacy' ? '' : 'tracker/'}${collection}?fields=${id}&${parameters}`)
  if (answer.status !== 200) return `${answer.status}`
  const letters = new Map(Object.entries(persons).map(([letter, one]) => [one.uid, letter]))
  return answer.body[collection].map((one: Record<string, string>) => letters.get(one[id] ?? '') ?? '?').join('')
}

/** A status stays as it is. */
const sorted = (text: string): string => (/^\d/.test(text) ? text : text.split('').toSorted().join(''))

export const readingCases: readonly ContractCase[] = [
  {
    title: 'search by attribute value: eq, in, like, whatever the case of the letters',
    async run(target) {
      const made = await group(target)
      const { mark } = made
      const everywhere =
        target.api === 'legacy' ? 'trackedEntityType=TETPerson01&ouMode=ALL&' : 'trackedEntityType=TETPerson01&orgUnitMode=ACCESSIBLE&'
      const search = async (filters: string): Promise<string> => sorted(await find(target, made, everywhere + filters))
      expect(await search(`filter=TEAUicCode1:eq:${mark}-A`)).toBe('A')
      expect(await search(`filter=TEAUicCode1:EQ:${mark.toLowerCase()}-a`)).toBe('A')
      expect(await search(`filter=TEAUicCode1:in:${mark}-A;${mark}-C;${mark}-Z`)).toBe('AC')
      expect(await search(`filter=TEAUicCode1:like:${mark}-`)).toBe('ABCD')
      expect(await search(`filter=TEALastNam1:eq:${mark}&filter=TEAFirstNm1:eq:FirstB`)).toBe('B')
      expect(await search(`filter=TEAUicCode1:eq:${mark}-Z`)).toBe('')
      expect(await search('filter=TEANowhere1:eq:x')).toBe(target.api === 'legacy' ? '409' : '400')
    },
  },
  {
    title: 'two filters on one attribute',
    async run(target) {
      const made = await group(target)
      const where = target.api === 'legacy' ? 'ouMode=ALL' : 'orgUnitMode=ACCESSIBLE'
      const found = await find(
        target,
        made,
        `trackedEntityType=TETPerson01&${where}&filter=TEAUicCode1:like:${made.mark}&filter=TEAUicCode1:like:-A`,
      )
      expect(found).toBe(target.api === 'legacy' ? '409' : 'A')
    },
  },
  {
    title: 'search by program finds who is enrolled there; program and type together are refused; without either only 2.30 answers',
    async run(target) {
      const made = await group(target)
      const where = target.api === 'legacy' ? 'ou=OUCountry01&ouMode=DESCENDANTS' : 'orgUnits=OUCountry01&orgUnitMode=DESCENDANTS'
      const filter = `filter=TEALastNam1:eq:${made.mark}`
      expect(sorted(await find(target, made, `program=${PROGRAM}&${where}&${filter}`))).toBe('AD')
      expect(sorted(await find(target, made, `program=${PROGRAM}&programStatus=COMPLETED&${where}&${filter}`))).toBe('D')
      const refused = target.api === 'legacy' ? '409' : '400'
      expect(await find(target, made, `program=${PROGRAM}&trackedEntityType=TETPerson01&${where}&${filter}`)).toBe(refused)
      expect(sorted(await find(target, made, `${where}&${filter}`))).toBe(target.minor === 30 ? 'ABCD' : refused)
    },
  },
  {
    title: 'search by org unit: selected, several, below, unknown',
    async run(target) {
      const made = await group(target)
      const [name, mode, separator] = target.api === 'legacy' ? ['ou', 'ouMode', ';'] : ['orgUnits', 'orgUnitMode', ',']
      const search = async (where: string): Promise<string> =>
        sorted(await find(target, made, `trackedEntityType=TETPerson01&filter=TEALastNam1:eq:${made.mark}&${where}`))
      expect(await search(`${name}=${CLINIC}`)).toBe('ABD')
      expect(await search(`${name}=${CLINIC}${separator}${OTHER_CLINIC}`)).toBe('ABCD')
      expect(await search(`${name}=OUDistHre01`)).toBe('')
      expect(await search(`${name}=OUDistHre01&${mode}=DESCENDANTS`)).toBe('ABCD')
      expect(await search(`${name}=OUNowhere01`)).toBe(target.api === 'legacy' ? '409' : '400')
      // the tracker API then looks everywhere
      expect(await search('')).toBe(target.api === 'legacy' ? '409' : 'ABCD')
    },
  },
  {
    title: 'persons by uid, also with a program',
    async run(target) {
      const made = await group(target)
      const ids = Object.values(made.persons).map((one) => one.uid)
      const asked = target.api === 'legacy' ? `trackedEntityInstance=${ids.join(';')}` : `trackedEntities=${ids.join(',')}`
      // 2.41's legacy API leaves out who has no enrollment, unless it is told the type
      expect(sorted(await find(target, made, asked))).toBe('ABCD')
      // 2.30 does not look at the program
      expect(sorted(await find(target, made, `${asked}&program=${PROGRAM}`))).toBe(target.minor === 30 ? 'ABCD' : 'AD')
      const missing = asked.replace(ids[2] ?? '', 'TNowhere001')
      // 2.30 answers 500 when the missing one happens to come first in the order of its own hashes
      expect(target.minor === 30 ? ['ABD', '500'] : ['ABD']).toContain(sorted(await find(target, made, missing)))
    },
  },
  {
    title: 'paging: 50 a page unless told, counts when asked for',
    async run(target) {
      const made = await group(target)
      const where = target.api === 'legacy' ? 'ouMode=ALL' : 'orgUnitMode=ACCESSIBLE'
      const collection = target.api === 'legacy' ? 'trackedEntityInstances' : 'trackedEntities'
      const path = `/api/${target.api === 'legacy' ? '' : 'tracker/'}${collection}?trackedEntityType=TETPerson01&${where}&filter=TEALastNam1:eq:${made.mark}`
      const first = await target.get(`${path}&page=1&pageSize=3`)
      const second = await target.get(`${path}&page=2&pageSize=3`)
      expect([first.body[collection].length, second.body[collection].length]).toEqual([3, 1])
      if (target.api === 'legacy') expect(first.body.pager).toBeUndefined()
      else expect(first.body.pager).toMatchObject({ page: 1, pageSize: 3 })
      expect((await target.get(`${path}&page=1&pageSize=3&totalPages=true`)).body.pager).toMatchObject({
        page: 1,
        pageSize: 3,
        total: 4,
        pageCount: 2,
      })
      const all = await target.get(`${path}&paging=false`)
      expect([all.body[collection].length, all.body.pager]).toEqual([4, undefined])
    },
  },
  {
    title: '60 persons by uid without a word on pages: all on 2.30, 50 later',
    async run(target) {
      const persons = Array.from({ length: 60 }, () => person())
      await sendPersons(target, persons)
      const ids = persons.map((one) => one.uid)
      const path =
        target.api === 'legacy'
          ? `/api/trackedEntityInstances?trackedEntityType=TETPerson01&fields=trackedEntityInstance&trackedEntityInstance=${ids.join(';')}`
          : `/api/tracker/trackedEntities?fields=trackedEntity&trackedEntities=${ids.join(',')}`
      const { body } = await target.get(path)
      expect((body.trackedEntityInstances ?? body.trackedEntities).length).toBe(target.minor === 30 ? 60 : 50)
      const all = await target.get(`${path}&paging=false`)
      expect((all.body.trackedEntityInstances ?? all.body.trackedEntities).length).toBe(target.dialect === 'legacy 2.41' ? 50 : 60)
      // the older name is passed over by 2.42 and later
      const old = await target.get(`${path}&skipPaging=true`)
      expect((old.body.trackedEntityInstances ?? old.body.trackedEntities).length).toBe(target.minor > 41 ? 50 : 60)
    },
  },
  {
    title: 'one person with ?program=: enrollments of that program on the tracker API, of all on the legacy API',
    async run(target) {
      const { persons } = await group(target)
      const path = (id: string): string =>
        target.api === 'legacy'
          ? `/api/trackedEntityInstances/${id}?program=${PROGRAM}&fields=enrollments[program]`
          : `/api/tracker/trackedEntities/${id}?program=${PROGRAM}&fields=enrollments[program]`
      const both = await target.get(path(persons.D.uid))
      expect(both.body.enrollments.map((one: { program: string }) => one.program).toSorted()).toEqual(
        target.api === 'legacy' ? [PROGRAM, OTHER_PROGRAM] : [PROGRAM],
      )
      // who is not enrolled is not there for 2.42 and later
      expect((await target.get(path(persons.C.uid))).status).toBe(target.minor > 41 ? 404 : 200)
    },
  },
  {
    title: 'enrollments and events of persons, by uid',
    on: TRACKER,
    async run(target) {
      const { persons } = await group(target)
      const { A, D } = persons
      const list = async (path: string, name: string): Promise<string[]> => {
        const answer = await target.get(`/api/tracker/${path}&paging=false`)
        return answer.body[name].map((one: Record<string, string>) => one[name.slice(0, -1)]).toSorted()
      }
      const ids = (of: { uid: string }[]): string[] => of.map((one) => one.uid).toSorted()
      const [done] = D.enrollments
      const [own] = A.enrollments
      expect(await list(`enrollments?program=${PROGRAM}&trackedEntity=${D.uid}&fields=enrollment`, 'enrollments')).toEqual([done?.uid])
      expect(await list(`enrollments?program=${PROGRAM}&enrollments=${done?.uid},${own?.uid}&fields=enrollment`, 'enrollments')).toEqual(
        ids([...D.enrollments.slice(0, 1), ...A.enrollments]),
      )
      expect(await list(`events?program=${PROGRAM}&enrollments=${own?.uid}&fields=event`, 'events')).toEqual(ids(own?.events ?? []))
      expect(await list(`events?program=${PROGRAM}&trackedEntity=${A.uid}&fields=event`, 'events')).toEqual(ids(own?.events ?? []))
      expect(await list(`events?program=${PROGRAM}&events=${own?.events[0]?.uid}&fields=event`, 'events')).toEqual([own?.events[0]?.uid])
      const without = await target.get(`/api/tracker/enrollments?trackedEntity=${D.uid}`)
      expect(without.status).toBe(target.minor > 42 ? 400 : 200)
      expect((await target.get('/api/tracker/enrollments/NNowhere001')).status).toBe(404)
      expect((await target.get(`/api/tracker/trackedEntities/not-a-uid`)).status).toBe(400)
    },
  },
  {
    title: 'a deleted enrollment or event is in no list',
    on: TRACKER,
    async run(target) {
      const { persons } = await group(target)
      const [own] = persons.A.enrollments
      await remove(target, 'event', own?.events[0]?.uid ?? '')
      const events = await target.get(`/api/tracker/events?program=${PROGRAM}&enrollments=${own?.uid}&fields=event`)
      expect(events.body.events).toEqual([{ event: own?.events[1]?.uid }])
      await remove(target, 'enrollment', own?.uid ?? '')
      const enrollments = await target.get(`/api/tracker/enrollments?program=${PROGRAM}&enrollments=${own?.uid}&fields=enrollment`)
      expect(enrollments.body.enrollments).toEqual([])
    },
  },
  {
    title: 'values with a separator in them: escaped with / for the tracker API',
    on: TRACKER,
    async run(target) {
      const mark = uid()
      const odd = person({ attributes: { TEAUicCode1: `${mark}:a,b/c` } })
      await sendPersons(target, [odd])
      const path =
        '/api/tracker/trackedEntities?trackedEntityType=TETPerson01&orgUnitMode=ACCESSIBLE&fields=trackedEntity&filter=TEAUicCode1:eq:'
      const escaped = await target.get(`${path}${encodeURIComponent(`${mark}/:a/,b//c`)}`)
      expect(escaped.body.trackedEntities).toEqual([{ trackedEntity: odd.uid }])
    },
  },
  {
    title: 'a search that leaves the own clinics needs a value',
    on: TRACKER,
    async run(target) {
      const path = '/api/tracker/trackedEntities?trackedEntityType=TETPerson01&fields=trackedEntity'
      expect((await target.get(`${path}&orgUnitMode=ACCESSIBLE`)).status).toBe(409)
      expect((await target.get(`${path}&orgUnitMode=CAPTURE&pageSize=1`)).status).toBe(200)
      expect((await target.get(`${path}&orgUnits=${CLINIC}&pageSize=1`)).status).toBe(200)
      expect((await target.get(`${path}&orgUnits=${CLINIC}&orgUnitMode=ACCESSIBLE`)).status).toBe(400)
    },
  },
  {
    title: 'an enrollment by its uid shows no events on the legacy API',
    on: LEGACY,
    async run(target) {
      const { persons } = await group(target)
      const [own] = persons.A.enrollments
      const one = await target.get(`/api/enrollments/${own?.uid}`)
      expect(one.body).toMatchObject({ enrollment: own?.uid, trackedEntityInstance: persons.A.uid, program: PROGRAM, status: 'ACTIVE' })
      expect(one.body.events ?? []).toEqual([])
      const list = await target.get(`/api/enrollments?enrollment=${own?.uid}&fields=enrollment,status`)
      expect(list.body.enrollments).toEqual([{ enrollment: own?.uid, status: 'ACTIVE' }])
      const first = own?.events[0]
      expect((await target.get(`/api/events/${first?.uid}`)).body).toMatchObject({
        event: first?.uid,
        enrollment: own?.uid,
        status: 'COMPLETED',
      })
      expect((await target.get('/api/enrollments/NNowhere001')).status).toBe(404)
    },
  },
]
