import { audit } from '../../audit.ts'
import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { syncAsAsked } from './sync-view.ts'

export const startSync: Handler<typeof syncOperations.startSync> = async ({ body, headers, principal, requestId }, ctx) => {
  const { mapping, comment, dryRun, resync, from = null, to = null } = body
  const request = { mappingName: mapping, requestedBy: principal.name, comment, dryRun, resync, from, to }
  const { run, repeated } = await ctx.queues.enqueueOnce(request, headers['idempotency-key'] ?? null)
  if (!repeated) {
    const message = `User ${principal.name} started ${dryRun ? 'a dry run' : 'a sync'} of "${mapping}"`
    await audit(ctx, { user: principal.name, type: 'SEND_DATA_TO_DHIS', message, requestId })
  }
  return { status: 202, headers: { location: `/api/v1/syncs/${run.runId}` }, body: syncAsAsked(run) }
}
