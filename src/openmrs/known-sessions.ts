/** Remembers for a short while what OpenMRS said of a cookie, and asks once for many requests at a time. */
import { LRUCache } from 'lru-cache'
import { hashOf } from '../accounts/secret.ts'
import { OpenmrsUnavailable } from './errors.ts'
import type { OpenmrsUser } from './session.ts'

export interface KnownSessions {
  /** @throws OpenmrsUnavailable */
  userOf: (session: string) => Promise<OpenmrsUser | null>
  forget: (session: string) => void
}

/** Whoever is signed out in OpenMRS, or loses a privilege there, is noticed here so much later. */
export const REMEMBERED_MS = 60_000
/** Whoever signs in there is noticed at once, but for a page that asked just before. */
export const NOBODY_REMEMBERED_MS = 5_000
/** Cookies that somebody makes up must not keep OpenMRS from its users. */
const QUESTIONS_AT_A_TIME = 50

/** @param now milliseconds that only grow */
export function rememberSessions(ask: (session: string) => Promise<OpenmrsUser | null>, now = () => performance.now()): KnownSessions {
  let asking = 0
  const cache = new LRUCache<string, { user: OpenmrsUser | null }, string>({
    max: 1000,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: { now },
    // a question that was begun is answered for all who wait
    ignoreFetchAbort: true,
    async fetchMethod(_hash, _stale, { options, context: session }) {
      if (asking >= QUESTIONS_AT_A_TIME) throw new OpenmrsUnavailable('OpenMRS has too much to answer now. Try again in a moment.')
      asking++
      try {
        const user = await ask(session)
        if (!user) options.ttl = NOBODY_REMEMBERED_MS
        return { user }
      } finally {
        asking--
      }
    },
  })
  return {
    userOf: async (session) => (await cache.fetch(hashOf(session), { context: session }))?.user ?? null,
    forget: (session) => void cache.delete(hashOf(session)),
  }
}
