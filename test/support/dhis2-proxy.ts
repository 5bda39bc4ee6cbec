/** A proxy in front of DHIS2, sandbox or real, that is as bad as a clinic's network. */
import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

export interface Passing {
  method: string
  /** without query */
  path: string
  /** as text */
  body: string
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

interface Exchange {
  response: ServerResponse
  /** lets DHIS2 do its work */
  ask: () => Promise<Answer>
  /** longer than the client waits for an answer */
  tooLongMs: number
}

/** What happens to one request. */
type Fault = (exchange: Exchange) => unknown

export const says =
  (status: number, headers: Record<string, string> = {}, body = '{"message":"a proxy says so"}'): Fault =>
  ({ response }) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

/** DHIS2 never sees the request. */
const UNSEEN = {
  'reset before the request was read': ({ response }) => response.destroy(),
  '429 without Retry-After': says(429),
  '429 with Retry-After': says(429, { 'retry-after': '1' }),
  '500': says(500),
  '502': says(502),
  '503': says(503, { 'retry-after': '0' }),
  '504': says(504),
  "a proxy's HTML page": says(200, { 'content-type': 'text/html' }, '<html><h1>Captive portal</h1></html>'),
  "a proxy's HTML page with 502": says(502, { 'content-type': 'text/html' }, '<html><h1>Bad Gateway</h1></html>'),
  'a login redirect': says(302, { location: '/dhis-web-commons/security/login.action' }, ''),
  'an expired token': says(401, {}, '{"httpStatus":"Unauthorized","httpStatusCode":401,"status":"ERROR","message":"token has expired"}'),
} satisfies Record<string, Fault>

/** DHIS2 did its work, and we do not hear of it, or not well. */
const UNHEARD = {
  'reset after the request was carried out': async ({ ask, response }) => {
    await ask()
    response.destroy()
  },
  'half an answer': async ({ ask, response }) => {
    const { status, body } = await ask()
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
    response.write(body.subarray(0, body.length >> 1))
    await sleep(20)
    response.destroy()
  },
  'half an answer that seems whole': async ({ ask, response }) => {
    const { status, body } = await ask()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body.subarray(0, body.length >> 1))
  },
  'an answer after the timeout': async ({ ask, response, tooLongMs }) => {
    const { status, body } = await ask()
    await sleep(tooLongMs)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  },
  'a slow drip': async ({ ask, response, tooLongMs }) => {
    const { status, body } = await ask()
    response.writeHead(status, { 'content-type': 'application/json' })
    // the body takes as long as a request may, but no pause in it does
    for (let i = 0; i < 8 && !response.destroyed; i++) {
      response.write(body.subarray((body.length * i) >> 3, (body.length * (i + 1)) >> 3))
      await sleep(tooLongMs / 8)
    }
    response.end()
  },
  'gzip that breaks off': async ({ ask, response }) => {
    const { status, body } = await ask()
    const packed = gzipSync(body)
    response
      .writeHead(status, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(packed.subarray(0, packed.length >> 1))
  },
  'gzip that is none': async ({ ask, response }) => {
    const { status, body } = await ask()
    response.writeHead(status, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body.subarray(1))
  },
  '502 after the request was carried out': async ({ ask, response }) => {
    await ask()
    response.writeHead(502).end('<html>Bad Gateway</html>')
  },
  '504 after the request was carried out': async ({ ask, response }) => {
    await ask()
    response.writeHead(504).end()
  },
  '500 after the request was carried out': async ({ ask, response }) => {
    await ask()
    response.writeHead(500).end('{"message":"after all"}')
  },
} satisfies Record<string, Fault>

export const FAULTS = { ...UNSEEN, ...UNHEARD } satisfies Record<string, Fault>
export type FaultName = keyof typeof FAULTS

/** The n-th request (the first is 1): what happens to it, or that nobody hears of it any more. */
type AtRequest = (n: number, passing: Passing) => FaultName | Fault | 'go on' | 'before' | 'after'

export interface Dhis2Proxy {
  url: string
  /** nobody listens any more, until `mend` */
  cut: () => Promise<void>
  mend: () => Promise<void>
  close: () => Promise<void>
}

export interface Dhis2ProxyOptions {
  target: string | (() => string)
  atRequest: AtRequest
  tooLongMs?: number
  /** a request was held back before DHIS2 saw it, or its answer was */
  held?: () => void
  /** DHIS2 has answered; the client hears of it when this is done */
  answered?: (n: number, passing: Passing) => Promise<void>
}

export async function startDhis2Proxy(options: Dhis2ProxyOptions): Promise<Dhis2Proxy> {
  const { target, atRequest, tooLongMs = 1500, held = () => {}, answered = async () => {} } = options
  const place = () => new URL(typeof target === 'string' ? target : target())
  let count = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const sent = await buffer(request)
    const ask = async (): Promise<Answer> => {
      const { hostname, port } = place()
      const { host: _host, ...headers } = request.headers
      const asking = forward({ hostname, port, method: request.method, path: request.url, headers }).end(sent)
      const [reply] = (await once(asking, 'response')) as [IncomingMessage]
      return { status: reply.statusCode!, headers: reply.headers, body: await buffer(reply) }
    }
    const [path = ''] = request.url!.split('?')
    const n = ++count
    const passing = { method: request.method!, path, body: sent.toString() }
    const what = atRequest(n, passing)
    if (what === 'before') return held()
    if (what === 'after') {
      await ask()
      return held()
    }
    if (what !== 'go on') return (typeof what === 'function' ? what : FAULTS[what])({ response, ask, tooLongMs })
    const { status, headers, body } = await ask()
    await answered(n, passing)
    const { 'transfer-encoding': _chunked, ...plain } = headers
    response.writeHead(status, plain).end(body)
  }
  const server = createServer((request, response) => {
    response.on('error', () => {})
    answer(request, response).catch(() => response.destroy())
  })
  const listen = (at: number) => new Promise<void>((done) => server.listen(at, '127.0.0.1', done))
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, cut: close, mend: () => listen(port), close }
}
