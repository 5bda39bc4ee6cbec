import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { auditOf } from './answers.ts'

export const listMappings: Handler<typeof mappingOperations.listMappings> = async ({ query }, { store }) => {
  const rows = (await store.listStoredMappings(query.search ?? '')).map((stored) => ({
    name: stored.mapping.name,
    etag: stored.etag,
    instance: stored.mapping.instance.table,
    enrollments: stored.mapping.enrollments.table,
    events: stored.mapping.events.map((event) => event.table),
    ...auditOf(stored),
  }))
  return { status: 200, body: { rows } }
}
