import type { DatabasePool } from 'slonik'
import { joinedDelta } from '../mart/joined-delta.ts'
import { browseMethods } from '../mart/browse.ts'
import { findMart } from '../mart/find.ts'
import { readRelationFacts } from '../mart/facts.ts'
import { previewMethods } from '../mart/preview.ts'
import { accountMethods } from './accounts.ts'
import { auditMethods } from './audit.ts'
import type { ChunkLocks } from './chunk-locks.ts'
import { figureMethods } from './figures.ts'
import { logMethods, readLog } from './log.ts'
import { mappingMethods } from './mappings.ts'
import { originalMethods } from './originals.ts'
import { recordMethods } from './records.ts'
import { rehearsalMethods } from './rehearsal.ts'
import { rejectedMethods } from './rejected.ts'
import { eraseOlderThan, pruneRuns } from './retention.ts'
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
    findMart: () => findMart(pool, options),
    joinedDelta: (mapping, period, onRow) => joinedDelta(pool, options, mapping, period, onRow),
    ...previewMethods(pool, options),
    readRelationFacts: (mapping) => readRelationFacts(pool, options, mapping),
    readVanished: (mapping) => readVanished(pool, options, mapping),
    ...browseMethods(pool, options),
    ...rehearsalMethods(pool, options),
    ...rejectedMethods(pool),
    ...logMethods(pool),
    ...scheduleMethods(pool),
    ...figureMethods(pool),
    ...accountMethods(pool),
    ...sessionMethods(pool),
    ...tokenMethods(pool),
    ...auditMethods(pool),
    ...originalMethods(pool),
    eraseOlderThan: (days, signal) => eraseOlderThan(pool, days, signal),
    pruneRuns: (days, signal, kept) => pruneRuns(pool, days, signal, kept),
    readLog: (limit) => readLog(pool, limit),
    holdingPatients: locks.hold,
    async close() {
      await locks.close()
      await pool.end()
    },
  }
}
