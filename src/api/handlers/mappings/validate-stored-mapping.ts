import { MappingNotFoundError } from '../../../../sql/store/store.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { findingsFor } from './validation.ts'

export const validateStoredMapping: Handler<typeof mappingOperations.validateStoredMapping> = async ({ params, principal }, ctx) => {
  const mapping = await ctx.store.readMapping(params.name)
  if (!mapping) throw new MappingNotFoundError(params.name)
  return { status: 200, body: await findingsFor(mapping, principal, ctx) }
}
