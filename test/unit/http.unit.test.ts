/** HTTP to DHIS2, against real servers on this machine: what is tried again, for how long, and what is said in the end. */
import { createSign, generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AccessRefused, NotInTime, NotReached, RequestRefused, TransientFailure } from '../../src/dhis2/errors.ts'
import { openHttp, type Http, type HttpOptions, type ObservedRequest } from '../../src/dhis2/http.ts'
import { openPacer } from '../../src/dhis2/pacer.ts'
import { startServer, type LocalServer, type Reply, type Seen } from '../support/local-server.ts'

const PASSWORD = { username: 'sync', password: 'Sünc-2024!pw' }
const TOKEN = { token: 'd2p_Secret0Token' }
const BUDGET = 10_000
/** time limit where a server does not answer: long enough for one that does */
const SHORT = 800

let time = 0
let waits: number[] = []
let observed: ObservedRequest[] = []
let open: { close: () => Promise<void> }[] = []
beforeEach(() => {
  time = 0
  waits = []
  observed = []
  open = []
})
afterEach(async () => {
  vi.useRealTimers()
  for (const one of open.toReversed()) await one.close()
})

/** A client whose clock moves only while it waits, so that budgets do not depend on the machine. */
function client(url: string, over: Partial<HttpOptions> = {}): Http {
  const http = openHttp({
    url,
    credentials: PASSWORD,
    connections: 2,
    timeoutMs: 5000,
    retryBudgetMs: BUDGET,
    observe: (request) => observed.push(request),
    sleep: (ms) => {
      waits.push(ms)
      time += ms
      return Promise.resolve()
    },
    random: () => 0,
    now: () => time,
    ...over,
  })
  open.push(http)
  return http
}

async function server(reply: (seen: Seen, n: number) => Reply): Promise<LocalServer> {
  const started = await startServer(reply)
  open.push(started)
  return started
}

/** These one after the other, the last one for ever. */
const inTurn =
  (...replies: Reply[]) =>
  (_seen: Seen, n: number): Reply =>
    replies[Math.min(n, replies.length - 1)]!
const OK: Reply = { body: { fine: true } }

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('it went well')
  return error
}

describe('a request', () => {
  test('goes below the path of DHIS2_URL, with its query encoded', async () => {
    const { url, seen } = await server(() => OK)
    const http = client(`${url}/dhis/`)
    expect(await http.get('tracker/events', [['filter', 'a b:in:ü;&=?#/+']])).toEqual({ fine: true })
    expect(seen.map((s) => [s.method, s.path])).toEqual([
      ['GET', '/dhis/api/tracker/events?filter=a%20b%3Ain%3A%C3%BC%3B%26%3D%3F%23%2F%2B'],
    ])
  })

  test('has a content type only when it has a body', async () => {
    const { url, seen } = await server(() => OK)
    const http = client(url)
    await http.get('me')
    await http.post('tracker', [['async', 'false']], { events: [] })
    expect(seen.map((s) => [s.headers['content-type'], s.headers.accept, s.body])).toEqual([
      [undefined, 'application/json', ''],
      ['application/json', 'application/json', '{"events":[]}'],
    ])
  })

  test.each([
    [PASSWORD, `Basic ${Buffer.from('sync:Sünc-2024!pw').toString('base64')}`],
    [TOKEN, 'ApiToken d2p_Secret0Token'],
  ])('signs in, every time: %o', async (credentials, authorization) => {
    const { url, seen } = await server(() => OK)
    const http = client(url, { credentials })
    await http.get('me')
    await http.get('me')
    expect(seen.map((s) => s.headers.authorization)).toEqual([authorization, authorization])
  })

  test('that reads does not wait for one that writes', async () => {
    let written: ServerResponse | undefined
    const { url } = await server(({ method }) => (method === 'POST' ? (response) => void (written = response) : OK))
    const http = client(url, { connections: 1 })
    const writing = http.post('tracker', [], {})
    await vi.waitUntil(() => written)
    expect(await http.get('me')).toEqual({ fine: true })
    written!.end('{}')
    expect(await writing).toMatchObject({ status: 200 })
  })

  test('is observed without its query and its uids', async () => {
    const { url } = await server(inTurn({ status: 503 }, OK))
    const http = client(url)
    await http.get('trackedEntityInstances/TCase49n1xx/enrollments', [['program', 'PRGHtsTest1']])
    expect(observed).toEqual([
      { method: 'GET', endpoint: 'trackedEntityInstances/{uid}/enrollments', status: 503, ms: 0, attempt: 1 },
      { method: 'GET', endpoint: 'trackedEntityInstances/{uid}/enrollments', status: 200, ms: 0, attempt: 2 },
    ])
  })

  test('answered with nothing has no body', async () => {
    const { url } = await server(() => ({ status: 200, body: '' }))
    expect(await client(url).get('me')).toBeNull()
  })
})

