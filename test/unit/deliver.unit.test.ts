/** A chunk gets through although single objects are bad. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deliver, type Delivery } from '../../jobs/deliver.ts'
import type { ImportReport, ObjectResult } from '../../src/core/model.ts'
import { NotInTime, RequestRefused, TransientFailure } from '../../src/dhis2/errors.ts'

/** One object of a request: its uid, and what this DHIS2 thinks of it. */
interface Item {
  uid: string
  bad?: 'poison' | 'refused'
  /** objects of one request with the same value are refused together; alone, the first one takes it */
  unique?: string
  parts?: string[]
  poisonPart?: string
}

class FakeDhis2 {
  readonly requests: string[][] = []
  readonly saved = new Set<string>()
  readonly taken = new Map<string, string>()
  post = (items: readonly Item[]): Promise<ImportReport> => {
    this.requests.push(items.map((i) => i.uid))
    if (items.some((i) => i.bad === 'poison' || (i.poisonPart !== undefined && (i.parts ?? []).includes(i.poisonPart))))
      return Promise.reject(new RequestRefused({ status: 500, detail: 'boom' }))
    const report = new Map<string, ObjectResult>()
    for (const item of items) {
      const neighbour = items.some((other) => other !== item && other.unique !== undefined && other.unique === item.unique)
      const owner = item.unique === undefined ? undefined : this.taken.get(item.unique)
      const collides = neighbour || (owner !== undefined && owner !== item.uid)
      if (item.bad === 'refused') report.set(item.uid, { state: 'refused', errors: [{ code: 'E1125', message: 'x', field: null }] })
      else if (collides) report.set(item.uid, { state: 'refused', errors: [{ code: 'E1064', message: 'x', field: null }] })
      else {
        report.set(item.uid, { state: this.saved.has(item.uid) ? 'updated' : 'created', warnings: [] })
        this.saved.add(item.uid)
        if (item.unique !== undefined) this.taken.set(item.unique, item.uid)
      }
      for (const part of item.parts ?? []) report.set(part, { state: 'created', warnings: [] })
    }
    return Promise.resolve(report)
  }
  readonly delivery: Delivery<Item> = {
    post: this.post,
    size: () => null,
    uids: (item) => [item.uid, ...(item.parts ?? [])],
    split: (item) =>
      item.parts
        ? [{ ...item, parts: [] }, ...item.parts.map((p) => ({ uid: p, ...(p === item.poisonPart && { bad: 'poison' as const }) }))]
        : [item],
  }
}

const states = (results: ReadonlyMap<string, ObjectResult>) => Object.fromEntries([...results].map(([uid, r]) => [uid, r.state]))

describe('bisecting', () => {
  test('a poison record stands alone and the others are delivered', async () => {
    const dhis2 = new FakeDhis2()
    const items: Item[] = [...'abcdefgh'].map((uid) => (uid === 'f' ? { uid, bad: 'poison' as const } : { uid }))
    const { results } = await deliver(items, dhis2.delivery)
    expect(results.get('f')).toEqual({ state: 'refused', errors: [{ code: 'UNDIGESTIBLE', message: 'boom', field: null }] })
    expect([...dhis2.saved].toSorted()).toEqual([...'abcdegh'])
  })
  test('an item that is refused alone is sent in its parts', async () => {
    const dhis2 = new FakeDhis2()
    const { results } = await deliver([{ uid: 'enrollment', parts: ['e1', 'e2', 'e3'], poisonPart: 'e2' }], dhis2.delivery)
    expect(states(results)).toEqual({ enrollment: 'created', e1: 'created', e2: 'refused', e3: 'created' })
  })
  test('a good chunk takes one request', async () => {
    const dhis2 = new FakeDhis2()
    await deliver([{ uid: 'a' }, { uid: 'b' }], dhis2.delivery)
    expect(dhis2.requests).toEqual([['a', 'b']])
  })
  test('an empty chunk takes none', async () => {
    const dhis2 = new FakeDhis2()
    expect(await deliver([], dhis2.delivery)).toEqual({ results: new Map(), refusesEverything: null })
    expect(dhis2.requests).toEqual([])
  })
  test('a DHIS2 that refuses everything is told from records that it cannot digest', async () => {
    const poison = (uids: string): Item[] => [...uids].map((uid) => ({ uid, bad: 'poison' as const }))
    const refusesEverything = async (items: Item[]) => (await deliver(items, new FakeDhis2().delivery)).refusesEverything
    expect(await refusesEverything(poison('abcde'))).toBeInstanceOf(RequestRefused)
    expect(await refusesEverything([...poison('abcde'), { uid: 'f', bad: 'refused' }])).toBeNull()
    expect(await refusesEverything(poison('abc'))).toBeNull()
    expect(
      await refusesEverything([{ uid: 'enrollment', bad: 'poison', parts: ['e1', 'e2', 'e3', 'e4', 'e5'], poisonPart: 'e1' }]),
    ).toBeNull()
  })
  test('a transient failure is not bisected', async () => {
    let requests = 0
    const post = () => {
      requests++
      return Promise.reject(new TransientFailure('down'))
    }
    await expect(deliver([{ uid: 'a' }, { uid: 'b' }], { ...new FakeDhis2().delivery, post })).rejects.toThrow(TransientFailure)
    expect(requests).toBe(1)
  })
})

