import type { DatabasePool } from 'slonik'
import { describeMart, previewDelta } from '../mart/preview.ts'
import type { ChunkLocks } from './chunk-locks.ts'
import { readLog } from './log.ts'
import { listMappings, readMapping, saveMappings } from './mappings.ts'
import { recordMethods } from './records.ts'
import { rejectedMethods } from './rejected.ts'
import { eraseOlderThan } from './retention.ts'
import { runMethods } from './runs.ts'
import { snapshotMethods } from './snapshot.ts'
import { readVanished } from './vanished.ts'
import type { MartOptions, Store } from './store.ts'

/** The store on PostgreSQL; close it to close its connections. */
export function createStore(pool: DatabasePool, locks: ChunkLocks, options: MartOptions): Store {
  return {
    readMapping: (name) => readMapping(pool, name),
    listMappings: () => listMappings(pool),
    saveMappings: (mappings, user) => saveMappings(pool, mappings, user),
    ...runMethods(pool),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    previewDelta: (mapping, request, onRow) => previewDelta(pool, options, mapping, request, onRow),
    describeMart: (mapping) => describeMart(pool, options, mapping),
    readVanished: (mapping) => readVanished(pool, options, mapping),
    ...rejectedMethods(pool),
    eraseOlderThan: (days, signal) => eraseOlderThan(pool, days, signal),
    readLog: (limit) => readLog(pool, limit),
    holdingPatients: locks.hold,
    async close() {
      await locks.close()
      await pool.end()
    },
  }
}
