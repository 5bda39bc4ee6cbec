/** Every route of /api/v1, room by room. */
import { dhis2Operations } from './contract/dhis2.ts'
import { mappingOperations } from './contract/mappings.ts'
import { martOperations } from './contract/mart.ts'
import { dhis2Handlers } from './handlers/dhis2/index.ts'
import { mappingHandlers } from './handlers/mappings/index.ts'
import { martHandlers } from './handlers/mart/index.ts'
import { previewOperations } from './contract/previews.ts'
import { previewHandlers } from './handlers/previews/index.ts'
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
import { statusHandlers } from './handlers/status/index.ts'
import { syncHandlers } from './handlers/syncs/index.ts'

export const routes: readonly Route[] = [
  ...routesOf(mappingOperations, mappingHandlers),
  ...routesOf(martOperations, martHandlers),
  ...routesOf(dhis2Operations, dhis2Handlers),
  ...routesOf(previewOperations, previewHandlers),
  ...routesOf(sessionOperations, sessionHandlers),
  ...routesOf(auditOperations, auditHandlers),
  ...routesOf(syncOperations, syncHandlers),
  ...routesOf(rejectedOperations, rejectedHandlers),
  ...routesOf(scheduleOperations, scheduleHandlers),
  ...routesOf(logOperations, logHandlers),
  ...routesOf(statusOperations, statusHandlers),
]
