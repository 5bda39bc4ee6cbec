/** Server-sent events of something that is followed: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { Follower, Seen } from './following.ts'

export interface EventStreamOptions<State> {
  textOf: (seen: Seen<State>) => string
  /** a comment so often keeps proxies from cutting a silent connection */
  heartbeatMs: number
  /** then the caller has to come again, and to show again who it is */
  longestMs: number
}

/** for the caller's next try, when it was cut off */
const RETRY_MS = 2000

/**
 * Each event has all there is to say, so a caller that is slow or was away misses nothing when it gets the newest only. No generator: one that waits for
 * its next event would hear of its end only with that.
 */
export function eventStream<State>(
  follow: (follower: Follower<State>) => () => void,
  { textOf, heartbeatMs, longestMs }: EventStreamOptions<State>,
): AsyncIterable<string> {
  let begin = `retry: ${RETRY_MS}\n\n`
  let waiting: string | null = null
  let isOver = false
  let wake = () => {}
  const say = (text: string) => {
    waiting = text
    wake()
  }
  const end = () => {
    isOver = true
    wake()
  }
  const unfollow = follow({ onState: (seen) => say(textOf(seen)), onGone: end })
  const heartbeat = setInterval(() => waiting ?? say(': still there\n\n'), heartbeatMs).unref()
  const limit = setTimeout(end, longestMs).unref()
  const stop = () => {
    end()
    unfollow()
    clearInterval(heartbeat)
    clearTimeout(limit)
    return { done: true as const, value: undefined }
  }
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (waiting === null && !isOver) await new Promise<void>((resolve) => (wake = resolve))
        if (waiting === null) return stop()
        const value = `${begin}${waiting}`
        begin = ''
        waiting = null
        return { done: false, value }
      },
      return: () => Promise.resolve(stop()),
    }),
  }
}