describe('what passes by itself is tried again', () => {
  test.each([429, 502, 503, 504])('HTTP %i, reading and writing', async (status) => {
    const { url, seen } = await server(inTurn({ status, body: '<html>' }, { status }, OK))
    expect(await client(url).get('me')).toEqual({ fine: true })
    seen.length = 0
    const writing = await server(inTurn({ status }, { status, body: {} }, OK))
    expect(await client(writing.url).post('tracker', [], { events: ['one'] })).toMatchObject({ status: 200, body: { fine: true } })
    expect(writing.seen.map((s) => s.body)).toEqual(Array(3).fill('{"events":["one"]}'))
    expect(waits).toEqual([250, 500, 250, 500])
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['a connection that is reset before the answer', (r) => r.socket?.resetAndDestroy()],
    ['a connection that is closed before the answer', (r) => r.destroy()],
    ['half an answer of a known length', (r) => r.writeHead(200, { 'content-length': 100 }).write('{"fine":', () => r.destroy())],
    ['half an answer in chunks', (r) => r.writeHead(200).write('{"fine":true}', () => r.destroy())],
    ['half a report with 409', (r) => r.writeHead(409, { 'content-length': 100 }).write('{"response":', () => r.destroy())],
    ['half of the JSON, said to be all', (r) => r.writeHead(200).end('{"fine":')],
    ['a page instead of JSON, with 200', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>')],
  ])('%s', async (_name, breakIt) => {
    const { url, seen } = await server(inTurn(breakIt, OK))
    expect(await client(url).post('tracker', [], {})).toMatchObject({ body: { fine: true } })
    expect(seen).toHaveLength(2)
  })

  test('a server that is not up yet', async () => {
    const first = await startServer(() => OK)
    await first.close()
    const port = Number(new URL(first.url).port)
    const sleep = async (ms: number) => {
      waits.push(ms)
      if (waits.length === 2) open.unshift(await startServer(() => OK, port))
    }
    expect(await client(first.url, { sleep }).get('me')).toEqual({ fine: true })
    expect(observed.map((o) => o.status)).toEqual([null, null, 200])
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['no answer', () => {}],
    ['an answer that stops', (r) => r.writeHead(200, { 'content-length': 100 }).write('{"fine":')],
  ])('a time-out: %s', async (_name, stall) => {
    const { url, seen } = await server(inTurn(stall, OK))
    expect(await client(url, { timeoutMs: SHORT }).get('me')).toEqual({ fine: true })
    expect(seen).toHaveLength(2)
  })
})

describe('how long', () => {
  const waitsUntilItGivesUp = async (over: Partial<HttpOptions>): Promise<number[]> => {
    const { url } = await server(() => ({ status: 503 }))
    await expect(client(url, over).get('me')).rejects.toThrow(TransientFailure)
    return waits
  }
  test.each([
    [0, 10_000, [250, 500, 1000, 2000, 4000]],
    [1, 10_000, [500, 1000, 2000, 4000]],
    [0.5, 2000, [375, 750]],
    [0, 0, []],
    [1, 100_000, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ])('jitter %d, budget %i ms', async (random, retryBudgetMs, expected) => {
    expect(await waitsUntilItGivesUp({ random: () => random, retryBudgetMs })).toEqual(expected)
  })

  test('the tries count as well', async () => {
    const now = () => (time += 600)
    expect(await waitsUntilItGivesUp({ now, retryBudgetMs: 5000 })).toEqual([250, 500])
  })

  test('waits at least half as long as it could, twice as long each time, and never beyond the budget', async () => {
    const { url } = await server(() => ({ status: 503 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 120_000 }),
        async (jitter, retryBudgetMs) => {
          time = 0
          waits = []
          const http = client(url, { random: () => jitter[waits.length % jitter.length]!, retryBudgetMs })
          const error = await failureOf(http.get('me'))
          expect(error.message).toMatch(waits.length === 0 ? /, also after 1 try\./ : `, also after ${waits.length + 1} tries.`)
          expect(waits.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(retryBudgetMs)
          for (const [i, wait] of waits.entries()) {
            const longest = Math.min(30_000, 500 * 2 ** i)
            expect(wait).toBeGreaterThanOrEqual(longest / 2)
            expect(wait).toBeLessThanOrEqual(longest)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  const NOW = Date.UTC(2024, 2, 1, 10, 0, 0)
  test.each([
    ['seconds', '7', [7000]],
    ['a date', new Date(NOW + 8000).toUTCString(), [8000]],
    ['shorter than our own wait', '0', [250]],
    ['a date that is over', new Date(NOW - 60_000).toUTCString(), [250]],
    ['less than nothing', '-5', [250]],
    ['nonsense', 'soon', [250]],
    ['nothing', '', [250]],
  ])('Retry-After: %s', async (_name, header, expected) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const { url } = await server(inTurn({ status: 429, headers: { 'retry-after': header } }, OK))
    await client(url).get('me')
    expect(waits).toEqual(expected)
  })

  test('Retry-After beyond the budget: given up at once', async () => {
    const { url, seen } = await server(() => ({ status: 503, headers: { 'retry-after': '3600' } }))
    await expect(client(url).get('me')).rejects.toThrow(TransientFailure)
    expect([waits, seen.length]).toEqual([[], 1])
  })
})

describe('as many requests as DHIS2 takes', () => {
  const set = { concurrency: null, chunkSize: null }

  // one that went well afterwards has a sixteenth more
  test.each<[string, Reply[], { inFlight: number; share: number }]>([
    ['asks for fewer', [{ status: 429 }, OK], { inFlight: 1, share: 1 }],
    ['is busy', [{ status: 503 }, OK], { inFlight: 1, share: 9 / 16 }],
    ['breaks down', [{ status: 500 }], { inFlight: 1, share: 0.5 }],
    ['has a proxy that takes no more', [{ status: 413 }], { inFlight: 1, share: 0.5 }],
    ['breaks the connection', [(r) => r.destroy(), OK], { inFlight: 1, share: 9 / 16 }],
    ['says no', [{ status: 409, body: {} }, { status: 400 }, { status: 404 }], { inFlight: 2, share: 1 }],
    ['does not let us in', [{ status: 401 }], { inFlight: 2, share: 1 }],
  ])('a POST when DHIS2 %s', async (_name, replies, after) => {
    const { url } = await server(inTurn(...replies))
    const pacer = openPacer(set)
    const http = client(url, { pacer })
    for (let i = 0; i < replies.filter((one) => one !== OK).length; i++) await http.post('tracker', [], {}).catch(() => null)
    expect(pacer.limits).toMatchObject(after)
  })

  test('a GET for somebody who is not there says nothing; one without an answer does', async () => {
    const { url } = await server(inTurn({ status: 500 }, { status: 503 }, OK))
    const pacer = openPacer(set)
    const http = client(url, { pacer })
    await http.get('trackedEntityInstances').catch(() => null)
    expect(pacer.limits).toMatchObject({ inFlight: 2, share: 1 })
    await http.get('trackedEntityInstances')
    expect(pacer.limits).toMatchObject({ inFlight: 1, share: 0.5 })
  })

  test('no more are on their way than it may be, those that read beside those that write; whoever waits for another try is not', async () => {
    const held: ServerResponse[] = []
    const { url, seen } = await server(() => (response) => void held.push(response))
    const pacer = openPacer(set)
    let goOn = () => {}
    const http = client(url, { connections: 9, pacer, sleep: () => new Promise<void>((resolve) => (goOn = resolve)) })
    const posts = [1, 2, 3, 4].map((n) => http.post('tracker', [], { n }))
    const gets = [1, 2, 3].map(() => http.get('me'))
    await vi.waitUntil(() => held.length === 4)
    expect(seen.map(({ method }) => method).toSorted()).toEqual(['GET', 'GET', 'POST', 'POST'])
    // one of the two that write is asked to wait: only one at a time may go on
    const writing = held.filter((response) => response.req.method === 'POST')
    writing[0]!.writeHead(429).end()
    await vi.waitUntil(() => pacer.limits.inFlight === 1)
    // long enough for one that should not come
    const bodiesSoon = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return seen.filter(({ method }) => method === 'POST').map(({ body }) => body)
    }
    expect(await bodiesSoon()).toEqual(['{"n":1}', '{"n":2}'])
    writing[1]!.end('{}')
    await vi.waitUntil(() => held.length === 5)
    expect(await bodiesSoon()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    goOn()
    for (let n = 5; n <= 7; n++) {
      for (const response of held) if (!response.writableEnded) response.end('{}')
      await vi.waitUntil(() => held.length >= Math.min(n + 1, 8))
    }
    for (const response of held) if (!response.writableEnded) response.end('{}')
    await Promise.all([...posts, ...gets])
  })

  test('one that can be divided is not sent again as it is when no answer came in time', async () => {
    const late = await server(inTurn({ status: 504 }, OK))
    await expect(client(late.url).post('tracker', [], {}, true)).rejects.toThrow(NotInTime)
    expect([late.seen.length, waits]).toEqual([1, [250]])
    const silent = await server(inTurn(() => {}, OK))
    await expect(client(silent.url, { timeoutMs: SHORT }).post('tracker', [], {}, true)).rejects.toThrow(NotInTime)
    expect(silent.seen).toHaveLength(1)
  })

  test.each<[string, Reply]>([
    ['busy', { status: 503 }],
    ['asking for fewer', { status: 429 }],
    ['cut off', (r) => r.destroy()],
  ])('when it is %s it is', async (_name, reply) => {
    const { url, seen } = await server(inTurn(reply, OK))
    await client(url).post('tracker', [], {}, true)
    expect(seen).toHaveLength(2)
  })

  test('the number that the site has set stays; so does what the API can use', () => {
    const fixed = openPacer({ concurrency: 5, chunkSize: 10 })
    fixed.atMost(3)
    expect(fixed.limits).toMatchObject({ inFlight: 5, share: 1 })
    const told: number[] = []
    const pacer = openPacer(set)
    pacer.onChange(({ inFlight }) => told.push(inFlight))
    pacer.atMost(3)
    expect(pacer.limits.inFlight).toBe(2)
    expect(told).toEqual([])
  })
})

describe('what is said when the budget is spent', () => {
  test.each<[string, Reply, string]>([
    ['busy', { status: 503 }, 'answers HTTP 503'],
    ['reset', (r) => r.socket?.resetAndDestroy(), 'breaks the connection'],
    ['half an answer', (r) => r.writeHead(200, { 'content-length': 9 }).write('{', () => r.destroy()), 'breaks the connection'],
    ['a page', { body: '<html>' }, 'answers something that is no JSON (a proxy’s page?)'],
    ['silence', () => {}, 'does not answer in time'],
    ['a standstill', (r) => r.writeHead(200, { 'content-length': 9 }).write('{'), 'does not answer in time'],
  ])('%s', async (_name, reply, problem) => {
    const { url } = await server(() => reply)
    const error = await failureOf(client(url, { retryBudgetMs: 300, timeoutMs: SHORT }).get('me'))
    expect(error).toBeInstanceOf(TransientFailure)
    expect(error).toMatchObject({
      transient: true,
      message: `DHIS2 at ${url} ${problem}, also after 2 tries. Check the network and DHIS2_URL; the next sync goes on from here.`,
    })
  })

  test('nobody listens', async () => {
    const gone = await startServer(() => OK)
    await gone.close()
    const error = await failureOf(client(gone.url).get('me'))
    expect(error).toBeInstanceOf(TransientFailure)
    expect(error.message).toMatch(/refuses the connection, also after 6 tries/)
  })

  test('no such name', async () => {
    const error = await failureOf(client(`http://${'no-such-name'.repeat(6)}.invalid`, { retryBudgetMs: 0 }).get('me'))
    expect(error).toBeInstanceOf(TransientFailure)
    expect(error.message).toMatch(/is not found under this name, also after 1 try\./)
  })
})

describe('who is not let in, asked once', () => {
  const at = (url: string, rest: string) => `DHIS2 at ${url} ${rest}`
  test.each<[string, HttpOptions['credentials'], Reply, (url: string) => string]>([
    [
      'a wrong password',
      PASSWORD,
      { status: 401, body: { message: 'Unauthorized' } },
      (url) =>
        at(url, 'does not let our account in: it does not accept the user name and password. Check DHIS2_USERNAME and DHIS2_PASSWORD.'),
    ],
    [
      'a token that is gone',
      TOKEN,
      { status: 401, body: { message: 'Unauthorized' } },
      (url) => at(url, 'does not let our account in: it does not accept the token. Make a new one in DHIS2 and set DHIS2_TOKEN.'),
    ],
    [
      'an expired token',
      TOKEN,
      { status: 401, body: { message: 'Failed to authenticate API token, token has expired.' } },
      (url) => at(url, 'does not let our account in: the token has expired. Make a new one in DHIS2 and set DHIS2_TOKEN.'),
    ],
    [
      '401 with a page',
      TOKEN,
      { status: 401, body: '<html>expired</html>' },
      (url) => at(url, 'does not let our account in: it does not accept the token. Make a new one in DHIS2 and set DHIS2_TOKEN.'),
    ],
    [
      'a mistyped token',
      TOKEN,
      { status: 400, body: { message: 'Checksum validation failed' } },
      (url) => at(url, 'says that DHIS2_TOKEN is no token of its own.'),
    ],
    [
      'forbidden',
      PASSWORD,
      { status: 403, body: { message: 'Access is denied' } },
      (url) => at(url, 'forbids this request to our account. Ask its administrator for tracker access.'),
    ],
    [
      'a redirect to the login page',
      PASSWORD,
      { status: 302, headers: { location: '/dhis-web-login/' }, body: '' },
      (url) => `${url} redirects to another page. Is DHIS2_URL the address of DHIS2 itself, and are we signed in?`,
    ],
  ])('%s', async (_name, credentials, reply, message) => {
    const { url, seen } = await server(() => reply)
    const http = client(url, { credentials })
    for (const request of [http.get('me'), http.post('tracker', [], {})]) {
      const error = await failureOf(request)
      expect(error).toBeInstanceOf(AccessRefused)
      expect(error).toMatchObject({ transient: false, message: message(url) })
    }
    // a redirect is not followed either
    expect([seen.map((s) => s.path).toSorted(), waits]).toEqual([['/api/me', '/api/tracker'], []])
  })

  test.each<[string, HttpOptions['credentials'], string]>([
    ['about JSON', TOKEN, "JSON parse error: Unrecognized token 'x'"],
    ['without a token', PASSWORD, 'Checksum validation failed'],
  ])('other 400s are about the request: %s', async (_name, credentials, message) => {
    const { url } = await server(() => ({ status: 400, body: { message } }))
    await expect(client(url, { credentials }).get('me')).rejects.toThrow(RequestRefused)
  })
})

describe('a request that is refused as a whole, sent once', () => {
  test.each([400, 404, 413, 500, 501])('HTTP %i', async (status) => {
    const detail = 'Cannot parse "1990-02-31"'
    const { url, seen } = await server(() => ({ status, body: { message: detail } }))
    for (const request of [client(url).get('me'), client(url).post('tracker', [], {})]) {
      const error = await failureOf(request)
      expect(error).toBeInstanceOf(RequestRefused)
      expect(error).toMatchObject({ status, detail, transient: false })
      expect(error.message).not.toContain('1990')
    }
    expect([seen.length, waits]).toEqual([2, []])
  })

  test.each<[string, Reply]>([
    ['a page', { status: 500, body: '<html>Tomcat</html>' }],
    ['nothing', { status: 500, body: '' }],
    ['no sentence', { status: 500, body: { message: 7 } }],
    ['a text', { status: 500, body: '"boom"' }],
  ])('%s instead of DHIS2’s sentence', async (_name, reply) => {
    const { url } = await server(() => reply)
    expect(await failureOf(client(url).get('me'))).toMatchObject({ status: 500, detail: null })
  })

  test.each([200, 201, 409])('the report of a POST is its body: HTTP %i', async (status) => {
    const body = { status: 'ERROR', response: { importSummaries: [{ reference: 'TCase05n2xx' }] } }
    const { url, seen } = await server(() => ({ status, body }))
    expect(await client(url).post('trackedEntityInstances', [], {})).toMatchObject({ status, body })
    expect([seen.length, waits]).toEqual([1, []])
  })

  test('409 has nothing to read for a GET', async () => {
    const { url, seen } = await server(() => ({ status: 409, body: { message: 'At least one organisation unit must be specified' } }))
    expect(await failureOf(client(url).get('trackedEntityInstances'))).toMatchObject({
      status: 409,
      detail: 'At least one organisation unit must be specified',
    })
    expect(seen).toHaveLength(1)
  })
})

describe('the session', () => {
  const cookies = (...values: string[]): Reply => ({ headers: { 'set-cookie': values } })
  const cookiesSeen = async (credentials: HttpOptions['credentials'], replies: Reply[]) => {
    const { url, seen } = await server(inTurn(...replies))
    const http = client(url, { credentials })
    for (const _ of replies) await http.get('me').catch(() => null)
    return seen.map((s) => s.headers.cookie)
  }
  test('is kept and used again, each cookie by its name', async () => {
    expect(
      await cookiesSeen(PASSWORD, [
        cookies('JSESSIONID=one; Path=/; HttpOnly', 'SESSION=a=b; SameSite=Lax'),
        OK,
        cookies('SESSION=new'),
        cookies('nonsense', '=x'),
        OK,
      ]),
    ).toEqual([undefined, 'JSESSIONID=one; SESSION=a=b', 'JSESSIONID=one; SESSION=a=b', ...Array(2).fill('JSESSIONID=one; SESSION=new')])
  })
  test('is none when DHIS2 did not let us in', async () => {
    expect(await cookiesSeen(PASSWORD, [{ status: 401, headers: { 'set-cookie': 'JSESSIONID=stranger' } }, OK])).toEqual([
      undefined,
      undefined,
    ])
  })
  test('is none with a token', async () => {
    expect(await cookiesSeen(TOKEN, [cookies('JSESSIONID=one'), OK])).toEqual([undefined, undefined])
  })
})

describe('what no later try would change', () => {
  test('a certificate that is not trusted', async () => {
    const tls = createTlsServer(selfSigned(), (_request, response) => response.end('{}'))
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`
    open.push({ close: () => new Promise((resolve) => tls.close(() => resolve())) })
    const error = await failureOf(client(url).get('me'))
    expect(error).toBeInstanceOf(NotReached)
    expect(error).toMatchObject({
      transient: false,
      message: `No connection to DHIS2 at ${url} (DEPTH_ZERO_SELF_SIGNED_CERT). Check DHIS2_URL, its http or https, and the server's certificate.`,
    })
    expect(waits).toEqual([])
  })
  test('https on a port that speaks http', async () => {
    const { url } = await server(() => OK)
    const error = await failureOf(client(url.replace('http:', 'https:')).get('me'))
    expect(error).toBeInstanceOf(NotReached)
    expect([waits, observed.map((o) => o.status)]).toEqual([[], [null]])
  })
  test('a token with a line break', async () => {
    const { url, seen } = await server(() => OK)
    const error = await failureOf(client(url, { credentials: { token: 'd2p_Secret\nToken' } }).get('me'))
    expect(error).toBeInstanceOf(NotReached)
    expect([waits, seen]).toEqual([[], []])
  })
  test('a client that was closed', async () => {
    const { url } = await server(() => OK)
    const http = client(url)
    await http.close()
    open.splice(1)
    await expect(http.get('me')).rejects.toThrow(NotReached)
    expect(waits).toEqual([])
  })
})

describe('credentials are in no error', () => {
  const secrets = [
    'Sünc-2024!pw',
    Buffer.from('sync:Sünc-2024!pw').toString('base64'),
    'd2p_Secret0Token',
    'other-Secret',
    'session-Secret',
  ]
  test.each<[string, Reply]>([
    ['401', { status: 401, body: { message: 'Unauthorized' } }],
    ['403', { status: 403 }],
    ['302', { status: 302, headers: { location: '/' } }],
    ['400', { status: 400, body: { message: 'Checksum validation failed' } }],
    ['500', { status: 500, body: { message: 'boom' } }],
    ['503', { status: 503 }],
    ['a page', { body: '<html>' }],
    ['reset', (r) => r.destroy()],
    ['silence', () => {}],
  ])('%s', async (_name, reply) => {
    const { url } = await server((_seen, n) => (n === 0 ? { headers: { 'set-cookie': 'JSESSIONID=session-Secret' } } : reply))
    const withUser = url.replace('://', '://someone:other-Secret@')
    for (const credentials of [PASSWORD, TOKEN]) {
      const http = client(withUser, { credentials, retryBudgetMs: 0, timeoutMs: SHORT })
      if (credentials === PASSWORD) await http.get('me')
      const told = inspect(await failureOf(http.get('me')), { depth: 10, showHidden: true })
      for (const secret of secrets) expect(told).not.toContain(secret)
    }
  })
  test('no connection at all', async () => {
    const { url } = await server(() => OK)
    for (const credentials of [PASSWORD, TOKEN, { token: 'd2p_Secret0Token\n' }]) {
      const secure = client(url.replace('http://', 'https://someone:other-Secret@'), { credentials })
      const told = inspect(await failureOf(secure.get('me')), { depth: 10, showHidden: true })
      for (const secret of secrets) expect(told).not.toContain(secret)
    }
  })
})

/** A certificate of nobody's for 127.0.0.1, made anew: the least of X.509 (RFC 5280) in DER. */
function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts)
    const { length } = content
    const header = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
    return Buffer.concat([Buffer.from(header), content])
  }
  const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const name = sequence(der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('localhost')))))
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('21200101000000Z')))
  const body = sequence(
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = createSign('SHA256').update(body).sign(privateKey)
  const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
}
