/** The originals' routes on Express: who asks, what is asked, and their way of saying errors. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express'
import { ApiProblem, problemOf } from '../api-problem.ts'
import { PROBLEMS } from '../contract/problem.ts'
import { placeOf } from '../failure-place.ts'
import type { ApiContext } from '../handler.ts'
import { unnamedJsonBody, unstorable } from '../json-body.ts'
import { refuseForeignOrigin } from '../origin.ts'
import { may, type Principal } from '../principal.ts'
import { OriginalError, type OriginalRoute } from './original-route.ts'

// the web interface has a page /sync
const PREFIXES = ['/dhis-integration/api', '/sync/pushData']
const NO_PRIVILEGE = 'Privileges is required to access DHIS2 sync'

export function originalRouter(routes: readonly OriginalRoute[], ctx: ApiContext): Router {
  const router = express.Router()
  for (const route of routes) {
    // in this order: nobody's body is read before it is known who sends it
    const stations = [
      async (request: Request, response: Response, next: NextFunction) => {
        if (await admit(route, ctx, request, response)) next()
      },
      ...(route.method === 'put' ? [unnamedJsonBody] : []),
      (request: Request, response: Response) => serve(route, ctx, request, response),
    ]
    router[route.method](route.path, ...stations)
  }
  router.use(PREFIXES, unknown, refusing(ctx))
  return router
}

/** @returns false: answered already */
async function admit({ access, method }: OriginalRoute, ctx: ApiContext, request: Request, response: Response): Promise<boolean> {
  const principal = await ctx.authenticate(request.headers)
  if (!principal) {
    response.status(401).end()
    return false
  }
  if (!may(principal, access)) throw new ApiProblem('forbidden', NO_PRIVILEGE)
  if (method !== 'get' && principal.via !== 'token') refuseForeignOrigin(request, ctx.config.publicUrl)
  response.locals['principal'] = principal
  return true
}

async function serve({ handler }: OriginalRoute, ctx: ApiContext, request: Request, response: Response): Promise<void> {
  const { principal, requestId } = response.locals as { principal: Principal; requestId: string }
  const query = Object.fromEntries(
    Object.entries(request.query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
  const [odd] = [...unstorable('query', query), ...unstorable('body', request.body)]
  if (odd) throw new OriginalError(400, `${odd.at} ${odd.message}`)
  const reply = await handler({ principal, requestId, query, body: request.body }, ctx)
  if (reply === undefined) response.status(200).end()
  else if (isStream(reply)) {
    response.type('json')
    await pipeline(Readable.from(reply, { objectMode: false }), response).catch(() => response.destroy())
  } else response.json(reply)
}

const isStream = (reply: unknown): reply is AsyncIterable<string> =>
  typeof reply === 'object' && reply !== null && Symbol.asyncIterator in reply

const unknown: RequestHandler = (request, response) => {
  send(request, response, 404, `Application cannot handle url ${pathOf(request)}`)
}

const refusing =
  ({ log }: ApiContext): ErrorRequestHandler =>
  (error, request, response, _next) => {
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, message, unexpected = false } = statusOf(error)
    if (unexpected) log.error({ requestId: response.locals['requestId'], ...placeOf(error) }, 'a request failed')
    send(request, response, status, message)
  }

function statusOf(error: unknown): { status: number; message: string; unexpected?: boolean } {
  if (error instanceof OriginalError) return error
  const { status: given } = error as { status?: unknown }
  // Express and its body parser
  if (typeof given === 'number' && given >= 400 && given < 500) return { status: given, message: 'The request cannot be read.' }
  const problem = problemOf(error)
  const { status } = PROBLEMS[problem.code]
  // their pages know 401, 403 and 500 only
  const known = status === 400 || status === 401 || status === 403
  return { status: known ? status : 500, message: problem.message, unexpected: problem.unexpected ?? false }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
}

const pathOf = ({ originalUrl }: Request) => originalUrl.split('?')[0]!.slice(0, 200)

/** As Spring Boot does. */
function send(request: Request, response: Response, status: number, message: string): void {
  const timestamp = new Date().toISOString().replace('Z', '+0000')
  response.status(status).json({ timestamp, status, error: TITLES[status] ?? 'Bad Request', message, path: pathOf(request) })
}
