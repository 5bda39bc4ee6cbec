/** Our tables, and the Mart beside them, from the configuration. Apart from the service: a command that needs the database alone starts sooner. */
import { openPool } from '../sql/pool.ts'
import { openChunkLocks } from '../sql/store/chunk-locks.ts'
import { createStore } from '../sql/store/postgres.ts'
import type { Store } from '../sql/store/store.ts'
import type { Config } from './config.ts'
import { MOST_AT_A_TIME } from './dhis2/pacer.ts'

export async function openStore(config: Config): Promise<Store> {
  const pool = await openPool({
    databaseUrl: config.databaseUrl!,
    storeSchema: config.storeSchema,
    timeZone: config.timeZone,
    size: config.poolSize,
  })
  // as many as a worker has chunks at a time
  const locks = openChunkLocks(config.databaseUrl!, config.storeSchema, (config.concurrency ?? MOST_AT_A_TIME) + 1)
  return createStore(pool, locks, {
    martSchema: config.martSchema,
    storeSchema: config.storeSchema,
    overlapDays: config.overlapDays,
  })
}
