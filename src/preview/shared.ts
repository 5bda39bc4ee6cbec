/** One answer for all who ask for the same at the same time: a look at a preview costs a scan of the Mart, whose database a sync needs, too. */
import { LRUCache } from 'lru-cache'

export type Shared<Answer> = (key: string, make: () => Promise<Answer>) => Promise<Answer>

/** What took so long to make is kept for a while. */
export const DEAR_MS = 1000
/** … for so many times what it took: making it over and over takes a sixth of the time then */
const KEPT_TIMES = 5
const LONGEST_MS = 15_000
const ANSWERS = 20

export function openShared<Answer>(dearMs: number, now = () => performance.now()): Shared<Answer> {
  const kept = new LRUCache<string, Promise<Answer>>({ max: ANSWERS })
  return (key, make) => {
    const there = kept.get(key)
    if (there) return there
    const began = now()
    const making = make().finally(() => kept.delete(key))
    kept.set(key, making)
    making.then(
      () => {
        const took = now() - began
        if (took >= dearMs) kept.set(key, making, { ttl: Math.min(LONGEST_MS, KEPT_TIMES * took) })
      },
      () => {},
    )
    return making
  }
}
