/** Lets requests to a DHIS2 go when it is their turn, and learns from what becomes of them: one for all requests of this process' jobs. */
import pLimit from 'p-limit'
import { afterAnswer, afterFailure, startPace, ticketOf, type Pace, type PaceBounds } from '../core/pace.ts'

export interface Pacer {
  /** as they are now */
  readonly limits: Pick<Pace, 'inFlight' | 'share'>
  /** Those that read have turns of their own, as many: the next chunk is looked up while DHIS2 is busy with this one. */
  turn: <T>(way: 'read' | 'write', request: (fate: Fate) => Promise<T>) => Promise<T>
  /** what this DHIS2 can use; nothing when the site has set a number */
  atMost: (inFlight: number) => void
  onChange: (tell: (limits: Pacer['limits']) => void) => void
}

/** Said once by a request, before its turn is over; nothing when it says nothing about what DHIS2 can take. */
export interface Fate {
  answered: (ms: number, bytes: number) => void
  failed: (kind: 'busy' | 'broke') => void
}

/** No more than what DHIS2 can use at its best: 2.43 seven clients, before it four. */
export const MOST_AT_A_TIME = 6

/** @param set by the site */
export function openPacer(set: { concurrency: number | null; chunkSize: number | null }): Pacer {
  const leastShare = set.chunkSize === null ? 1 / 16 : 1
  let bounds: PaceBounds =
    set.concurrency === null
      ? { least: 1, start: 2, most: MOST_AT_A_TIME, leastShare }
      : { least: set.concurrency, start: set.concurrency, most: set.concurrency, leastShare }
  let pace = startPace(bounds)
  const turns = { read: pLimit(pace.inFlight), write: pLimit(pace.inFlight) }
  const listeners: ((limits: Pacer['limits']) => void)[] = []

  const go = (next: Pace) => {
    const isOther = next.inFlight !== pace.inFlight || next.share !== pace.share
    pace = next
    if (!isOther) return
    for (const turn of Object.values(turns)) turn.concurrency = pace.inFlight
    for (const tell of listeners) tell(pace)
  }
  return {
    get limits() {
      return pace
    },
    turn: (way, request) =>
      turns[way](() => {
        const ticket = ticketOf(pace, turns[way].activeCount)
        return request({
          answered(ms, bytes) {
            if (way === 'write') go(afterAnswer(pace, bounds, { ticket, full: turns.write.activeCount >= pace.inFlight, ms, bytes }))
          },
          failed: (kind) => go(afterFailure(pace, bounds, ticket, kind)),
        })
      }),
    atMost(inFlight) {
      if (set.concurrency === null) bounds = { ...bounds, most: Math.max(bounds.start, inFlight) }
    },
    onChange: (tell) => void listeners.push(tell),
  }
}
