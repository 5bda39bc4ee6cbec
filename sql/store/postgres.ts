import type { DatabasePool } from 'slonik'
import { describeMart, previewDelta } from '../mart/preview.ts'
import { readLog } from './log.ts'
import { listMappings, readMapping, saveMappings } from './mappings.ts'
import { recordMethods } from './records.ts'
import { rejectedMethods } from './rejected.ts'
import { eraseOld } from './retention.ts'
import { runMethods } from './runs.ts'
import { snapshotMethods } from './snapshot.ts'
import type { MartOptions, Store } from './store.ts'

/** The store on PostgreSQL; close it to close its pool. */
export function createStore(pool: DatabasePool, options: MartOptions): Store {
  return {
    readMapping: (name) => readMapping(pool, name),
    listMappings: () => listMappings(pool),
    saveMappings: (mappings, user) => saveMappings(pool, mappings, user),
    ...runMethods(pool),
    ...snapshotMethods(pool, options),
    ...recordMethods(pool),
    ...rejectedMethods(pool),
    eraseOld: (days, except) => eraseOld(pool, days, except?.runId ?? null),
    previewDelta: (mapping, request, onRow) => previewDelta(pool, options, mapping, request, onRow),
    describeMart: (mapping) => describeMart(pool, options, mapping),
    readLog: (limit) => readLog(pool, limit),
    close: () => pool.end(),
  }
}
