/** Work beside the work, for as long as a process lives: one at a time, however long it takes. */

interface Options {
  onError?: (error: Error) => void
  /** the first time, too, without waiting */
  atOnce?: boolean
}

/** @returns its end: the signal tells what goes on then, and the promise waits for it */
export function fromTimeToTime(
  everyMs: number,
  work: (ending: AbortSignal) => Promise<unknown>,
  { onError = () => {}, atOnce = false }: Options = {},
): () => Promise<void> {
  const ending = new AbortController()
  let going: Promise<void> | null = null
  const look = () => {
    going ??= work(ending.signal)
      .then(() => {}, onError)
      .finally(() => (going = null))
  }
  if (atOnce) look()
  const timer = setInterval(look, everyMs).unref()
  return async () => {
    clearInterval(timer)
    ending.abort()
    await going
  }
}
