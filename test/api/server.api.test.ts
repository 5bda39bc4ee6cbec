/** What every request meets, whatever its route. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { defineOperations } from '../../src/api/contract/operation.ts'
import { routesOf, type Handlers } from '../../src/api/handler.ts'
import { openApi, type Api } from '../support/api.ts'
import { rawRequest } from '../support/raw-request.ts'
import { until } from '../support/site.ts'

/** A table of routes of every sort, so that nothing here depends on what the program's own do. */
const operations = defineOperations({
  read: {
    method: 'get',
    path: '/things/{name}',
    summary: '',
    access: ['log'],
    params: z.object({ name: z.string().max(20) }),
    query: z.object({ limit: z.coerce.number().int().optional(), text: z.string().optional() }),
    answers: { 200: z.unknown() },
  },
  write: { method: 'post', path: '/things', summary: '', access: ['log'], body: z.unknown(), answers: { 200: z.unknown() } },
  remove: {
    method: 'delete',
    path: '/things/{name}',
    summary: '',
    access: [],
    params: z.object({ name: z.string() }),
    answers: { 204: null },
  },
  fail: { method: 'get', path: '/failure', summary: '', access: [], answers: { 200: z.unknown() }, problems: ['changed'] },
  stream: { method: 'get', path: '/stream', summary: '', access: [], answers: { 200: { media: 'text/csv', about: '' } } },
  open: { method: 'get', path: '/open', summary: '', access: 'anyone', answers: { 200: z.unknown() } },
})
let failure: unknown
let streamed: { source: () => AsyncIterable<string>; begun?: boolean; ended: boolean }
const handlers: Handlers<typeof operations> = {
  read: ({ params, query }) => Promise.resolve({ status: 200, body: { params, query } }),
  write: ({ body }) => Promise.resolve({ status: 200, body: { body } }),
  remove: () => Promise.resolve({ status: 204 }),
  fail: () => Promise.reject(failure), // oxlint-disable-line prefer-promise-reject-errors -- whatever is thrown
  stream: () => Promise.resolve({ status: 200, stream: streamed.source(), filename: 'rows.csv' }),
  open: ({ principal }) => Promise.resolve({ status: 200, body: { principal } }),
}

/** every request is in the log at this level */
const DEBUG = 20
let logged: Record<string, unknown>[] = []
const log = pino(
  { level: 'debug', base: null },
  new Writable({
    write: (line: Buffer, _encoding, done) => (
      logged.push(...[JSON.parse(line.toString()) as Record<string, unknown>].filter(({ level }) => Number(level) > DEBUG)),
      done()
    ),
  }),
)
let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0, log, routes: routesOf(operations, handlers) })
})
afterAll(() => api.close())
beforeEach(() => {
  logged = []
})

describe('a problem', () => {
  test('has a sentence and the request’s id, which is in the header too', async () => {
    const answer = await api.call('GET', '/api/v1/nothing', { headers: { 'x-request-id': 'mine-1' } })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toMatch('application/problem+json')
    expect(answer.headers.get('x-request-id')).toBe('mine-1')
    expect(answer.body).toEqual({
      type: '/api/docs/problems#not-found',
      title: 'There is no such thing',
      status: 404,
      code: 'not-found',
      detail: 'There is nothing at /api/v1/nothing.',
      requestId: 'mine-1',
    })
  })
  test.each(['a b', 'x'.repeat(65), '<script>', '"', ''])('the id %j is not taken over', async (id) => {
    const answer = await api.call('GET', '/api/v1/nothing', { headers: { 'x-request-id': id } })
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'))
  })
})

describe('a failure of ours', () => {
  const SECRET = 'patient C-UIC-1\n    at secret (/C-UIC-1.ts:1:1)'
  test.each<[string, () => unknown]>([
    ['an error', () => new TypeError(SECRET)],
    ['with a cause', () => new Error(SECRET, { cause: new Error(SECRET) })],
    ['a text', () => SECRET],
    ['nothing', () => undefined],
    ['null', () => null],
  ])('is told without its words, in the answer and in the log: %s', async (_name, thrown) => {
    failure = thrown()
    const answer = await api.call('GET', '/failure', { headers: { 'x-request-id': 'r-1' } })
    expect(answer.status).toBe(500)
    expect(answer.body).toMatchObject({
      code: 'internal',
      detail: 'The program failed. Its log has the reason under the request’s id.',
      requestId: 'r-1',
    })
    expect(answer.text).not.toMatch(/C-UIC-1|\.ts|node_modules/)
    await until(() => logged.length > 0)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatchObject({ level: 50, requestId: 'r-1', msg: 'a request failed' })
    expect(JSON.stringify(logged)).not.toContain('C-UIC-1')
  })
  test('is found by the place in its log line', async () => {
    failure = Object.assign(new RangeError('x'), { code: '22P02' })
    await api.call('GET', '/failure')
    expect(logged[0]).toMatchObject({
      name: 'RangeError',
      code: '22P02',
      stack: expect.arrayContaining([expect.stringMatching(/server\.api\.test\.ts/)]),
    })
  })
  test('what is refused on purpose is no failure, and in no log', async () => {
    failure = new ApiProblem('changed', 'x', { headers: { allow: 'y' } })
    const answer = await api.call('GET', '/failure')
    expect([answer.status, answer.headers.get('allow')]).toEqual([412, 'y'])
    expect(logged).toEqual([])
  })
})

