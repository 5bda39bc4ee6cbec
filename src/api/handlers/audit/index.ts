import type { auditOperations } from '../../contract/audit.ts'
import type { Handlers } from '../../handler.ts'
import { listAudit } from './list-audit.ts'

export const auditHandlers: Handlers<typeof auditOperations> = { listAudit }
