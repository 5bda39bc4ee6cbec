/**
 * Gets a chunk's objects into DHIS2 although single ones are bad: a request that DHIS2 refuses as a whole is bisected until the guilty object stands
 * alone, and an object refused because of a neighbour in its request is sent again without it (decided 13).
 */
import type { ImportReport, ObjectResult } from '../src/core/model.ts'
import { isCollision } from '../src/core/outcome.ts'
import { RequestRefused } from '../src/dhis2/errors.ts'

export interface Delivery<Item> {
  post: (items: readonly Item[]) => Promise<ImportReport>
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
  await send(items, delivery, results, said)
  const everything = said.reports === 0 && items.length >= REFUSES_EVERYTHING
  return { results, refusesEverything: everything ? said.refusals[0]! : null }
}

async function send<Item>(
  items: readonly Item[],
  delivery: Delivery<Item>,
  results: Map<string, ObjectResult>,
  said: { reports: number; refusals: RequestRefused[] },
): Promise<void> {
  if (items.length === 0) return
  let report: ImportReport
  try {
    report = await delivery.post(items)
    said.reports++
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    const parts = items.length > 1 ? [items.slice(0, items.length >> 1), items.slice(items.length >> 1)] : splitOne(items[0]!, delivery)
    for (const part of parts) await send(part, delivery, results, said)
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
