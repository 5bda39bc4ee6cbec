/** The web server: what comes before and after the routes. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import { bullBoard } from '../../dashboard/bull-board.ts'
import { ApiProblem, problemBody, problemOf } from './api-problem.ts'
import { PROBLEMS } from './contract/problem.ts'
import type { ApiContext } from './handler.ts'
import { apiRouter, type RouterOptions } from './router.ts'
import { routes } from './routes.ts'

export interface WebServer {
  /** as a browser asks for it */
  url: string
  close: () => Promise<void>
}

/** Everything that is served over HTTP. */
export function createApp(ctx: ApiContext, options: RouterOptions = { checkAnswers: false }): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  // Bahmni's Apache is on the same machine
  app.set('trust proxy', 'loopback')
  app.use(identified, helmet())
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.use('/api/v1', apiRouter(routes, ctx, options))
  app.get('/', (_request, response) => response.redirect('/queues'))
  app.use('/queues', bullBoard(ctx.queues, '/queues'))
  app.use((request, _response, next) => next(new ApiProblem('not-found', `There is nothing at ${request.path.slice(0, 200)}.`)))
  app.use(refusing(ctx))
  return app
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
    if (problem.unexpected) log.error({ requestId, name: (error as Error).name, stack: placeOf(error) }, 'a request failed')
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

/** Lines of the stack without its message, which may quote anything. */
const placeOf = (error: unknown) =>
  error instanceof Error
    ? (error.stack ?? '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .slice(0, 8)
    : []

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
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, host, done))
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
