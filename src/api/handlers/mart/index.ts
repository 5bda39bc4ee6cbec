import type { martOperations } from '../../contract/mart.ts'
import type { Handlers } from '../../handler.ts'
import { listColumns } from './list-columns.ts'
import { listRelations } from './list-relations.ts'

export const martHandlers: Handlers<typeof martOperations> = { listRelations, listColumns }