describe('decided 13: neighbours', () => {
  test('the innocent one is found and sent again without the other', async () => {
    const dhis2 = new FakeDhis2()
    dhis2.taken.set('UIC-1', 'known')
    const { results } = await deliver(
      [{ uid: 'known', unique: 'UIC-1' }, { uid: 'newcomer', unique: 'UIC-1' }, { uid: 'other' }],
      dhis2.delivery,
    )
    expect(states(results)).toEqual({ known: 'created', newcomer: 'refused', other: 'created' })
    expect(dhis2.requests).toEqual([['known', 'newcomer', 'other'], ['known'], ['newcomer']])
  })
  test('a refusal that is nobody else’s fault is not sent again', async () => {
    const dhis2 = new FakeDhis2()
    await deliver<Item>([{ uid: 'a', bad: 'refused' }, { uid: 'b' }], dhis2.delivery)
    expect(dhis2.requests).toHaveLength(1)
  })
})

describe('a DHIS2 that is slow', () => {
  const sizes = (dhis2: FakeDhis2) => dhis2.requests.map((uids) => uids.length)
  const many = (n: number): Item[] => Array.from({ length: n }, (_, i) => ({ uid: `u${i}` }))

  test('gets as many at a time as it takes now, in requests of one size', async () => {
    const dhis2 = new FakeDhis2()
    await deliver(many(10), { ...dhis2.delivery, size: () => 4 })
    expect(sizes(dhis2)).toEqual([4, 3, 3])
    const asked = [8, 3, 5]
    const later = new FakeDhis2()
    await deliver(many(16), { ...later.delivery, size: () => asked[Math.min(2, later.requests.length)]! })
    expect(sizes(later)).toEqual([8, 3, 5])
  })

  test.each([
    [1, [8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1]],
    [3, [8, 4, 2, 2, 2, 2]],
    [4, [8, 4, 4]],
  ])('%i in time: what came too late comes in parts, each of them once', async (inTime, expected) => {
    const dhis2 = new FakeDhis2()
    const post = (items: readonly Item[], divisible: boolean) => {
      if (items.length <= inTime) return dhis2.post(items)
      dhis2.requests.push(items.map((i) => i.uid))
      expect(divisible).toBe(true)
      return Promise.reject(new NotInTime('http://dhis2'))
    }
    const { results } = await deliver(many(8), { ...dhis2.delivery, post, size: () => 100 })
    expect(sizes(dhis2)).toEqual(expected)
    expect([...results].map(([uid, { state }]) => [uid, state])).toEqual(many(8).map(({ uid }) => [uid, 'created']))
  })

  test('a poison record is found all the same', async () => {
    const dhis2 = new FakeDhis2()
    const items = many(12).map((item, i) => (i === 7 ? { ...item, bad: 'poison' as const } : item))
    const { results } = await deliver(items, { ...dhis2.delivery, size: () => 3 })
    expect([...results].filter(([, { state }]) => state === 'refused').map(([uid]) => uid)).toEqual(['u7'])
    expect(Math.max(...sizes(dhis2))).toBe(3)
  })

  test('is not asked to divide one record, nor where the site has set the size', async () => {
    const divisible: boolean[] = []
    const seeing = (size: number | null): Delivery<Item> => ({
      ...new FakeDhis2().delivery,
      size: () => size,
      post: (items, may) => {
        divisible.push(may)
        return new FakeDhis2().post(items)
      },
    })
    await deliver(many(1), seeing(100))
    await deliver(many(5), seeing(null))
    await deliver(many(5), seeing(100))
    expect(divisible).toEqual([false, false, true])
  })
})

test('every object has exactly one result, only guilty ones are refused, whatever is bad and in whatever order', async () => {
  const item = fc.record({ bad: fc.constantFrom(undefined, undefined, undefined, 'poison' as const, 'refused' as const) })
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 20 }), async (list) => {
      const items: Item[] = list.map(({ bad }, i) => ({ uid: `u${i}`, ...(bad && { bad }) }))
      const { results } = await deliver(items, new FakeDhis2().delivery)
      expect([...results.keys()].toSorted()).toEqual(items.map((i) => i.uid).toSorted())
      for (const i of items) expect(results.get(i.uid)!.state).toBe(i.bad ? 'refused' : 'created')
    }),
  )
})
