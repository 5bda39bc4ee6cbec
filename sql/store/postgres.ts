import type { DatabasePool } from 'slonik'
import { browseMethods } from '../mart/browse.ts'
import { readRelationFacts } from '../mart/facts.ts'
import { previewMethods } from '../mart/preview.ts'
import type { ChunkLocks } from './chunk-locks.ts'
import { readLog } from './log.ts'
import { mappingMethods } from './mappings.ts'
import { recordMethods } from './records.ts'
import { rehearsalMethods } from './rehearsal.ts'
import { rejectedMethods } from './rejected.ts'
import { runMethods } from './runs.ts'
import { snapshotMethods } from './snapshot.ts'
import { readVanished } from './vanished.ts'
import type { MartOptions, Store } from './store.ts'

/** The store on PostgreSQL; close it to close its connections. */
export function createStore(pool: DatabasePool, locks: ChunkLocks, options: MartOptions): Store {
  return {
    ...mappingMethods(pool),
    ...runMethods(pool),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    ...previewMethods(pool, options),
    readRelationFacts: (mapping) => readRelationFacts(pool, options, mapping),
    readVanished: (mapping) => readVanished(pool, options, mapping),
    ...browseMethods(pool, options),
    ...rehearsalMethods(pool, options),
    ...rejectedMethods(pool),
    readLog: (limit) => readLog(pool, limit),
    holdingPatients: (runId, chunk, work) => locks.hold(runId, chunk, work),
    async close() {
      await locks.close()
      await pool.end()
    },
  }
}
