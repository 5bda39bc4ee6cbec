import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handlers } from '../../handler.ts'
import { dismissRejected } from './dismiss-rejected.ts'
import { groupRejected } from './group-rejected.ts'
import { listRejected } from './list-rejected.ts'
import { readRejectedCsv } from './read-rejected-csv.ts'
import { reopenRejected } from './reopen-rejected.ts'
import { retryRejected } from './retry-rejected.ts'

export const rejectedHandlers: Handlers<typeof rejectedOperations> = {
  listRejected,
  readRejectedCsv,
  groupRejected,
  retryRejected,
  dismissRejected,
  reopenRejected,
}
