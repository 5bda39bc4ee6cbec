/** Erases what is older than the site keeps it beside the work, at the start and from time to time: a server may live long without a run. */
import type { Store } from '../sql/store/store.ts'

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
  const ending = new AbortController()
  let going: Promise<void> | null = null
  const erase = () => {
    going ??= eraseOld(store, retention, ending.signal)
      .catch(onError)
      .finally(() => (going = null))
  }
  erase()
  const timer = setInterval(erase, EVERY_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      ending.abort()
      await going
    },
  }
}
