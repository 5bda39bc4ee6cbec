import type { ApiContext } from '../../handler.ts'
import type { Principal } from '../../principal.ts'

interface Audited {
  recordAudit: (entry: { user: string; type: string; message: string; requestId: string | null }) => Promise<void>
}

/** Who did what to which mapping, in the originals' types of events. */
export async function audit(
  { store }: ApiContext,
  { principal, requestId }: { principal: Principal; requestId: string },
  type: string,
  message: string,
): Promise<void> {
  await (store as unknown as Partial<Audited>).recordAudit?.({ user: principal.name, type, message, requestId })
}
