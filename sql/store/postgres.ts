import type { DatabasePool } from 'slonik'
import { findMart } from '../mart/find.ts'
import { describeMart, previewDelta } from '../mart/preview.ts'
import { accountMethods } from './accounts.ts'
import { auditMethods } from './audit.ts'
import type { ChunkLocks } from './chunk-locks.ts'
import { figureMethods } from './figures.ts'
import { logMethods, readLog } from './log.ts'
import { listMappings, readMapping, saveMappings } from './mappings.ts'
import { recordMethods } from './records.ts'
import { rejectedMethods } from './rejected.ts'
import { eraseOlderThan } from './retention.ts'
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
    readMapping: (name) => readMapping(pool, name),
    listMappings: () => listMappings(pool),
    saveMappings: (mappings, user) => saveMappings(pool, mappings, user),
    ...runs,
    ...syncRequestMethods(pool),
    ...syncListMethods(pool, runs),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    previewDelta: (mapping, request, onRow) => previewDelta(pool, options, mapping, request, onRow),
    findMart: () => findMart(pool, options),
    describeMart: (mapping) => describeMart(pool, options, mapping),
    readVanished: (mapping) => readVanished(pool, options, mapping),
    ...rejectedMethods(pool),
    ...logMethods(pool),
    ...scheduleMethods(pool),
    ...figureMethods(pool),
    ...accountMethods(pool),
    ...sessionMethods(pool),
    ...tokenMethods(pool),
    ...auditMethods(pool),
    eraseOlderThan: (days, signal) => eraseOlderThan(pool, days, signal),
    readLog: (limit) => readLog(pool, limit),
    holdingPatients: locks.hold,
    async close() {
      await locks.close()
      await pool.end()
    },
  }
}
