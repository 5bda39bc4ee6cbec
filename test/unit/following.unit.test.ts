/** Following something: one look at a time for all who follow, none when nobody does; and what they are sent. */
import { afterEach, describe, expect, test } from 'vitest'
import { eventStream } from '../../src/api/event-stream.ts'
import { openFollowing, type Following, type Seen } from '../../src/api/following.ts'
import { until } from '../support/site.ts'

interface Thing {
  n: number
}

let following: Following<Thing>
let looks: Record<string, number>
let things: Record<string, number | 'gone' | 'away'>
let atATime: number
afterEach(() => following.close())

function open(pollMs = 1) {
  looks = {}
  things = {}
  atATime = 0
  let going = 0
  following = openFollowing(async (id): Promise<Seen<Thing> | null> => {
    looks[id] = (looks[id] ?? 0) + 1
    atATime = Math.max(atATime, ++going)
    await new Promise((done) => setTimeout(done, 1))
    going--
    const n = things[id] ?? 0
    if (n === 'away') throw new Error('the database is away')
    return n === 'gone' ? null : { state: { n }, mark: String(n), version: 1, last: n === 99 }
  }, pollMs)
}

function listen(id: string) {
  const seen: Seen<Thing>[] = []
  const heard = { seen, gone: 0, leave: () => {} }
  heard.leave = following.follow(id, { onState: (state) => seen.push(state), onGone: () => heard.gone++ })
  return heard
}

test('many who follow one thing: one look at a time, and each hears each change once, in order', async () => {
  open()
  const all = Array.from({ length: 40 }, () => listen('a'))
  await until(() => all.every(({ seen }) => seen.length === 1))
  for (const n of [1, 2, 99]) {
    things['a'] = n
    await until(() => all.every(({ seen }) => seen.at(-1)!.state.n === n))
  }
  for (const { seen, gone } of all) {
    expect(seen.map(({ state }) => state.n)).toEqual([0, 1, 2, 99])
    // the clock that the versions come from stood still
    expect(seen.map(({ version }) => version)).toEqual([1, 2, 3, 4])
    expect(gone).toBe(1)
  }
  expect(atATime).toBe(1)
  expect(following.watched()).toBe(0)
})

test('who comes later hears at once what is known', async () => {
  open(60_000)
  const first = listen('a')
  await until(() => first.seen.length === 1)
  const second = listen('a')
  expect(second.seen).toEqual(first.seen)
  expect(looks['a']).toBe(1)
})

test('nothing is looked at when nobody follows; one that leaves takes nothing from the others; to leave twice is to leave once', async () => {
  open()
  const [first, second, other] = [listen('a'), listen('a'), listen('b')]
  await until(() => first.seen.length > 0 && other.seen.length > 0)
  first.leave()
  expect(following.watched()).toBe(2)
  things['a'] = 1
  await until(() => second.seen.length === 2)
  expect(first.seen).toHaveLength(1)
  second.leave()
  const third = listen('a')
  second.leave()
  await until(() => third.seen.length > 0)
  third.leave()
  other.leave()
  expect(following.watched()).toBe(0)
  expect(first.gone + second.gone).toBe(0)
})

test('a look that fails is made again; a thing that is no more is said to be gone', async () => {
  open()
  things['a'] = 'away'
  const heard = listen('a')
  await until(() => looks['a']! > 3)
  expect(heard).toMatchObject({ seen: [], gone: 0 })
  things['a'] = 5
  await until(() => heard.seen.length === 1)
  things['a'] = 'gone'
  await until(() => heard.gone === 1)
  expect(following.watched()).toBe(0)
})

test('closed: all are told, and nothing is looked at any more', async () => {
  open()
  const all = [listen('a'), listen('a'), listen('b')]
  following.close()
  expect(all.map(({ gone }) => gone)).toEqual([1, 1, 1])
  expect(following.watched()).toBe(0)
})

describe('the stream of events', () => {
  const textOf = ({ version, last, state }: Seen<Thing>) => `${last ? 'end' : 'state'} ${version} ${state.n}`
  const never = { textOf, heartbeatMs: 60_000, longestMs: 60_000 }
  const stream = (options = {}) => eventStream<Thing>((follower) => following.follow('a', follower), { ...never, ...options })

  test('every state until the end, which ends it', async () => {
    open()
    const texts: string[] = []
    for await (const text of stream()) {
      texts.push(text)
      things['a'] = things['a'] === 1 ? 99 : 1
    }
    expect(texts).toEqual(['retry: 2000\n\nstate 1 0', 'state 2 1', 'end 3 99'])
  })

  test('who reads slowly gets the newest state, not all', async () => {
    open()
    const events = stream()[Symbol.asyncIterator]()
    await events.next()
    const beside = listen('a')
    for (const n of [1, 2, 3]) {
      things['a'] = n
      await until(() => beside.seen.at(-1)?.state.n === n)
    }
    expect(await events.next()).toEqual({ done: false, value: 'state 4 3' })
    await events.return!()
  })

  test('one that is left while it waits ends at once, and follows no more', async () => {
    open()
    const events = stream()[Symbol.asyncIterator]()
    await events.next()
    const waiting = events.next()
    await events.return!()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(following.watched()).toBe(0)
  })

  test('silence is broken by comments', async () => {
    open()
    const events = stream({ heartbeatMs: 5 })[Symbol.asyncIterator]()
    await events.next()
    expect(await events.next()).toEqual({ done: false, value: ': still there\n\n' })
    expect(await events.next()).toEqual({ done: false, value: ': still there\n\n' })
    await events.return!()
  })

  test('after its longest time it ends without an end of what is followed', async () => {
    open()
    const texts: string[] = []
    for await (const text of stream({ longestMs: 20 })) texts.push(text)
    expect(texts).toEqual(['retry: 2000\n\nstate 1 0'])
    expect(following.watched()).toBe(0)
  })
})
