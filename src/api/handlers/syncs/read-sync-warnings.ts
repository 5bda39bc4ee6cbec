import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { isNumber, refuseCursor } from '../cursor.ts'
import { found } from './found.ts'

export const readSyncWarnings: Handler<typeof syncOperations.readSyncWarnings> = async ({ params, query }, { store }) => {
  found(params.id, await store.readRun(params.id))
  if (query.after !== undefined && !isNumber(query.after)) refuseCursor()
  const { rows, next } = await store.listWarnings(params.id, query)
  return {
    status: 200,
    body: { rows: rows.map(({ kind, patientId, recordKey, warning }) => ({ kind, patientId, recordKey, warning })), next },
  }
}
