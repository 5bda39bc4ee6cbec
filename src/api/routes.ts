/** Every route of /api/v1, room by room. */
import { dhis2Operations } from './contract/dhis2.ts'
import { mappingOperations } from './contract/mappings.ts'
import { martOperations } from './contract/mart.ts'
import { previewOperations } from './contract/previews.ts'
import { routesOf, type Route } from './handler.ts'
import { dhis2Handlers } from './handlers/dhis2/index.ts'
import { mappingHandlers } from './handlers/mappings/index.ts'
import { martHandlers } from './handlers/mart/index.ts'
import { previewHandlers } from './handlers/previews/index.ts'

export const routes: readonly Route[] = [
  ...routesOf(mappingOperations, mappingHandlers),
  ...routesOf(martOperations, martHandlers),
  ...routesOf(dhis2Operations, dhis2Handlers),
  ...routesOf(previewOperations, previewHandlers),
]
