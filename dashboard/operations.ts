/** All operations of the HTTP API, as the contract declares them: the build makes the client's table of addresses of it, the client its types. */
import { auditOperations } from '../src/api/contract/audit.ts'
import { dhis2Operations } from '../src/api/contract/dhis2.ts'
import { logOperations } from '../src/api/contract/logs.ts'
import { mappingOperations } from '../src/api/contract/mappings.ts'
import { martOperations } from '../src/api/contract/mart.ts'
import { previewOperations } from '../src/api/contract/previews.ts'
import { rejectedOperations } from '../src/api/contract/rejected.ts'
import { scheduleOperations } from '../src/api/contract/schedules.ts'
import { sessionOperations } from '../src/api/contract/session.ts'
import { statusOperations } from '../src/api/contract/status.ts'
import { syncOperations } from '../src/api/contract/syncs.ts'

export const operations = {
  ...auditOperations,
  ...dhis2Operations,
  ...logOperations,
  ...mappingOperations,
  ...martOperations,
  ...previewOperations,
  ...rejectedOperations,
  ...scheduleOperations,
  ...sessionOperations,
  ...statusOperations,
  ...syncOperations,
}
export type AllOperations = typeof operations
