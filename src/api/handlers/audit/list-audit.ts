import type { auditOperations } from '../../contract/audit.ts'
import type { Handler } from '../../handler.ts'

export const listAudit: Handler<typeof auditOperations.listAudit> = async ({ query: { limit, ...filter } }, { store }) => {
  const found = await store.listAudit(filter, limit + 1)
  const rows = found.slice(0, limit).map((entry) => ({ ...entry, at: entry.at.toISOString() }))
  return { status: 200, body: { rows, older: found.length > limit } }
}
