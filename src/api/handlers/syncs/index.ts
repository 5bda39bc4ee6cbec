import type { syncOperations } from '../../contract/syncs.ts'
import type { Handlers } from '../../handler.ts'
import { cancelSync } from './cancel-sync.ts'
import { followSync } from './follow-sync.ts'
import { listSyncs } from './list-syncs.ts'
import { readLastSyncs } from './read-last-syncs.ts'
import { readSync } from './read-sync.ts'
import { readSyncLog } from './read-sync-log.ts'
import { readSyncWarnings } from './read-sync-warnings.ts'
import { startSync } from './start-sync.ts'

export const syncHandlers: Handlers<typeof syncOperations> = {
  startSync,
  listSyncs,
  readLastSyncs,
  readSync,
  followSync,
  readSyncLog,
  readSyncWarnings,
  cancelSync,
}
