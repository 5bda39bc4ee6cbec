import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { found } from './found.ts'
import { detailOf } from './sync-view.ts'

export const readSync: Handler<typeof syncOperations.readSync> = async ({ params }, { store }) => {
  return { status: 200, body: detailOf(found(params.id, await store.readProgress(params.id))) }
}
