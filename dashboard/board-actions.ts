/** What the board's buttons may do. A job that is removed, changed or added by hand would leave its sync in a state that nobody recorded. */
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { CHUNK_QUEUE, STEP_QUEUE } from '../queues/jobs.ts'
import { NothingToRetryError } from '../queues/retry-run.ts'
import { MappingNotFoundError, RunActiveError } from '../sql/store/store.ts'
import { audit } from '../src/api/audit.ts'
import type { ApiContext } from '../src/api/handler.ts'
import type { Principal } from '../src/api/principal.ts'
import { RunFailure } from '../src/errors.ts'

export const principalOf = (response: Response) => response.locals['principal'] as Principal

const RUN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/

export function boardActions(ctx: Pick<ApiContext, 'queues' | 'store'>): Router {
  const router = express.Router()
  const said = (response: Response, type: string, message: string) => {
    const user = principalOf(response).name
    return audit(ctx, { user, type, message: `User ${user} ${message}`, requestId: String(response.locals['requestId']) })
  }

  router.use((request, response, next) => {
    if (['GET', 'HEAD'].includes(request.method) || principalOf(response).rights.has('upload')) next()
    else
      refuse(response, 403, 'Your account may look at the queues, and not change anything: that needs the privilege app:dhis2sync:upload.')
  })

  router.put('/api/queues/:queue/:job/retry', async (request: Request, response: Response) => {
    const { queue, job: jobId } = request.params as { queue: string; job: string }
    const job =
      queue === STEP_QUEUE
        ? await ctx.queues.steps.getJob(jobId)
        : queue === CHUNK_QUEUE
          ? await ctx.queues.chunks.getJob(jobId)
          : undefined
    const runId = RUN.exec(jobId)?.[0]
    if (!job || runId === undefined) return refuse(response, 404, 'There is no such job of a sync.')
    if (!(await job.isFailed())) return refuse(response, 409, 'Only a failed job can be retried.')
    try {
      const { name } = principalOf(response)
      const run = await ctx.queues.retry(runId, name)
      await job.log(`Retried by ${name}: sync ${run.runId} was started.`)
      await said(response, 'RETRY_SYNC', `started a sync of ${run.mappingName} in place of the failed one`)
      response.status(204).end()
    } catch (error) {
      if (!isForUsers(error)) throw error
      refuse(response, 409, error.message)
    }
  })

  router.put(['/api/queues/pause', '/api/queues/:queue/pause'], async (request: Request, response: Response, next: NextFunction) => {
    await said(response, 'PAUSE_QUEUE', `paused ${nameOf(request)}`)
    next()
  })
  router.put(['/api/queues/resume', '/api/queues/:queue/resume'], async (request: Request, response: Response, next: NextFunction) => {
    await said(response, 'RESUME_QUEUE', `resumed ${nameOf(request)}`)
    next()
  })

  router.use((request, response, next) => {
    if (['GET', 'HEAD'].includes(request.method) || isAllowed(request.path)) return next()
    refuse(
      response,
      405,
      'This cannot be done to a sync. Retry a failed step one at a time, pause or resume a queue, or cancel the sync on its own page.',
    )
  })
  return router
}

const isAllowed = (path: string) => /^\/api\/queues\/([\w-]+\/)?(pause|resume)$/.test(path)
const nameOf = ({ params }: Request) => (params['queue'] === undefined ? 'all queues' : `the queue ${String(params['queue'])}`)

const isForUsers = (error: unknown): error is Error =>
  error instanceof NothingToRetryError ||
  error instanceof RunActiveError ||
  error instanceof MappingNotFoundError ||
  error instanceof RunFailure

/** As the board's own pages expect it. */
function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ error: { key: 'ERRORS.FORBIDDEN' }, message })
}
