import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded, type Run } from '../../../sql/store/store.ts'
import { audit } from '../audit.ts'
import type { ApiContext } from '../handler.ts'
import { OriginalError, textsOf, type OriginalCall, type OriginalRoute } from './original-route.ts'
import { periodOf } from './period.ts'

/**
 * The originals answered when the sync had ended; proxies cut that off after a minute. Ours goes on behind the answer, which waits until it is known
 * whether there is anything to send, and for as long as a short sync takes.
 */
const WAIT_MS = 20_000
const POLL_MS = 200

export const syncData: OriginalRoute = {
  method: 'put',
  path: '/dhis-integration/api/syncData',
  access: ['upload'],
  handler: (call, ctx) => start(call, ctx, 'NO DATA TO SYNC'),
}

export const pushData: OriginalRoute = {
  method: 'put',
  path: '/sync/pushData',
  access: ['upload'],
  handler: (call, ctx) => start(call, ctx, '500 NO DATA TO SYNC'),
}

/** The user is the session's: the body's was anyone's to choose. */
async function start({ principal, requestId, body }: OriginalCall, ctx: ApiContext, nothingToSync: string): Promise<undefined> {
  const { service = '', comment = '', startDate = '', endDate = '' } = textsOf(body)
  const { from, to } = periodOf(startDate, endDate)
  const request = { mappingName: service, requestedBy: principal.name, comment, dryRun: false, from, to, resync: false }
  const { runId } = await ctx.queues.enqueue(request)
  const message = `User ${principal.name} started a sync of "${service}"`
  await audit(ctx, { user: principal.name, type: 'SEND_DATA_TO_DHIS', message, requestId })
  const run = await untilKnown(ctx, runId)
  if (!run) return
  if (run.state !== 'succeeded') throw new OriginalError(500, run.failure ?? 'Sync failed. Please check the logs for more information')
  const sum = Object.values(run.counts).reduce((n, c) => n + c.created + c.updated + c.rejected, 0)
  if (sum === 0) throw new OriginalError(500, nothingToSync)
}

/** @returns the run when it has ended in time; null: it is sending, or nobody works on it yet */
async function untilKnown({ store }: ApiContext, runId: string): Promise<Run | null> {
  for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
    const run = await store.readRun(runId)
    if (!run || hasEnded(run)) return run
    const sending = (await store.readSteps(runId)).some(
      (step) => step.step !== 'snapshot' && step.step !== 'finish' && step.chunksTotal > 0,
    )
    if (sending) return null
    await sleep(POLL_MS)
  }
  return null
}
