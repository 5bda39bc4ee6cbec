/** Every route of the two Java services. */
import { getDeltaData } from './delta.ts'
import { logs } from './logs.ts'
import { getColumns, getTables } from './mart.ts'
import { getAllMappings, getMapping, getMappingNames, importMappings, saveMapping } from './mappings.ts'
import type { OriginalRoute } from './original-route.ts'
import { session } from './session.ts'
import { pushData, syncData } from './sync.ts'
import { getMappingsSyncInfo, getMappingSyncInfo } from './sync-info.ts'

export const originalRoutes: readonly OriginalRoute[] = [
  session,
  getMappingNames,
  getMappingsSyncInfo,
  getMappingSyncInfo,
  getMapping,
  getAllMappings,
  saveMapping,
  importMappings,
  getTables,
  getColumns,
  getDeltaData,
  syncData,
  logs,
  pushData,
]
