/** Looks at what somebody follows, for as long as anybody does: one look at a time for each thing, however many follow it. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Seen<State> {
  state: State
  /** the same as long as nothing changed */
  mark: string
  /** grows with each change */
  version: number
  /** nothing will change any more */
  last: boolean
}

export interface Follower<State> {
  /** at once what is known, then each change */
  onState: (seen: Seen<State>) => void
  /** this process ends, or the thing is no more */
  onGone: () => void
}

export interface Following<State> {
  /** @returns what ends it */
  follow: (id: string, follower: Follower<State>) => () => void
  /** how many things are looked at: none when nobody follows */
  watched: () => number
  close: () => void
}

interface Channel<State> {
  followers: Set<Follower<State>>
  seen: Seen<State> | null
  stop: AbortController
}

/** @param look null: there is no such thing. What it throws is passed over: it looks again. */
export function openFollowing<State>(look: (id: string) => Promise<Seen<State> | null>, pollMs: number): Following<State> {
  const channels = new Map<string, Channel<State>>()

  const watch = async (id: string, channel: Channel<State>) => {
    const { signal } = channel.stop
    while (!signal.aborted) {
      const seen = await look(id).catch(() => undefined)
      if (signal.aborted) return
      if (seen === null) return end(id, channel)
      if (seen && seen.mark !== channel.seen?.mark) {
        // clocks may stand still
        channel.seen = { ...seen, version: Math.max(seen.version, (channel.seen?.version ?? 0) + 1) }
        for (const follower of channel.followers) follower.onState(channel.seen)
      }
      if (seen?.last) return end(id, channel)
      await sleep(pollMs, undefined, { signal }).catch(() => {})
    }
  }

  const end = (id: string, channel: Channel<State>) => {
    channel.stop.abort()
    channels.delete(id)
    for (const follower of channel.followers) follower.onGone()
  }

  return {
    follow(id, follower) {
      const known = channels.get(id)
      const channel = known ?? { followers: new Set(), seen: null, stop: new AbortController() }
      channel.followers.add(follower)
      if (!known) {
        channels.set(id, channel)
        void watch(id, channel)
      } else if (known.seen) follower.onState(known.seen)
      return () => {
        channel.followers.delete(follower)
        if (channel.followers.size > 0 || channel.stop.signal.aborted) return
        channel.stop.abort()
        channels.delete(id)
      }
    },
    watched: () => channels.size,
    close() {
      for (const [id, channel] of channels) end(id, channel)
    },
  }
}
