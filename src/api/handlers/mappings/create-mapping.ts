import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { acceptedMapping, bodyOf } from './answers.ts'
import { audited } from './audit.ts'

export const createMapping: Handler<typeof mappingOperations.createMapping> = async (call, ctx) => {
  const mapping = acceptedMapping(call.body)
  await ctx.store.createMapping(mapping, call.principal.name)
  await audited(ctx, call, 'SAVE_DHIS_MAPPING', `added mapping ${mapping.name}`)
  const stored = (await ctx.store.readStoredMapping(mapping.name))!
  const location = `/api/v1/mappings/${encodeURIComponent(mapping.name)}`
  return { status: 201, headers: { etag: stored.etag, location }, body: bodyOf(stored) }
}
