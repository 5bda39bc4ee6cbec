/** A chunk gets through although single objects are bad. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deliver, type Delivery } from '../../jobs/deliver.ts'
import type { ImportReport, ObjectResult } from '../../src/core/model.ts'
import { RequestRefused, TransientFailure } from '../../src/dhis2/errors.ts'

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
