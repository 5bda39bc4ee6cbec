import { MappingNotFoundError } from '../../../../sql/store/store.ts'
import { mappingParts } from '../../../core/mapping-file.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { audited } from './audit.ts'

export const exportMappings: Handler<typeof mappingOperations.exportMappings> = async (call, ctx) => {
  const { name } = call.query
  const mappings = (await ctx.store.listMappings()).filter((mapping) => name === undefined || mapping.name === name)
  if (name !== undefined && mappings.length === 0) throw new MappingNotFoundError(name)
  if (name === undefined) await audited(ctx, call, 'EXPORT_ALL_MAPPINGS', 'exported all mappings')
  else await audited(ctx, call, 'EXPORT_MAPPING_SERVICE', `exported ${name} Mapping Service`)
  return { status: 200, body: mappings.map(mappingParts) }
}
