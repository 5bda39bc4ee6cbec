import type { statusOperations } from '../../contract/status.ts'
import type { Handler } from '../../handler.ts'

export const readStatistics: Handler<typeof statusOperations.readStatistics> = async ({ query }, { store }) => ({
  status: 200,
  body: { rows: [...(await store.countByDay(query.days))] },
})
