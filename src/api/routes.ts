/** Every route of /api/v1, room by room. */
import { dhis2Operations } from './contract/dhis2.ts'
import { mappingOperations } from './contract/mappings.ts'
import { martOperations } from './contract/mart.ts'
import { dhis2Handlers } from './handlers/dhis2/index.ts'
import { mappingHandlers } from './handlers/mappings/index.ts'
import { martHandlers } from './handlers/mart/index.ts'
import { auditOperations } from './contract/audit.ts'
import { sessionOperations } from './contract/session.ts'
import { routesOf, type Route } from './handler.ts'
import { auditHandlers } from './handlers/audit/index.ts'
import { sessionHandlers } from './handlers/session/index.ts'

export const routes: readonly Route[] = [
  ...routesOf(mappingOperations, mappingHandlers),
  ...routesOf(martOperations, martHandlers),
  ...routesOf(dhis2Operations, dhis2Handlers),
  ...routesOf(sessionOperations, sessionHandlers),
  ...routesOf(auditOperations, auditHandlers),
]
