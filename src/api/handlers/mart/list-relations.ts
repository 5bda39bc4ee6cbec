import type { martOperations } from '../../contract/mart.ts'
import type { Handler } from '../../handler.ts'

export const listRelations: Handler<typeof martOperations.listRelations> = async ({ query }, { store }) => ({
  status: 200,
  body: { rows: [...(await store.listMartRelations(query.search ?? ''))] },
})
