/** Whatever is sent to whatever route: an answer in time, never a failure of the program, never anything of its inside. */
import { request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { PROBLEM_CODES } from '../../src/api/contract/problem.ts'
import type { Operation } from '../../src/api/contract/operation.ts'
import { routes } from '../../src/api/routes.ts'
import { openApi, type Api } from '../support/api.ts'
import { nearly, nearlyText, oddBody, oddText } from '../support/odd-input.ts'
import { MAPPING } from '../support/site.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 20)
const IN_TIME_MS = 30_000

let api: Api
/** texts that name something that is there: so that a request gets as far as the database */
let known: string[] = [MAPPING.name, 'clerk', 'hts_instance_table']
let began: number
beforeAll(async () => {
  api = await openApi({ patients: 2 })
  const run = await api.service.store.createRun({
    mappingName: MAPPING.name,
    requestedBy: 'clerk',
    comment: 'x',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
  })
  known = [...known, run.runId]
  began = await runs()
})
afterAll(() => api.close())

const runs = async () => (await api.site.db.query('select from mapping')).length

interface Sent {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
}

/** fetch mends addresses and refuses headers: this sends what it is given. */
function send({ method, path, headers = {}, body }: Sent): Promise<{ status: number; type: string; text: string }> {
  const { hostname, port } = new URL(api.url)
  return new Promise((done, failed) => {
    const asked = request(
      { hostname, port, method, path, headers, agent: false, timeout: IN_TIME_MS, maxHeaderSize: 1_000_000 },
      (response) => {
        const { statusCode: status = 0, headers: got } = response
        // a stream of a sync that goes on has no end
        if (String(got['content-type']).startsWith('text/event-stream')) {
          response.destroy()
          done({ status, type: 'text/event-stream', text: '' })
          return
        }
        let content = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (content += chunk))
        response.once('error', failed).once('end', () => done({ status, type: got['content-type'] ?? '', text: content }))
      },
    )
    asked.once('timeout', () => asked.destroy(new Error(`no answer in ${IN_TIME_MS} ms`)))
    // a server that has seen enough of a body that is too long hangs up
    asked.once('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE'].includes(error.code ?? '') && (body?.length ?? 0) > 1_000_000
        ? done({ status: 413, type: '', text: '' })
        : failed(error),
    )
    asked.end(body)
  })
}

const INSIDE =
  /\bat [^\n]{0,200}[\w)]\.?[jt]s:\d+|node_modules|SyntaxError|TypeError|slonik|syntax error at|relation "\w+" does not exist|PostgresError/

async function isAnsweredWell(sent: Sent): Promise<void> {
  const { status, type, text: said } = await send(sent)
  const about = `${sent.method} ${sent.path.slice(0, 300)}\n${(sent.body ?? '').slice(0, 300)}\n→ ${status} ${said.slice(0, 600)}`
  expect(said, about).not.toMatch(INSIDE)
  if (status < 400) return
  // Node's own parser refuses before us
  if (status === 431 || (status === 400 && type === '') || status === 413) return
  expect(type, about).toMatch('application/problem+json')
  const problem = JSON.parse(said) as { code: string; status: number; detail: string }
  expect(PROBLEM_CODES, about).toContain(problem.code)
  expect(problem.status, about).toBe(status)
  // the sandbox DHIS2 and the database are there
  if (status >= 500) expect(['dhis2-unavailable'], about).toContain(problem.code)
}

const SIGNED_IN = { authorization: 'Test mapping,upload,log' }
/** Of a header the characters that HTTP allows. */
const headerText = (value: string) => value.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '').trim()
const filled = (path: string, params: Record<string, string>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    try {
      return encodeURIComponent(params[name] ?? '')
    } catch {
      // half of a surrogate pair
      return '%ED%A0%80'
    }
  })
const safely = (value: string) => filled('{v}', { v: value })

function requestOf(operation: Operation): fc.Arbitrary<Sent> {
  const { method, path, query, headers, body } = operation
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const texts = (shape: Record<string, z.ZodType>) =>
    fc.record(Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, nearlyText(schema, known)])), { requiredKeys: [] })
  return fc
    .record({
      params: fc.record(Object.fromEntries(names.map((name) => [name, oddText(known)]))),
      query: texts((query?.shape ?? {}) as Record<string, z.ZodType>),
      other: fc.oneof(
        { weight: 9, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(oddText(known), oddText(known), { maxKeys: 2 }) },
      ),
      headers: texts((headers?.shape ?? {}) as Record<string, z.ZodType>),
      body: body
        ? fc.oneof(
            { weight: 6, arbitrary: nearly(body, known).map((value) => JSON.stringify(value)) },
            { weight: 1, arbitrary: oddBody(known) },
          )
        : fc.constant(undefined),
      type: fc.oneof(
        { weight: 19, arbitrary: fc.constant('application/json') },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'application/json; charset=utf-16',
            'text/plain',
            'application/xml',
            'multipart/form-data; boundary=x',
            'application/json;;;=',
          ),
        },
      ),
    })
    .map((made): Sent => {
      const search = Object.entries({ ...made.query, ...made.other }).map(([name, value]) => `${safely(name)}=${safely(value ?? '')}`)
      const sent = Object.entries(made.headers).map(([name, value]) => [name, headerText(value ?? '')] as const)
      return {
        method: method.toUpperCase(),
        path: `/api/v1${filled(path, made.params)}${search.length > 0 ? `?${search.join('&')}` : ''}`,
        headers: { ...SIGNED_IN, ...Object.fromEntries(sent), ...(made.body !== undefined && { 'content-type': made.type }) },
        ...(made.body !== undefined && { body: made.body }),
      }
    })
}

