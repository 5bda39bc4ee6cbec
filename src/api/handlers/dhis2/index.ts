import type { dhis2Operations } from '../../contract/dhis2.ts'
import type { Handlers } from '../../handler.ts'
import { readDhis2 } from './read-dhis2.ts'
import { searchDhis2 } from './search-dhis2.ts'

export const dhis2Handlers: Handlers<typeof dhis2Operations> = { readDhis2, searchDhis2 }
