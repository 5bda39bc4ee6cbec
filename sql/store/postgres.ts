import type { DatabasePool } from 'slonik'
import { readLog } from './log.ts'
import { listMappings, readMapping, saveMappings } from './mappings.ts'
import { recordMethods } from './records.ts'
import { runMethods } from './runs.ts'
import { snapshotMethods, type SnapshotOptions } from './snapshot.ts'
import type { Store } from './store.ts'

/** The store on PostgreSQL; close it to close its pool. */
export function createStore(pool: DatabasePool, options: SnapshotOptions): Store {
  return {
    readMapping: (name) => readMapping(pool, name),
    listMappings: () => listMappings(pool),
    saveMappings: (mappings, user) => saveMappings(pool, mappings, user),
    ...runMethods(pool),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    readLog: (limit) => readLog(pool, limit),
    close: () => pool.end(),
  }
}