describe('what nearly fits, and what does not at all', () => {
  test.each(routes.map((route) => [`${route.operation.method} ${route.operation.path}`, route.operation] as const))(
    '%s',
    async (_name, operation) => {
      await fc.assert(fc.asyncProperty(requestOf(operation), isAnsweredWell), { numRuns: RUNS })
    },
  )
})

describe('addresses, methods and headers', () => {
  const around = [
    '/api/v1',
    '/api/v1/mappings',
    '/api/v1/syncs',
    '/queues',
    '/queues/api/queues',
    '/queues/static',
    '/api/docs',
    '/healthz',
    '/readyz',
    '/metrics',
    '/',
  ]
  const trick = fc.constantFrom(
    '/..',
    '/../..',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/....//',
    '//',
    '/%',
    '/%ff',
    '/%00',
    '/%c0%ae%c0%ae',
    '/%u0041',
    '/\\..\\',
    '/.git/config',
    '/.env',
    '/;/x',
    '/?',
    '/#',
    '/%23',
    '/%3f',
    '/~',
    `/${'a/'.repeat(500)}`,
    `/${'%41'.repeat(2000)}`,
    '?%',
    '?a[]=1&a[b]=2',
    '?__proto__[x]=1',
    '?constructor=1',
    `?${'a=1&'.repeat(2000)}`,
  )
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']

  test('tricks of paths and methods', async () => {
    const sent = fc.record({ at: fc.constantFrom(...around), trick, method: fc.constantFrom(...METHODS) })
    await fc.assert(
      fc.asyncProperty(sent, async ({ at, trick: more, method }) => {
        const answer = await send({ method, path: at + more, headers: SIGNED_IN })
        expect(answer.text, `${method} ${at}${more}`).not.toMatch(INSIDE)
        expect(answer.status, `${method} ${at}${more}\n${answer.text.slice(0, 400)}`).not.toBe(500)
        // nothing of the program's own files
        expect(answer.text).not.toMatch(/"devDependencies"|DATABASE_URL=/)
      }),
      { numRuns: RUNS * 10 },
    )
  })

  test.each<[string, Record<string, string>]>([
    ['many headers', Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x-${i}`, '1']))],
    ['a header of 15 KB', { 'x-long': 'a'.repeat(15_000) }],
    ['a header of 200 KB', { 'x-long': 'a'.repeat(200_000) }],
    ['many cookies', { cookie: Array.from({ length: 500 }, (_, i) => `c${i}=${i}`).join('; ') }],
    ['odd cookies', { cookie: 'reporting_session=%; JSESSIONID=;;;=; dhis2sync_session="' }],
    ['odd authorization', { authorization: 'Bearer' }],
    ['a range', { range: 'bytes=0-999999999999' }],
    ['conditions', { 'if-match': '"', 'if-none-match': '*', 'if-modified-since': 'never' }],
    ['a host of others', { host: '<script>', 'x-forwarded-host': 'evil', 'x-forwarded-proto': 'javascript', forwarded: 'for=_' }],
    ['an odd id', { 'x-request-id': '<b>'.repeat(50) }],
    ['other languages', { accept: 'text/html;q=banana', 'accept-language': '*', 'accept-encoding': 'zip' }],
  ])('%s', async (_name, headers) => {
    for (const path of ['/api/v1/mappings', '/readyz', '/queues/api/queues', '/api/openapi.json'])
      for (const signedIn of [SIGNED_IN, {}]) {
        const answer = await send({ method: 'GET', path, headers: { ...signedIn, ...headers } })
        expect(answer.status, path).not.toBe(500)
        expect(answer.text).not.toMatch(INSIDE)
      }
  })

  test.each<[string, Record<string, string>, string]>([
    ['no gzip', { 'content-encoding': 'gzip' }, '{}'],
    ['an unknown encoding', { 'content-encoding': 'x-mine' }, '{}'],
    ['two encodings', { 'content-encoding': 'gzip, br' }, '{}'],
    ['another character set', { 'content-type': 'application/json; charset=ebcdic-us' }, '{}'],
    ['Latin-1', { 'content-type': 'application/json; charset=latin1' }, '{"a":"é"}'],
    ['an odd type', { 'content-type': '/////' }, '{}'],
  ])('bodies: %s', async (_name, headers, body) => {
    for (const { operation } of routes.filter((route) => route.operation.body))
      await isAnsweredWell({
        method: operation.method.toUpperCase(),
        path: `/api/v1${filled(operation.path, { name: MAPPING.name, mapping: MAPPING.name, id: known.at(-1)! })}`,
        headers: { ...SIGNED_IN, 'content-type': 'application/json', ...headers },
        body,
      })
  })
})

test('after all that the tables are there, objects are what they were, and the program answers', async () => {
  expect(await runs()).toBeGreaterThanOrEqual(Math.min(began, 1) - 1)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect(await send({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200 })
  expect((await send({ method: 'GET', path: '/api/v1/mappings', headers: SIGNED_IN })).status).toBe(200)
})
