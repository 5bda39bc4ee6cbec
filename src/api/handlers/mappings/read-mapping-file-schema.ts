import { MAPPING_FILE_SCHEMA } from '../../../core/mapping-file-schema.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'

export const readMappingFileSchema: Handler<typeof mappingOperations.readMappingFileSchema> = () =>
  Promise.resolve({ status: 200, body: { ...MAPPING_FILE_SCHEMA } })
