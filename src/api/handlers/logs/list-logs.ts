import type { logOperations } from '../../contract/logs.ts'
import type { Handler } from '../../handler.ts'

export const listLogs: Handler<typeof logOperations.listLogs> = async ({ query }, { store }) => {
  const { before, after, limit, ...filter } = query
  const { rows, older, newer } = await store.listLog(filter, { before, after, limit })
  return { status: 200, body: { rows: rows.map((row) => ({ ...row, at: row.at?.toISOString() ?? null })), older, newer } }
}
