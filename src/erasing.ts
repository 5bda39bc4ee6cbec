/** Erases what is older than the site keeps it beside the work, at the start and from time to time: a server may live long without a run. */
import type { Store } from '../sql/store/store.ts'
import { fromTimeToTime } from './from-time-to-time.ts'

const EVERY_MS = 6 * 3600_000

export interface Erasing {
  /** ends what is being erased, soon */
  stop: () => Promise<void>
}

/** In days. */
export interface Retention {
  failures: number
  runs: number
}

type Erased = Pick<Store, 'eraseOlderThan' | 'pruneRuns'>

export async function eraseOld(store: Erased, { failures, runs }: Retention, signal?: AbortSignal): Promise<void> {
  await store.eraseOlderThan(failures, signal)
  await store.pruneRuns(runs, signal)
}

export function startErasing(store: Erased, retention: Retention, onError: (error: Error) => void): Erasing {
  return { stop: fromTimeToTime(EVERY_MS, (ending) => eraseOld(store, retention, ending), { onError, atOnce: true }) }
}
