/** What machines ask: does the process live, can it work, and how much has been done. */
import express, { type Request, type Response, type Router } from 'express'
import type { ApiContext } from './handler.ts'
import { openReadiness } from './readiness.ts'
import { requireRight } from './require-right.ts'

export function probes(ctx: ApiContext): Router {
  const router = express.Router()
  const readiness = openReadiness(ctx)
  router.use(['/healthz', '/readyz', '/metrics'], (_request, response, next) => {
    response.setHeader('cache-control', 'no-store')
    next()
  })
  router.get('/healthz', (_request: Request, response: Response) => void response.json({ status: 'ok' }))
  router.get('/readyz', async (_request: Request, response: Response) => {
    const { ready, parts } = await readiness()
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', parts })
  })
  router.get('/metrics', requireRight(ctx, ['log']), async (_request: Request, response: Response) => {
    const text = await ctx.metrics.read()
    response.setHeader('content-type', ctx.metrics.contentType)
    response.end(text)
  })
  return router
}
