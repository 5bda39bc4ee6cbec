import { RunActiveError } from '../../../../sql/store/store.ts'
import { problemOf } from '../../api-problem.ts'
import { audit } from '../../audit.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { chosenOf, manyRecords } from './chosen.ts'

export const retryRejected: Handler<typeof rejectedOperations.retryRejected> = async ({ body, principal, requestId }, ctx) => {
  const rejected = chosenOf(body)
  const request = { requestedBy: principal.name, comment: body.comment, dryRun: false, from: null, to: null, resync: false, rejected }
  const syncs: { mapping: string; id: string }[] = []
  const refused: { mapping: string; syncId: string; message: string }[] = []
  let sent = 0
  for (const { mapping, records } of await ctx.store.countOpenByMapping(rejected)) {
    try {
      const { runId } = await ctx.queues.enqueue({ ...request, mappingName: mapping })
      syncs.push({ mapping, id: runId })
      sent += records
    } catch (error) {
      // the others' can be sent all the same
      if (!(error instanceof RunActiveError)) throw error
      refused.push({ mapping, syncId: error.runId, message: problemOf(error).message })
    }
  }
  if (syncs.length > 0) {
    const names = syncs.map(({ mapping }) => `"${mapping}"`).join(', ')
    const message = `User ${principal.name} sent ${manyRecords(sent)} of ${names} again`
    await audit(ctx, { user: principal.name, type: 'RETRY_REJECTED', message, requestId })
  }
  return { status: 202, body: { records: sent, syncs, refused } }
}
