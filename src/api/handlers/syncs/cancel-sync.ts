import { ApiProblem } from '../../api-problem.ts'
import { audit } from '../../audit.ts'
import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { found } from './found.ts'
import { syncOf } from './sync-view.ts'

export const cancelSync: Handler<typeof syncOperations.cancelSync> = async ({ params, principal, requestId }, ctx) => {
  const run = found(params.id, await ctx.store.readRun(params.id))
  if (!(await ctx.queues.cancel(run.runId)))
    throw new ApiProblem('sync-ended', `The sync of "${run.mappingName}" has ended already: there is nothing to cancel.`)
  const message = `User ${principal.name} cancelled the sync of "${run.mappingName}"`
  await audit(ctx, { user: principal.name, type: 'CANCEL_SYNC', message, requestId })
  return { status: 202, body: syncOf(found(params.id, await ctx.store.readRun(params.id))) }
}
