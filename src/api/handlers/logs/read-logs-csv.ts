import { csvLine } from '../../../csv.ts'
import type { LogFilter } from '../../../../sql/store/log.ts'
import type { Store } from '../../../../sql/store/store.ts'
import type { logOperations } from '../../contract/logs.ts'
import type { Handler } from '../../handler.ts'

const HEAD = ['Service', 'Username', 'Comments', 'Status', 'Status Info', 'Sync Date', 'Start Date', 'End Date', 'Sync']
const PAGE = 1000

export const readLogsCsv: Handler<typeof logOperations.readLogsCsv> = ({ query }, { store }) =>
  Promise.resolve({ status: 200, filename: 'sync-log.csv', stream: linesOf(store, query) })

/** Page by page: memory does not grow with the log, and no connection is held for as long as the caller reads. */
async function* linesOf(store: Store, filter: LogFilter): AsyncGenerator<string> {
  yield csvLine(HEAD)
  let before: number | undefined
  for (;;) {
    const { rows } = await store.listLog(filter, { before, limit: PAGE })
    yield rows
      .map((r) => csvLine([r.service, r.user, r.comments, r.status, r.statusInfo, r.at?.toISOString() ?? null, r.from, r.to, r.syncId]))
      .join('')
    if (rows.length < PAGE) return
    before = rows.at(-1)!.id
  }
}
