/** The web server: what comes before and after the routes. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { queueBoard } from '../../dashboard/queue-board.ts'
import { DEAR_MS } from '../preview/shared.ts'
import { within } from '../within.ts'
import { ApiProblem, problemBody, problemOf } from './api-problem.ts'
import { PROBLEMS } from './contract/problem.ts'
import { apiDocs } from './docs/pages.ts'
import { placeOf } from './failure-place.ts'
import type { ApiContext, Route } from './handler.ts'
import { openLive } from './live.ts'
import { originalRouter } from './originals/original-router.ts'
import { originalRoutes } from './originals/routes.ts'
import { probes } from './probes.ts'
import { requestLog } from './request-log.ts'
import { publicPath } from './public-path.ts'
import { requireRight } from './require-right.ts'
import { apiRouter, type RouterOptions } from './router.ts'
import { routes } from './routes.ts'
import { inlineStyles, securityHeaders } from './security-headers.ts'
import { belowBahmnisPath, BUILT_UI, webUi } from './static.ts'

/** What the app hears before its server closes. */
const CLOSING = 'closing'
/** for answers that are on their way then */
const CLOSING_MS = 2000

export interface WebServer {
  /** as a browser asks for it */
  url: string
  close: () => Promise<void>
}

/** Everything that is served over HTTP. @param table other routes than ours: for tests */
export function createApp(
  parts: Omit<ApiContext, 'live'>,
  options: RouterOptions = { checkAnswers: false },
  table: readonly Route[] = routes,
): Express {
  const app = express()
  const ctx: ApiContext = { ...parts, live: openLive(parts, options.dearMs ?? DEAR_MS) }
  app.once(CLOSING, ctx.live.close)
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  // an ETag is said where it means something: of a mapping
  app.set('etag', false)
  app.set('trust proxy', ctx.config.trustedProxies)
  app.use(identified, requestLog(ctx.log), securityHeaders(ctx.config.publicUrl), belowBahmnisPath)
  app.use(probes(ctx))
  app.use('/api', apiDocs(table))
  app.use('/api/v1', unkept, apiRouter(table, ctx, options))
  app.use(originalRouter(originalRoutes, ctx))
  app.use('/queues', inlineStyles, requireRight(ctx, ['upload', 'log']), queueBoard(ctx, `${publicPath(ctx.config.publicUrl)}/queues`))
  app.use(webUi(BUILT_UI))
  app.use((request, _response, next) => next(new ApiProblem('not-found', `There is nothing at ${request.path.slice(0, 200)}.`)))
  app.use(refusing(ctx))
  return app
}

/** Answers hold patient data: no browser and no proxy keeps them. */
const unkept: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'no-store')
  next()
}

/** Each request has an id, the caller's when it is a plain one: it is in the answer and in the log. */
const identified: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id']
  const id = typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID()
  response.locals['requestId'] = id
  response.setHeader('x-request-id', id)
  next()
}

const refusing =
  ({ log }: ApiContext): ErrorRequestHandler =>
  (error, _request, response, _next) => {
    const requestId = String(response.locals['requestId'])
    const problem = ofExpress(error) ?? problemOf(error)
    if (problem.unexpected) log.error({ requestId, ...placeOf(error) }, 'a request failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
    response
      .status(PROBLEMS[problem.code].status)
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(problem, requestId)))
  }

/** What Express and its body parser refuse by themselves: bodies that are no JSON or too long, addresses with broken escapes. */
function ofExpress(error: unknown): (ApiProblem & { unexpected?: boolean }) | null {
  const { type, status } = error as { type?: unknown; status?: unknown }
  if (error instanceof ApiProblem || typeof status !== 'number') return null
  if (status === 413) return new ApiProblem('too-large', 'The body is larger than the 5 MB that are taken here.')
  if (status === 415)
    return new ApiProblem('unsupported-media', 'The body’s encoding or character set is not one that is taken here. Send UTF-8.')
  if (status >= 400 && status < 500)
    return new ApiProblem('bad-request', type === 'entity.parse.failed' ? 'The body is not JSON.' : 'The request cannot be read.')
  return null
}

export async function listen(app: Express, host: string, port: number): Promise<WebServer> {
  const server = createServer(app)
  let closing = false
  // a connection that is kept alive would bring requests until its client tires of it
  server.on('request', (_request, response) => {
    if (closing) response.setHeader('connection', 'close')
    response.once('close', () => closing && server.closeIdleConnections())
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, host, done))
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    async close() {
      closing = true
      const closed = new Promise<void>((done) => {
        server.close(() => done())
      })
      app.emit(CLOSING)
      server.closeIdleConnections()
      await within(CLOSING_MS, closed).catch(() => server.closeAllConnections())
      await closed
    },
  }
}
