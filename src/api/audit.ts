/** Who did what. */
import type { ApiContext } from './handler.ts'

export interface AuditEntry {
  user: string
  type: string
  message: string
  requestId: string
}

/** The table is another room's: nothing is written down while it is not there. */
export async function audit({ store }: Pick<ApiContext, 'store'>, entry: AuditEntry): Promise<void> {
  const { recordAudit } = store as { recordAudit?: (entry: AuditEntry) => Promise<void> }
  await recordAudit?.(entry)
}
