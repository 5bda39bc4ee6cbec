import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handlers } from '../../handler.ts'
import { createMapping } from './create-mapping.ts'
import { deleteMapping } from './delete-mapping.ts'
import { exportMappings } from './export-mappings.ts'
import { importMappings } from './import-mappings.ts'
import { listMappings } from './list-mappings.ts'
import { readMapping } from './read-mapping.ts'
import { readMappingFileSchema } from './read-mapping-file-schema.ts'
import { replaceMapping } from './replace-mapping.ts'
import { validateMapping } from './validate-mapping.ts'
import { validateStoredMapping } from './validate-stored-mapping.ts'

export const mappingHandlers: Handlers<typeof mappingOperations> = {
  listMappings,
  readMapping,
  createMapping,
  replaceMapping,
  deleteMapping,
  exportMappings,
  importMappings,
  readMappingFileSchema,
  validateMapping,
  validateStoredMapping,
}
