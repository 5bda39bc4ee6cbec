import { MappingNotFoundError } from '../../../../sql/store/store.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { acceptedMapping, bodyOf, expecting } from './answers.ts'
import { audited } from './audit.ts'

export const replaceMapping: Handler<typeof mappingOperations.replaceMapping> = async (call, ctx) => {
  const { name } = call.params
  const ifMatch = call.headers['if-match']
  if (ifMatch === undefined)
    throw new ApiProblem('precondition-required', 'Send the ETag of the mapping that you have read in the header If-Match.')
  const mapping = acceptedMapping(call.body)
  await ctx.store.replaceMapping(name, mapping, call.principal.name, expecting(ifMatch))
  const renamed = mapping.name === name ? '' : `, and renamed it to ${mapping.name}`
  await audited(ctx, call, 'SAVE_DHIS_MAPPING', `changed mapping ${name}${renamed}`)
  const stored = await ctx.store.readStoredMapping(mapping.name)
  if (!stored) throw new MappingNotFoundError(mapping.name)
  return { status: 200, headers: { etag: stored.etag }, body: bodyOf(stored) }
}