describe('the body', () => {
  const post = (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    rawRequest(api.url, { method: 'POST', path: '/api/v1/things', body, headers: { authorization: 'Test log', ...headers } })
  const codeOf = (answer: { text: string }) => (JSON.parse(answer.text) as { code: string }).code

  test.each(['{}', '[]', 'null', '1', '"x"', '{"a":{"b":[1,2]}}'])('%s is JSON', async (body) => {
    expect(JSON.parse((await post(body)).text)).toEqual({ body: JSON.parse(body) as unknown })
  })
  test.each(['{', '{a:1}', "{'a':1}", '{"a":1}}', '[1,]', 'undefined', 'NaN', '\u{feff}\u{feff}{}', '"\n"'])('%j is none', async (body) => {
    const answer = await post(body)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'bad-request'])
    expect(JSON.parse(answer.text)).toMatchObject({ detail: 'The body is not JSON.' })
  })
  test.each<[string, Record<string, string>]>([
    ['no type', {}],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text, which a page may send anywhere', { 'content-type': 'text/plain' }],
    ['another type that has JSON in its name', { 'content-type': 'text/json' }],
    ['UTF-16', { 'content-type': 'application/json; charset=utf-16' }],
    ['Latin-1', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['a compression that is unknown', { 'content-type': 'application/json', 'content-encoding': 'zip' }],
  ])('%s is not taken', async (_name, headers) => {
    const answer = await post('{}', headers)
    expect([answer.status, codeOf(answer)]).toEqual([415, 'unsupported-media'])
  })
  test('of 5 MB is taken, and a longer one is not', async () => {
    const long = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2))
    expect((await post(long(5 * 1024 * 1024))).status).toBe(200)
    const answer = await post(long(5 * 1024 * 1024 + 1))
    expect([answer.status, codeOf(answer)]).toEqual([413, 'too-large'])
  })
  test('is not read for whoever may not send it', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    const answer = text(socket)
    socket.write(
      'POST /api/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{',
    )
    // the rest never comes, and the answer is there
    await until(() => socket.bytesRead > 0)
    socket.end()
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /)
  })
  test('may be 50 levels deep', async () => {
    const deep = (levels: number, open = '[', close = ']') => `${open.repeat(levels)}${close.repeat(levels)}`
    expect((await post(deep(50))).status).toBe(200)
    expect((await post(deep(25, '{"a":[', ']}'))).status).toBe(200)
    expect((await post(JSON.stringify({ text: `${'['.repeat(200)}"\\"{` }))).status).toBe(200)
    for (const body of [deep(51), deep(26, '{"a":[', ']}'), deep(2_000_000), '['.repeat(2_000_000), '{"a":'.repeat(500_000)]) {
      const answer = await post(body)
      expect([answer.status, codeOf(answer)]).toEqual([400, 'bad-request'])
      expect(JSON.parse(answer.text)).toMatchObject({ detail: 'The body is more than 50 levels deep.' })
    }
  })
  test('the depth is that of JSON.parse, whatever is in it', async () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 12 }), fc.integer({ min: 38, max: 50 }), async (value, around) => {
        let body: unknown = value
        for (let i = 0; i < around; i++) body = { '"[': body }
        const answer = await post(JSON.stringify(body))
        expect(answer.status).toBe(depthOf(body) > 50 ? 400 : unstorable.test(JSON.stringify(body)) ? answer.status : 200)
      }),
      { numRuns: 100 },
    )
  })
  const unstorable = /\\u0000|\\ud[89a-f]/i
  test.each([
    ['{"a":[{"b":"x\\u0000"}]}', 'body.a.0.b'],
    ['"\\ud800"', 'body'],
    ['{"a":"\\udc00\\ud800"}', 'body.a'],
    ['{"x\\u0000":1}', 'body'],
  ])('%s has a letter that no database takes', async (body, at) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ problems: [{ at, message: expect.stringMatching(/a character that is none/) }] })
  })
  test('emoji and all other letters pass', async () => {
    expect(JSON.parse((await post(JSON.stringify('🎗 Çàñ Њ 中')).then((answer) => answer)).text)).toEqual({ body: '🎗 Çàñ Њ 中' })
  })
  test('cannot change what every object has', async () => {
    const answer = await post('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')
    expect(answer.status).toBe(200)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('the address', () => {
  const read = (path: string) => rawRequest(api.url, { path: `/api/v1${path}`, headers: { authorization: 'Test log' } })
  const body = async (path: string) =>
    JSON.parse((await read(path)).text) as { detail: string; problems?: { at: string; message: string }[] }

  test('is decoded', async () => {
    expect(await body('/things/a%2Fb%20c%25?text=%C3%A9+x')).toEqual({ params: { name: 'a/b c%' }, query: { text: 'é x' } })
  })
  test.each(['/things/%', '/things/%zz', '/things/%C3', '/things/%c0%ae'])('%s cannot be', async (path) => {
    const answer = await read(path)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad-request', detail: 'The request cannot be read.' })
  })
  test('with a NUL is refused before it comes to the database', async () => {
    expect(await body('/things/a%00b?text=%00')).toMatchObject({ problems: [{ at: 'params.name' }, { at: 'query.text' }] })
  })
  test.each(['other', 'Limit', 'constructor', '__proto__', 'toString', 'hasOwnProperty', ''])('the parameter %j is none', async (name) => {
    expect((await body(`/things/x?${name}=1`)).problems).toEqual([{ at: `query.${name}`, message: 'is no parameter of this address' }])
  })
  test('everything that is wrong is told at once', async () => {
    expect((await body(`/things/${'x'.repeat(21)}?limit=many&other=1&text=a&text=b`)).problems?.map((problem) => problem.at)).toEqual([
      'query.other',
      'params.name',
      'query.limit',
      'query.text',
    ])
  })
  test('that is very long, or has very many parameters, is only refused', async () => {
    expect((await read(`/things/x?${Array.from({ length: 1500 }, (_, i) => `p${i}`).join('&')}`)).status).toBe(400)
    expect([400, 404]).toContain((await read(`/${'x/'.repeat(4000)}`)).status)
  })
})

describe('headers', () => {
  test('that are too many are refused, and the next request is answered', async () => {
    const flood = { 'x-long': 'x'.repeat(20_000) }
    expect((await rawRequest(api.url, { path: '/healthz', headers: flood })).status).toBe(431)
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x-${i}`, '']))
    expect((await rawRequest(api.url, { path: '/healthz', headers: many })).status).toBe(431)
    expect((await rawRequest(api.url, { path: '/healthz' })).status).toBe(200)
  })
  test('of a browser’s protection are on every answer', async () => {
    for (const path of ['/healthz', '/api/v1/open', '/api/v1/nothing', '/nothing', '/queues/']) {
      const { headers } = await api.call('GET', path)
      const policy = headers.get('content-security-policy')!
      expect(policy, path).toMatch(/^default-src 'self';/)
      expect(policy, path).toContain("frame-ancestors 'self'")
      expect(policy, path).not.toMatch(/unsafe-eval|https?:|\*/)
      expect(policy.includes("'unsafe-inline'"), path).toBe(path === '/queues/')
      // nothing else than styles may stand in the page
      expect(policy, path).not.toMatch(/script-src[^;]*'unsafe-inline'/)
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('referrer-policy'), path).toBe('no-referrer')
      expect(headers.get('x-frame-options'), path).toBe('SAMEORIGIN')
      expect(headers.get('x-powered-by'), path).toBeNull()
    }
  })
  test('about https are there when users come over https, and only then', async () => {
    const plain = await api.call('GET', '/healthz')
    expect(plain.headers.get('strict-transport-security')).toBeNull()
    expect(plain.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests')
    const tls = await api.call('GET', '/healthz', { headers: { 'x-forwarded-proto': 'https' } })
    expect(tls.headers.get('strict-transport-security')).toBe('max-age=15552000')
    expect(tls.headers.get('content-security-policy')).toContain('upgrade-insecure-requests')
  })
  test('answers of the API are kept by nobody', async () => {
    for (const path of ['/things/x', '/open', '/nothing'])
      expect((await api.call('GET', `/api/v1${path}`)).headers.get('cache-control'), path).toBe('no-store')
    expect((await api.call('GET', '/things/x')).headers.get('etag')).toBeNull()
  })
  test('no other site gets leave to ask', async () => {
    const asked = {
      origin: 'https://evil.example.org',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }
    for (const method of ['OPTIONS', 'GET', 'POST']) {
      const { headers } = await api.call(method, '/things', { headers: asked, ...(method === 'POST' && { body: {} }) })
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('methods', () => {
  test('OPTIONS tells what an address takes, to anyone', async () => {
    const answer = await api.call('OPTIONS', '/things/x', { as: null })
    expect([answer.status, answer.headers.get('allow'), answer.text]).toEqual([204, 'GET, DELETE, HEAD, OPTIONS', ''])
  })
  test.each(['PUT', 'PATCH', 'POST'])('%s where it does not belong is refused with what does', async (method) => {
    const answer = await api.call(method, '/things/x', { body: {} })
    expect(answer.body).toMatchObject({ code: 'method-not-allowed', detail: 'This address takes GET and DELETE only.' })
    expect(answer.headers.get('allow')).toBe('GET, DELETE, HEAD, OPTIONS')
  })
  test('HEAD answers as GET does, without a body', async () => {
    const [get, head] = [await api.call('GET', '/things/x'), await api.call('HEAD', '/things/x')]
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', get.headers.get('content-length')])
    expect((await api.call('HEAD', '/things/x', { as: null })).status).toBe(401)
    expect((await api.call('HEAD', '/things/x', { as: ['upload'] })).status).toBe(403)
  })
  test('changes from another web site are refused, whatever the method', async () => {
    for (const [method, path] of [
      ['POST', '/things'],
      ['DELETE', '/things/x'],
    ] as const) {
      const options = { headers: { origin: 'https://evil.example.org' }, ...(method === 'POST' && { body: {} }) }
      expect((await api.call(method, path, options)).body).toMatchObject({ status: 403, code: 'foreign-origin' })
      expect((await api.call(method, path, { ...options, headers: { origin: api.url } })).status).toBeLessThan(300)
    }
    // reading is not changing
    expect((await api.call('GET', '/things/x', { headers: { origin: 'https://evil.example.org' } })).status).toBe(200)
  })
  test('a trusted proxy says which host it was asked for', async () => {
    const options = { headers: { origin: 'https://bahmni.example.org', 'x-forwarded-host': 'bahmni.example.org' }, body: {} }
    expect((await api.call('POST', '/things', options)).status).toBe(200)
  })
})

describe('a stream', () => {
  const endless = () => {
    streamed = {
      ended: false,
      async *source() {
        streamed.begun = true
        try {
          for (;;) {
            yield 'row\r\n'
            await new Promise((done) => setTimeout(done, 5))
          }
        } finally {
          streamed.ended = true
        }
      },
    }
  }
  test('is sent as a file, in UTF-8', async () => {
    streamed = { ended: false, source: async function* () { yield* ['a,b\r\n', '"é",1\r\n'] } } // prettier-ignore
    const answer = await api.call('GET', '/stream')
    expect(answer.text).toBe('a,b\r\n"é",1\r\n')
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=rows.csv')
  })
  test('that nobody reads any more ends at its source, and is no failure', async () => {
    endless()
    const response = await fetch(`${api.url}/api/v1/stream`, { headers: { authorization: 'Test log' } })
    await response.body!.cancel()
    await until(() => streamed.ended)
    expect(logged).toEqual([])
  })
  test('that breaks off is cut, so that nobody takes a part for the whole, and is in the log', async () => {
    streamed = { ended: false, source: async function* () { yield 'a\r\n'; throw new Error('patient C-UIC-1') } } // prettier-ignore
    await expect(api.call('GET', '/stream')).rejects.toThrow()
    await until(() => logged.length > 0)
    expect(logged).toMatchObject([{ msg: 'an answer broke off', name: 'Error', requestId: expect.any(String) }])
    expect(JSON.stringify(logged)).not.toContain('C-UIC-1')
  })
  test('is not begun for HEAD', async () => {
    endless()
    const answer = await api.call('HEAD', '/stream')
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([200, '', 'text/csv; charset=utf-8'])
    // what was begun would be by the time of another answer
    await api.call('GET', '/open')
    expect(streamed.begun).toBeUndefined()
  })
})

test('nobody is asked who they are where anyone may', async () => {
  expect((await api.call('GET', '/open', { as: ['log'] })).body).toEqual({ principal: null })
})

test('the server says good-bye to whoever has asked, and does not wait for ever', async () => {
  const own = await openApi({ patients: 0, routes: routesOf(operations, handlers) })
  streamed = { ended: false, source: async function* () { yield 'a'; await new Promise(() => {}) } } // prettier-ignore
  const response = await fetch(`${own.url}/api/v1/stream`, { headers: { authorization: 'Test log' } })
  const read = response.text().catch(() => 'cut')
  await own.close()
  expect(await read).toBe('cut')
})
