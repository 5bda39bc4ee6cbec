/** sync_login_attempt: how often somebody tried to sign in, counted over all processes. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'

export interface LoginAttempts {
  /** Counts it. @returns seconds to wait, when there were too many; null: go on */
  begin: (name: string, address: string) => Promise<number | null>
  /** It was the right password, and so does not count. */
  succeeded: (name: string, address: string) => Promise<void>
  close: () => Promise<void>
}

const WINDOW_SECONDS = 15 * 60
/** of one name from one address */
export const TRIES_OF_A_NAME = 5
/** of all names from one address: a clinic's users may all come through one proxy */
export const TRIES_OF_AN_ADDRESS = 50

/** The library's store wants a pool of pg; it connects when somebody signs in, and lets go soon after. */
export function openLoginAttempts(databaseUrl: string, storeSchema: string): LoginAttempts {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 2,
    idleTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    application_name: 'bahmni-dhis2-sync sign-in',
  })
  pool.on('error', () => {})
  const limiter = (keyPrefix: string, points: number) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      schemaName: storeSchema,
      tableName: 'sync_login_attempt',
      tableCreated: true,
      keyPrefix,
      points,
      duration: WINDOW_SECONDS,
    })
  const [byName, byAddress] = [limiter('name', TRIES_OF_A_NAME), limiter('address', TRIES_OF_AN_ADDRESS)]
  // hashed: now and then somebody types the password into the field of the name
  const key = (...parts: string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  const nameKey = (name: string, address: string) => key(name.toLowerCase(), address)
  return {
    async begin(name, address) {
      // counted before the password is looked at: a hundred requests at once are a hundred tries
      const waits = await Promise.all([secondsOf(byAddress.consume(key(address))), secondsOf(byName.consume(nameKey(name, address)))])
      const longest = Math.max(...waits)
      return longest === 0 ? null : longest
    },
    async succeeded(name, address) {
      await Promise.all([byName.delete(nameKey(name, address)), byAddress.reward(key(address))])
    },
    close: () => pool.end(),
  }
}

/** 0: it is one of those that are allowed */
async function secondsOf(consumed: Promise<RateLimiterRes>): Promise<number> {
  try {
    await consumed
    return 0
  } catch (error) {
    if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1000))
    throw error
  }
}
