import type { DatabasePool } from 'slonik'
import { findMart } from '../mart/find.ts'
import { browseMethods } from '../mart/browse.ts'
import { readRelationFacts } from '../mart/facts.ts'
import { previewDelta } from '../mart/preview.ts'
import { accountMethods } from './accounts.ts'
import { auditMethods } from './audit.ts'
import type { ChunkLocks } from './chunk-locks.ts'
import { figureMethods } from './figures.ts'
import { logMethods, readLog } from './log.ts'
import { mappingMethods } from './mappings.ts'
import { recordMethods } from './records.ts'
import { rejectedMethods } from './rejected.ts'
import { runMethods } from './runs.ts'
import { scheduleMethods } from './schedules.ts'
import { syncListMethods } from './sync-lists.ts'
import { syncRequestMethods } from './sync-requests.ts'
import { sessionMethods } from './sessions.ts'
import { snapshotMethods } from './snapshot.ts'
import { tokenMethods } from './tokens.ts'
import { readVanished } from './vanished.ts'
import type { MartOptions, Store } from './store.ts'

/** The store on PostgreSQL; close it to close its connections. */
export function createStore(pool: DatabasePool, locks: ChunkLocks, options: MartOptions): Store {
  const runs = runMethods(pool)
  return {
    ...mappingMethods(pool),
    ...runs,
    ...syncRequestMethods(pool),
    ...syncListMethods(pool, runs),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    previewDelta: (mapping, request, onRow) => previewDelta(pool, options, mapping, request, onRow),
    findMart: () => findMart(pool, options),
    readRelationFacts: (mapping) => readRelationFacts(pool, options, mapping),
    readVanished: (mapping) => readVanished(pool, options, mapping),
    ...browseMethods(pool, options),
    ...rejectedMethods(pool),
    ...logMethods(pool),
    ...scheduleMethods(pool),
    ...figureMethods(pool),
    ...accountMethods(pool),
    ...sessionMethods(pool),
    ...tokenMethods(pool),
    ...auditMethods(pool),
    readLog: (limit) => readLog(pool, limit),
    holdingPatients: (runId, chunk, work) => locks.hold(runId, chunk, work),
    async close() {
      await locks.close()
      await pool.end()
    },
  }
}
