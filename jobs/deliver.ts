/**
 * Gets a chunk's objects into DHIS2 although single ones are bad: a request that DHIS2 refuses as a whole is bisected until the guilty object stands
 * alone, and an object refused because of a neighbour in its request is sent again without it (decided 13). One request after the other, so that a patient is
 * never in two at a time.
 */
import type { ImportReport, ObjectResult } from '../src/core/model.ts'
import { isCollision } from '../src/core/outcome.ts'
import { NotInTime, RequestRefused } from '../src/dhis2/errors.ts'

export interface Delivery<Item> {
  /** @param divisible half of them come next when DHIS2 does not answer in time: NotInTime */
  post: (items: readonly Item[], divisible: boolean) => Promise<ImportReport>
  /** items in one request, asked before each; null: all of them, whatever comes */
  size: () => number | null
  /** uids of the objects in an item */
  uids: (item: Item) => readonly string[]
  /** the parts of an item, sent one after the other, when it is refused alone; one part: it cannot be split */
  split: (item: Item) => readonly Item[]
}

/** So many items in one chunk, and not one word about any of them: it may be us that DHIS2 refuses, not the records. */
const REFUSES_EVERYTHING = 4

export interface Delivered {
  /** of every uid of every item */
  results: ReadonlyMap<string, ObjectResult>
  /** null: DHIS2 read at least one of the requests, or there were few items */
  refusesEverything: RequestRefused | null
}

/** @throws TransientFailure, AccessRefused */
export async function deliver<Item>(items: readonly Item[], delivery: Delivery<Item>): Promise<Delivered> {
  const [results, said] = [new Map<string, ObjectResult>(), { reports: 0, refusals: [] as RequestRefused[] }]
  await sendAll(items, delivery, results, said)
  const everything = said.reports === 0 && items.length >= REFUSES_EVERYTHING
  return { results, refusesEverything: everything ? said.refusals[0]! : null }
}

interface Said {
  reports: number
  refusals: RequestRefused[]
}

/** In as many requests as it takes, all of about one size. */
async function sendAll<Item>(
  items: readonly Item[],
  delivery: Delivery<Item>,
  results: Map<string, ObjectResult>,
  said: Said,
): Promise<void> {
  let most = items.length
  for (let rest = items; rest.length > 0;) {
    const requests = Math.ceil(rest.length / Math.min(most, delivery.size() ?? most))
    const next = rest.slice(0, Math.ceil(rest.length / requests))
    try {
      await send(next, delivery, results, said)
      rest = rest.slice(next.length)
    } catch (error) {
      if (!(error instanceof NotInTime)) throw error
      most = next.length >> 1
    }
  }
}

async function send<Item>(items: readonly Item[], delivery: Delivery<Item>, results: Map<string, ObjectResult>, said: Said): Promise<void> {
  let report: ImportReport
  try {
    report = await delivery.post(items, items.length > 1 && delivery.size() !== null)
    said.reports++
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    const parts = items.length > 1 ? [items.slice(0, items.length >> 1), items.slice(items.length >> 1)] : splitOne(items[0]!, delivery)
    for (const part of parts) await sendAll(part, delivery, results, said)
    if (parts.length > 0) return
    said.refusals.push(error)
    for (const uid of delivery.uids(items[0]!)) {
      results.set(uid, { state: 'refused', errors: [{ code: 'UNDIGESTIBLE', message: error.detail ?? error.message, field: null }] })
    }
    return
  }
  for (const [uid, result] of report) results.set(uid, result)
  if (items.length === 1) return
  for (const item of items) if (delivery.uids(item).some((uid) => collided(results.get(uid)))) await send([item], delivery, results, said)
}

function splitOne<Item>(item: Item, delivery: Delivery<Item>): Item[][] {
  const parts = delivery.split(item)
  return parts.length > 1 ? parts.map((part) => [part]) : []
}

const collided = (result: ObjectResult | undefined) => result?.state === 'refused' && result.errors.some((e) => isCollision(e.code))
