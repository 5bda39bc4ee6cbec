/** Erases what is older than FAILURE_RETENTION_DAYS beside the work, at the start and from time to time: a server may live long without a run. */
import type { Store } from '../sql/store/store.ts'

const EVERY_MS = 6 * 3600_000

export interface Erasing {
  /** ends what is being erased, soon */
  stop: () => Promise<void>
}

export function startErasing(store: Pick<Store, 'eraseOlderThan'>, days: number, onError: (error: Error) => void): Erasing {
  const ending = new AbortController()
  let going: Promise<void> | null = null
  const erase = () => {
    going ??= store
      .eraseOlderThan(days, ending.signal)
      .then(() => {}, onError)
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
