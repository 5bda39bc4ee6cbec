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

/** More refusals than this in one chunk, and nothing accepted: DHIS2 refuses us, not the records. */
const REFUSES_EVERYTHING = 4

/** Every uid of every item has a result. @throws TransientFailure, AccessRefused, and RequestRefused when DHIS2 refuses everything */
export async function deliver<Item>(items: readonly Item[], delivery: Delivery<Item>): Promise<Map<string, ObjectResult>> {
  const results = new Map<string, ObjectResult>()
  const refusals: RequestRefused[] = []
  await send(items, delivery, results, refusals)
  const saved = [...results.values()].some((r) => r.state === 'created' || r.state === 'updated')
  if (!saved && refusals.length >= REFUSES_EVERYTHING && refusals.length >= items.length) throw refusals[0]!
  return results
}

async function send<Item>(
  items: readonly Item[],
  delivery: Delivery<Item>,
  results: Map<string, ObjectResult>,
  refusals: RequestRefused[],
): Promise<void> {
  if (items.length === 0) return
  let report: ImportReport
  try {
    report = await delivery.post(items)
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    const parts = items.length > 1 ? [items.slice(0, items.length >> 1), items.slice(items.length >> 1)] : splitOne(items[0]!, delivery)
    for (const part of parts) await send(part, delivery, results, refusals)
    if (parts.length > 0) return
    refusals.push(error)
    for (const uid of delivery.uids(items[0]!)) {
      results.set(uid, { state: 'refused', errors: [{ code: 'UNDIGESTIBLE', message: error.detail ?? error.message, field: null }] })
    }
    return
  }
  for (const [uid, result] of report) results.set(uid, result)
  if (items.length === 1) return
  for (const item of items)
    if (delivery.uids(item).some((uid) => collided(results.get(uid)))) await send([item], delivery, results, refusals)
}

function splitOne<Item>(item: Item, delivery: Delivery<Item>): Item[][] {
  const parts = delivery.split(item)
  return parts.length > 1 ? parts.map((part) => [part]) : []
}

const collided = (result: ObjectResult | undefined) => result?.state === 'refused' && result.errors.some((e) => isCollision(e.code))
