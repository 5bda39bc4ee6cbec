import { audit } from '../../audit.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { chosenOf, manyRecords } from './chosen.ts'

export const reopenRejected: Handler<typeof rejectedOperations.reopenRejected> = async ({ body, principal, requestId }, ctx) => {
  const records = await ctx.store.reopenRejected(chosenOf(body))
  const message = `User ${principal.name} opened ${manyRecords(records)} again`
  if (records > 0) await audit(ctx, { user: principal.name, type: 'REOPEN_REJECTED', message, requestId })
  return { status: 200, body: { records } }
}
