/** A page of what a sync would do. */
import type { DeltaCounts, DeltaFilter, DeltaPlace, DeltaRequest, Store } from '../../sql/store/store.ts'
import type { Mapping } from '../core/mapping.ts'
import { whatOf, type Effect, type Judge, type Judged } from './judge.ts'

export interface PageRequest extends Omit<DeltaFilter, 'what'> {
  effect?: Effect
  limit: number
}
export interface PreviewPage {
  /** of the first page */
  counts: DeltaCounts | null
  rows: Judged[]
  next: DeltaPlace | null
}

export async function readPage(
  store: Pick<Store, 'readDeltaPage' | 'streamDelta' | 'countDelta'>,
  mapping: Mapping,
  request: DeltaRequest,
  { effect, limit, ...filter }: PageRequest,
  { judge }: Judge,
): Promise<PreviewPage> {
  const isFirst = (filter.after ?? null) === null
  if (effect === undefined) {
    const { counts, rows, more } = await store.readDeltaPage(mapping, request, { ...filter, limit, counts: isFirst })
    return { counts, rows: rows.map(judge), next: more ? rows.at(-1)! : null }
  }
  // how many rows have to be looked at for a page of them nobody knows before
  const counts = isFirst ? await store.countDelta(mapping, request) : null
  const rows: Judged[] = []
  for await (const row of store.streamDelta(mapping, request, { ...filter, what: whatOf(effect)! })) {
    const judged = judge(row)
    if (judged.effect !== effect) continue
    if (rows.length === limit) return { counts, rows, next: rows.at(-1)!.row }
    rows.push(judged)
  }
  return { counts, rows, next: null }
}
