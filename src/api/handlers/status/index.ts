import type { statusOperations } from '../../contract/status.ts'
import type { Handlers } from '../../handler.ts'
import { readSettings } from './read-settings.ts'
import { readStatistics } from './read-statistics.ts'
import { readStatus } from './read-status.ts'
import { runChecks } from './run-checks.ts'

export const statusHandlers: Handlers<typeof statusOperations> = { readStatus, readStatistics, readSettings, runChecks }
