import type { logOperations } from '../../contract/logs.ts'
import type { Handlers } from '../../handler.ts'
import { listLogs } from './list-logs.ts'
import { readLogsCsv } from './read-logs-csv.ts'

export const logHandlers: Handlers<typeof logOperations> = { listLogs, readLogsCsv }
