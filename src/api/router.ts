/** The table of routes → an Express router: who asks, what is asked, the handler, the answer. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, { type ErrorRequestHandler, type NextFunction, type Request, type Response, type Router } from 'express'
import { z } from 'zod'
import { isMedia, type Operation } from './contract/operation.ts'
import { ApiProblem, problemOf } from './api-problem.ts'
import { declaredProblems } from './docs/declared-problems.ts'
import type { ApiContext, Call, Reply, Route } from './handler.ts'
import { placeOf } from './failure-place.ts'
import { jsonBody, unstorable } from './json-body.ts'
import { refuseForeignOrigin } from './origin.ts'
import { refuseStrangers } from './principal.ts'

export interface RouterOptions {
  /** every answer is held against its declaration: for tests */
  checkAnswers: boolean
  /** a preview that takes so long is shown to others for a while: never in tests, which change the Mart under it */
  dearMs?: number
}

export function apiRouter(routes: readonly Route[], ctx: ApiContext, options: RouterOptions): Router {
  const router = express.Router()
  for (const route of routes) {
    const { method, path, body } = route.operation
    // in this order: nobody's body is read before it is known who sends it
    const stations = [
      async (request: Request, response: Response, next: NextFunction) => {
        await admit(route, ctx, request, response)
        next()
      },
      ...(body ? [jsonBody] : []),
      (request: Request, response: Response) => serve(route, ctx, options, request, response),
    ]
    router[method](pathOf(path), ...stations, ...(options.checkAnswers ? [refuseUndeclaredProblem(route)] : []))
  }
  answerOtherMethods(router, routes)
  return router
}

const pathOf = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** Who asks, and may they? */
async function admit({ operation }: Route, ctx: ApiContext, request: Request, response: Response): Promise<void> {
  const { access, method, body } = operation
  // the page to sign in has to open when OpenMRS is away, and for whoever may not enter
  const principal = access === 'anyone' ? null : await ctx.authenticate(request.headers)
  if (access !== 'anyone') refuseStrangers(principal, access)
  // no browser sends a token by itself
  if (method !== 'get' && principal?.via !== 'token') refuseForeignOrigin(request, ctx.config.publicUrl)
  if (body && !request.is('application/json'))
    throw new ApiProblem('unsupported-media', 'Send the body as JSON, with the header Content-Type: application/json.')
  response.locals['principal'] = principal
}

async function serve({ name, operation, handler }: Route, ctx: ApiContext, options: RouterOptions, request: Request, response: Response) {
  const { principal, requestId } = response.locals as Pick<Call<Operation>, 'principal' | 'requestId'>
  const { cookie } = request.headers
  const call = { ...inputOf(operation, request), principal, requestId, address: request.ip ?? '', secure: request.secure, cookie }
  const reply = await handler(call as Call<Operation>, ctx)
  if (options.checkAnswers) refuseUndeclared(name, operation, reply)
  await answer(operation, reply, { request, response, log: ctx.log })
}

/** @throws ApiProblem bad-request with all that is wrong */
function inputOf(operation: Operation, request: Request) {
  const problems: { at: string; message: string }[] = []
  const parsed = (at: string, schema: z.ZodType | undefined, value: unknown) => {
    if (!schema) return at === 'body' ? undefined : {}
    problems.push(...unstorable(at, value))
    const result = schema.safeParse(value)
    for (const issue of result.error?.issues ?? []) problems.push({ at: [at, ...issue.path].join('.'), message: issue.message })
    return result.data
  }
  // a misspelt filter would show more than was asked for
  for (const key of Object.keys(request.query))
    if (!operation.query || !Object.hasOwn(operation.query.shape, key))
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

async function answer(
  operation: Operation,
  reply: Reply<Operation>,
  { request, response, log }: { request: Request; response: Response; log: ApiContext['log'] },
): Promise<void> {
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
  const source = Readable.from(reply.stream, { objectMode: false })
  if (request.method === 'HEAD') {
    source.destroy()
    response.end()
    return
  }
  response.flushHeaders()
  try {
    // when the caller goes away the source is ended too
    await pipeline(source, response)
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE'
    if (!gone) log.error({ requestId: response.locals['requestId'], ...placeOf(error) }, 'an answer broke off')
    response.destroy()
  }
}

function refuseUndeclared(name: string, { answers }: Operation, reply: Reply<Operation>): void {
  const schema = answers[reply.status as 200]
  if (schema === undefined) throw new Error(`${name} does not declare the status ${reply.status}`)
  if (schema === null || isMedia(schema)) return
  // as it arrives, and nothing beyond what is declared
  const { error } = z.safeParse(schema, JSON.parse(JSON.stringify((reply as { body: unknown }).body)), { reportInput: false })
  if (error) throw new Error(`${name} answers otherwise than it declares: ${z.prettifyError(error)}`)
}

const refuseUndeclaredProblem =
  ({ name, operation }: Route): ErrorRequestHandler =>
  (error, _request, _response, next) => {
    const { code, unexpected } = problemOf(error)
    if (unexpected || declaredProblems(operation).has(code)) next(error)
    else next(new Error(`${name} refuses with ${code}, which it does not declare`))
  }

/** OPTIONS tells what an address takes, to scripts: no browser of another site gets leave to ask. */
function answerOtherMethods(router: Router, routes: readonly Route[]): void {
  for (const path of new Set(routes.map(({ operation }) => operation.path))) {
    const methods = routes.filter(({ operation }) => operation.path === path).map(({ operation }) => operation.method.toUpperCase())
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    router.all(pathOf(path), (request: Request, response: Response, next: NextFunction) => {
      if (request.method === 'OPTIONS') response.status(204).setHeader('allow', allow).end()
      else next(new ApiProblem('method-not-allowed', `This address takes ${methods.join(' and ')} only.`, { headers: { allow } }))
    })
  }
}
