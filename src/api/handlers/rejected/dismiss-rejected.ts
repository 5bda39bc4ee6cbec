import { audit } from '../../audit.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { chosenOf, manyRecords } from './chosen.ts'

export const dismissRejected: Handler<typeof rejectedOperations.dismissRejected> = async ({ body, principal, requestId }, ctx) => {
  const records = await ctx.store.dismissRejected(chosenOf(body), principal.name, body.reason)
  const message = `User ${principal.name} dismissed ${manyRecords(records)}`
  if (records > 0) await audit(ctx, { user: principal.name, type: 'DISMISS_REJECTED', message, requestId })
  return { status: 200, body: { records } }
}
