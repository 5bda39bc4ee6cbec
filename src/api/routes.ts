/** Every route of /api/v1, room by room. */
import { auditOperations } from './contract/audit.ts'
import { sessionOperations } from './contract/session.ts'
import { routesOf, type Route } from './handler.ts'
import { auditHandlers } from './handlers/audit/index.ts'
import { sessionHandlers } from './handlers/session/index.ts'

export const routes: readonly Route[] = [...routesOf(sessionOperations, sessionHandlers), ...routesOf(auditOperations, auditHandlers)]
