/** The table of routes → an Express router: who asks, what is asked, the handler, the answer. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { z } from 'zod'
import { isMedia, PRIVILEGES, type Operation } from './contract/operation.ts'
import { ApiProblem } from './api-problem.ts'
import type { ApiContext, Call, Reply, Route } from './handler.ts'
import { refuseForeignOrigin } from './origin.ts'
import { may, type Principal } from './principal.ts'

export interface RouterOptions {
  /** every answer is held against its declaration: for tests */
  checkAnswers: boolean
}

/** Mapping files are the largest thing that anybody sends. */
const LARGEST_BODY = '5mb'

export function apiRouter(routes: readonly Route[], ctx: ApiContext, options: RouterOptions): Router {
  const router = express.Router()
  router.use(express.json({ limit: LARGEST_BODY, strict: false, type: 'application/json' }))
  for (const route of routes) {
    router[route.operation.method](route.operation.path.replaceAll(/\{(\w+)\}/g, ':$1'), (request: Request, response: Response) =>
      serve(route, ctx, options, request, response),
    )
  }
  refuseOtherMethods(router, routes)
  return router
}

async function serve({ name, operation, handler }: Route, ctx: ApiContext, options: RouterOptions, request: Request, response: Response) {
  const principal = await ctx.authenticate(request.headers)
  refuseStrangers(operation, principal)
  if (operation.method !== 'get' && principal?.via !== 'token') refuseForeignOrigin(request, ctx.config.publicUrl)
  const call = { ...inputOf(operation, request), principal, requestId: String(response.locals['requestId']), address: request.ip ?? '' }
  const reply = await handler(call as Call<Operation>, ctx)
  if (options.checkAnswers) refuseUndeclared(name, operation, reply)
  await answer(operation, reply, response)
}

function refuseStrangers({ access }: Operation, principal: Principal | null): void {
  if (access === 'anyone') return
  if (!principal) throw new ApiProblem('not-signed-in', 'Nobody is signed in, or the session has ended. Sign in, and try again.')
  if (!may(principal, access)) {
    const needed = access.map((right) => PRIVILEGES[right]).join(' or ')
    throw new ApiProblem('forbidden', `This needs the privilege ${needed}. Ask an administrator to give it to ${principal.name}.`)
  }
}

/** @throws ApiProblem bad-request with all that is wrong, unsupported-media */
function inputOf(operation: Operation, request: Request) {
  if (operation.body && !request.is('application/json'))
    throw new ApiProblem('unsupported-media', 'Send the body as JSON, with the header Content-Type: application/json.')
  const problems: { at: string; message: string }[] = []
  const parsed = (at: string, schema: z.ZodType | undefined, value: unknown) => {
    if (!schema) return at === 'body' ? undefined : {}
    const result = schema.safeParse(value)
    for (const issue of result.error?.issues ?? []) problems.push({ at: [at, ...issue.path].join('.'), message: issue.message })
    return result.data
  }
  // a misspelt filter would show more than was asked for
  for (const key of Object.keys(request.query))
    if (!operation.query || !(key in operation.query.shape))
      problems.push({ at: `query.${key}`, message: 'is no parameter of this address' })
  const input = {
    params: parsed('params', operation.params, request.params),
    query: parsed('query', operation.query, request.query),
    headers: parsed('headers', operation.headers, request.headers),
    body: parsed('body', operation.body, request.body),
  }
  if (problems.length > 0) {
    const [first] = problems
    throw new ApiProblem('bad-request', `${first!.at}: ${first!.message}`, { problems })
  }
  return input
}

async function answer(operation: Operation, reply: Reply<Operation>, response: Response): Promise<void> {
  response.status(reply.status)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (!('stream' in reply)) {
    if (reply.body === undefined) response.end()
    else response.json(reply.body)
    return
  }
  const schema = operation.answers[reply.status as 200]!
  response.setHeader('content-type', `${isMedia(schema) ? schema.media : 'application/octet-stream'}; charset=utf-8`)
  if (reply.filename !== undefined) response.attachment(reply.filename)
  response.flushHeaders()
  // when the caller goes away the source is ended too
  await pipeline(Readable.from(reply.stream, { objectMode: false }), response).catch(() => response.destroy())
}

function refuseUndeclared(name: string, { answers }: Operation, reply: Reply<Operation>): void {
  const schema = answers[reply.status as 200]
  if (schema === undefined) throw new Error(`${name} does not declare the status ${reply.status}`)
  if (schema === null || isMedia(schema)) return
  // as it arrives, and nothing beyond what is declared
  const { error } = z.safeParse(schema, JSON.parse(JSON.stringify((reply as { body: unknown }).body)), { reportInput: false })
  if (error) throw new Error(`${name} answers otherwise than it declares: ${z.prettifyError(error)}`)
}

function refuseOtherMethods(router: Router, routes: readonly Route[]): void {
  for (const path of new Set(routes.map(({ operation }) => operation.path))) {
    const allowed = routes.filter(({ operation }) => operation.path === path).map(({ operation }) => operation.method.toUpperCase())
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (_request: Request, _response: Response, next: NextFunction) => {
      const detail = `This address takes ${allowed.join(' and ')} only.`
      next(new ApiProblem('method-not-allowed', detail, { headers: { allow: allowed.join(', ') } }))
    })
  }
}
