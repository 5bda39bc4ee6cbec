import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { isUuid, refuseCursor } from '../cursor.ts'
import { syncOf } from './sync-view.ts'

export const listSyncs: Handler<typeof syncOperations.listSyncs> = async ({ query }, { store }) => {
  const { after, limit, mapping, state, active } = query
  if (after !== undefined && !isUuid(after)) refuseCursor()
  const { rows, next } = await store.listRuns({ mapping, state, active }, { after, limit })
  return { status: 200, body: { rows: rows.map(syncOf), next } }
}
