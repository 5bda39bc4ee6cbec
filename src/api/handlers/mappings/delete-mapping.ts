import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { expecting } from './answers.ts'
import { audited } from './audit.ts'

export const deleteMapping: Handler<typeof mappingOperations.deleteMapping> = async (call, ctx) => {
  const { name } = call.params
  const { withHistory } = call.query
  await ctx.store.deleteMapping(name, expecting(call.headers['if-match']), withHistory)
  const along = withHistory ? ' with its markers, its work list and the memory of what was sent' : ''
  await audited(ctx, call, 'DELETE_DHIS_MAPPING', `deleted mapping ${name}${along}`)
  return { status: 204 }
}
