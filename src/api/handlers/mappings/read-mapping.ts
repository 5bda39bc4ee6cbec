import { MappingNotFoundError } from '../../../../sql/store/store.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { bodyOf } from './answers.ts'

export const readMapping: Handler<typeof mappingOperations.readMapping> = async ({ params }, { store }) => {
  const stored = await store.readStoredMapping(params.name)
  if (!stored) throw new MappingNotFoundError(params.name)
  return { status: 200, headers: { etag: stored.etag }, body: bodyOf(stored) }
}
