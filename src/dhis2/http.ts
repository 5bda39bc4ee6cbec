/** HTTP to one DHIS2 server: a pool of connections, one login session, time limits, and retries for what passes by itself. */
import { setTimeout as wait } from 'node:timers/promises'
import { Pool, type Dispatcher } from 'undici'
import { AccessRefused, NotInTime, NotReached, RequestRefused, TransientFailure } from './errors.ts'
import type { Fate, Pacer } from './pacer.ts'

export interface HttpOptions {
  /** of the server, without /api; a path prefix is kept */
  url: string
  credentials: { token: string } | { username: string; password: string }
  /** requests that write at a time, and as many again that read */
  connections: number
  /** lets fewer go; without one all go at once */
  pacer?: Pacer
  /** for the answer to one request; imports of big chunks take long */
  timeoutMs: number
  /** waiting between tries and tries together end after this */
  retryBudgetMs: number
  observe?: (request: ObservedRequest) => void
  sleep?: (ms: number) => Promise<unknown>
  random?: () => number
  now?: () => number
}

/** For metrics and logs: no query, no uids, no bodies. */
export interface ObservedRequest {
  method: string
  endpoint: string
  /** null: no answer */
  status: number | null
  ms: number
  attempt: number
}

interface Answer {
  status: number
  body: unknown
}

export interface Http {
  get: (path: string, query?: Query) => Promise<unknown>
  /**
   * Returns the body of 200, 201 and 409: a 409 carries the report. @param divisible it is not sent again as it is when it got no answer in time
   * @throws NotInTime
   */
  post: (path: string, query: Query, body: unknown, divisible?: boolean) => Promise<Answer>
  close: () => Promise<void>
}
export type Query = readonly (readonly [name: string, value: string])[]

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const PASSING = new Set([429, 502, 503, 504])

export function openHttp(options: HttpOptions): Http {
  const base = new URL(options.url)
  const prefix = base.pathname.replace(/\/$/, '')
  const pool = () =>
    new Pool(base.origin, {
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: Math.min(options.timeoutMs, 10_000) },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
    })
  // apart: the next chunk is looked up while DHIS2 is busy for a second with the import of this one
  const [writes, reads] = [pool(), pool()]
  const { sleep = wait, random = Math.random, now = () => performance.now(), observe = () => {}, pacer = UNPACED } = options
  /** cookies of the login session; empty: there is none */
  const session = new Map<string, string>()

  async function attempt(
    method: Dispatcher.HttpMethod,
    path: string,
    body: string | null,
  ): Promise<Answer & { retryAfter: string | null }> {
    const response = await (method === 'GET' ? reads : writes).request({
      method,
      path: `${prefix}/api/${path}`,
      body,
      headers: {
        accept: 'application/json',
        authorization: authorization(options.credentials),
        // 2.30 answers 500 to a GET that has one
        ...(body !== null && { 'content-type': 'application/json' }),
        // with the session's cookie DHIS2 skips the 100 ms of password hashing, and logs in anew by itself when the session has ended
        ...(session.size > 0 && { cookie: [...session].map(([name, value]) => `${name}=${value}`).join('; ') }),
      },
    })
    const text = await response.body.text()
    // 2.43 sends one of its two cookies alone at times: each by its name
    if (response.statusCode < 300 && 'username' in options.credentials)
      for (const [name, value] of cookiesOf(response.headers['set-cookie'])) session.set(name, value)
    return { status: response.statusCode, body: parsed(text, response), retryAfter: one(response.headers['retry-after']) }
  }

  async function request(
    method: Dispatcher.HttpMethod,
    path: string,
    query: Query,
    body: string | null,
    divisible = false,
  ): Promise<Answer> {
    const withQuery =
      query.length > 0 ? `${path}?${query.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}` : path
    const endpoint = path.replaceAll(/(?<=\/)(?=[a-zA-Z]*[A-Z0-9])[A-Za-z][A-Za-z0-9]{10}(?=\/|$)/g, '{uid}')
    const started = now()
    for (let tries = 1; ; tries++) {
      let problem: string
      let retryAfter: string | null = null
      let tookTooLong: boolean
      try {
        const answer = await pacer.turn(method === 'GET' ? 'read' : 'write', async (fate) => {
          const began = now()
          const seen = (status: number | null) => {
            const ms = now() - began
            observe({ method, endpoint, status, ms, attempt: tries })
            return ms
          }
          try {
            const answer = await attempt(method, withQuery, body)
            sayFate(fate, method, answer.status, seen(answer.status), body?.length ?? 0)
            return answer
          } catch (error) {
            seen(null)
            if (isPassing(error)) fate.failed('broke')
            throw error
          }
        })
        if (!PASSING.has(answer.status)) return answer
        problem = `answers HTTP ${answer.status}`
        retryAfter = answer.retryAfter
        tookTooLong = answer.status === 504
      } catch (error) {
        if (!isPassing(error)) throw new NotReached(base.origin, codeOf(error), error)
        problem = sentenceOf(error)
        tookTooLong = TIMED_OUT.has(codeOf(error))
      }
      // half of it by chance: many workers must not come back together
      const backOff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1)) * (0.5 + random() / 2)
      const pause = Math.max(backOff, retryAfterMs(retryAfter))
      if (now() - started + pause > options.retryBudgetMs)
        throw new TransientFailure(
          `DHIS2 at ${base.origin} ${problem}, also after ${tries} ${tries === 1 ? 'try' : 'tries'}. Check the network and DHIS2_URL; the next sync goes on from here.`,
        )
      await sleep(pause)
      if (divisible && tookTooLong) throw new NotInTime(base.origin)
    }
  }

  return {
    async get(path, query = []) {
      const answer = await request('GET', path, query, null)
      refuse(answer, base.origin, options.credentials)
      if (answer.status >= 300) throw new RequestRefused({ status: answer.status, detail: messageOf(answer.body) })
      return answer.body
    },
    async post(path, query, body, divisible) {
      const answer = await request('POST', path, query, JSON.stringify(body), divisible)
      refuse(answer, base.origin, options.credentials)
      if (answer.status >= 300 && answer.status !== 409) throw new RequestRefused({ status: answer.status, detail: messageOf(answer.body) })
      return answer
    },
    async close() {
      await Promise.all([writes.close(), reads.close()])
    },
  }
}

