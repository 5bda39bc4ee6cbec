/** Who did what. */
import type { NewEntry } from '../../sql/store/audit.ts'
import type { ApiContext } from './handler.ts'

export const audit = ({ store }: Pick<ApiContext, 'store'>, entry: NewEntry): Promise<void> => store.recordAudit(entry)
