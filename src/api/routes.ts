/** Every route of /api/v1, room by room. */
import { auditOperations } from './contract/audit.ts'
import { logOperations } from './contract/logs.ts'
import { rejectedOperations } from './contract/rejected.ts'
import { scheduleOperations } from './contract/schedules.ts'
import { sessionOperations } from './contract/session.ts'
import { statusOperations } from './contract/status.ts'
import { syncOperations } from './contract/syncs.ts'
import { routesOf, type Route } from './handler.ts'
import { auditHandlers } from './handlers/audit/index.ts'
import { logHandlers } from './handlers/logs/index.ts'
import { rejectedHandlers } from './handlers/rejected/index.ts'
import { scheduleHandlers } from './handlers/schedules/index.ts'
import { sessionHandlers } from './handlers/session/index.ts'
import { readStatistics } from './handlers/status/read-statistics.ts'
import { readStatus } from './handlers/status/read-status.ts'
import { syncHandlers } from './handlers/syncs/index.ts'

const { readStatus: status, readStatistics: statistics } = statusOperations

export const routes: readonly Route[] = [
  ...routesOf(sessionOperations, sessionHandlers),
  ...routesOf(auditOperations, auditHandlers),
  ...routesOf(syncOperations, syncHandlers),
  ...routesOf(rejectedOperations, rejectedHandlers),
  ...routesOf(scheduleOperations, scheduleHandlers),
  ...routesOf(logOperations, logHandlers),
  ...routesOf({ readStatus: status, readStatistics: statistics }, { readStatus, readStatistics }),
]