const UNPACED: Pick<Pacer, 'turn'> = { turn: (_way, request) => request({ answered: () => {}, failed: () => {} }) }

function sayFate(fate: Fate, method: string, status: number, ms: number, bytes: number): void {
  if (status === 429) fate.failed('busy')
  // 2.30 answers 500 to a GET for somebody who is not there; 413 is what stands before DHIS2
  else if (PASSING.has(status) || (method !== 'GET' && (status >= 500 || status === 413))) fate.failed('broke')
  else if (status < 300 || status === 409) fate.answered(ms, bytes)
}

function authorization(credentials: HttpOptions['credentials']): string {
  if ('token' in credentials) return `ApiToken ${credentials.token}`
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
}

function refuse({ status, body }: Answer, origin: string, credentials: HttpOptions['credentials']): void {
  const message = messageOf(body) ?? ''
  const byToken = 'token' in credentials
  if (status === 401) {
    const why = byToken
      ? `${/expired/i.test(message) ? 'the token has expired' : 'it does not accept the token'}. Make a new one in DHIS2 and set DHIS2_TOKEN.`
      : 'it does not accept the user name and password. Check DHIS2_USERNAME and DHIS2_PASSWORD.'
    throw new AccessRefused(`DHIS2 at ${origin} does not let our account in: ${why}`)
  }
  if (status === 403)
    throw new AccessRefused(`DHIS2 at ${origin} forbids this request to our account. Ask its administrator for tracker access.`)
  // never followed: DHIS2 and proxies redirect to a login page
  if (status >= 300 && status < 400)
    throw new AccessRefused(`${origin} redirects to another page. Is DHIS2_URL the address of DHIS2 itself, and are we signed in?`)
  // a mistyped token; other 400s are about the request ("Unrecognized token" is JSON's)
  if (status === 400 && byToken && /checksum/i.test(message))
    throw new AccessRefused(`DHIS2 at ${origin} says that DHIS2_TOKEN is no token of its own.`)
}

export function messageOf(body: unknown): string | null {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : null
  return typeof message === 'string' ? message : null
}

class NotDhis2 extends Error {}

function parsed(text: string, response: Dispatcher.ResponseData): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    // an error page of a proxy, or of DHIS2 2.42 for a path it does not have; half an answer when it says that all is well
    if (response.statusCode < 300) throw new NotDhis2()
    return null
  }
}

const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '')
/** DHIS2 had the whole request; no connection in time is another matter. */
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
/** Our own doing, and so the same at every try: the pool was closed, or a setting cannot be sent (a line break in the password). */
const LASTING = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_INVALID_ARG'])

function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return error instanceof NotDhis2 || CODES.has(code) || (code.startsWith('UND_ERR_') && !LASTING.has(code))
}

function sentenceOf(error: unknown): string {
  if (error instanceof NotDhis2) return 'answers something that is no JSON (a proxy’s page?)'
  const code = codeOf(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is not found under this name'
  if (code.includes('TIMEOUT') || code === 'ETIMEDOUT') return 'does not answer in time'
  return code === 'ECONNREFUSED' ? 'refuses the connection' : 'breaks the connection'
}

const one = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header) ?? null

function cookiesOf(header: string | string[] | undefined): [string, string][] {
  const all = Array.isArray(header) ? header : header === undefined ? [] : [header]
  return all.flatMap((cookie): [string, string][] => {
    const match = /^([^=;]+)=([^;]*)/.exec(cookie)
    return match ? [[match[1]!, match[2]!]] : []
  })
}

/** Seconds or a date. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now())
}
