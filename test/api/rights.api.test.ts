/** Who may do what: every route with everyone, as the table of routes says. A new route is tested without a line here. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf, newSecret } from '../../src/accounts/secret.ts'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { RIGHTS } from '../../src/api/contract/operation.ts'
import type { Route } from '../../src/api/handler.ts'
import { routes } from '../../src/api/routes.ts'
import { openApi, type Api } from '../support/api.ts'
import { startOpenmrs, type StandInOpenmrs } from '../support/openmrs.ts'
import { everyone, localSession, token, type Person } from '../support/people.ts'
import { rawRequest } from '../support/raw-request.ts'

/** What a request that got as far as the handler answers: the handler itself is not what is tested here. */
const REACHED = 422
const guarded: Route[] = routes.map((route) => ({
  ...route,
  operation: { ...route.operation, problems: [...(route.operation.problems ?? []), 'invalid'] },
  handler: () => Promise.reject(new ApiProblem('invalid', 'The handler was reached.')),
}))

let openmrs: StandInOpenmrs
let api: Api
let people: Person[]
/** credentials that were good once, or nearly are */
let stale: { cookies: string[]; tokens: string[] }
beforeAll(async () => {
  openmrs = await startOpenmrs()
  api = await openApi({ patients: 0, authenticate: 'real', routes: guarded, env: { OPENMRS_URL: openmrs.url } })
  people = await everyone(api.service.store, openmrs)
  stale = await formerUsers()
})
afterAll(async () => {
  await api.close()
  await openmrs.close()
})

const pathOf = ({ operation }: Route) => `/api/v1${operation.path.replaceAll(/\{\w+\}/g, 'x')}`
const ask = ({ operation }: Route, path: string, headers: Record<string, string | string[]>) =>
  rawRequest(api.url, {
    method: operation.method.toUpperCase(),
    path,
    headers: { ...(operation.body && { 'content-type': 'application/json' }), ...headers },
    body: operation.body ? '{}' : '',
  })

/** 401, 403, or neither: what `access` says of this person. */
function expected({ operation: { access } }: Route, { known, rights }: Person): number | null {
  if (access === 'anyone') return null
  if (!known) return 401
  if (rights === null) return 403
  return access.length === 0 || access.some((right) => rights.includes(right)) ? null : 403
}

describe.each(guarded.map((route) => [`${route.operation.method.toUpperCase()} ${route.operation.path}`, route] as const))(
  '%s',
  (_name, route) => {
    test('lets in whom its access names, and nobody else', async () => {
      for (const person of people) {
        const answer = await ask(route, pathOf(route), person.headers)
        const status = expected(route, person)
        const problem = JSON.parse(answer.text) as { code: string; detail: string }
        if (status === null) {
          // with made-up parameters it comes to the handler, or to what checks them
          expect([REACHED, 400], `${person.name}: ${answer.text}`).toContain(answer.status)
        } else {
          expect(answer.status, person.name).toBe(status)
          expect(problem.code, person.name).toBe(status === 401 ? 'not-signed-in' : 'forbidden')
        }
      }
    })
  },
)

test('anyone at all may use these operations only, and the others name rights that there are', () => {
  expect(routes.length).toBeGreaterThan(0)
  for (const { name, operation } of routes) {
    const { access } = operation
    if (access === 'anyone') expect(['readLoginOptions', 'signIn', 'readMappingFileSchema'], name).toContain(name)
    else for (const right of access) expect(RIGHTS, name).toContain(right)
  }
})

test('an OpenMRS user who may not enter reads the original’s words', async () => {
  const stranger = people.find((person) => person.known && person.rights === null)!
  const answer = await rawRequest(api.url, { path: '/api/v1/session', headers: stranger.headers })
  expect(answer.status).toBe(403)
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'forbidden', detail: 'Privileges is required to access DHIS2 sync' })
})

test('who has not the right is told which one, and whom to ask', async () => {
  const route = guarded.find(({ operation }) => operation.access !== 'anyone' && operation.access.includes('log'))!
  const clerk = people.find((person) => person.name === 'account: enter only')!
  const answer = await ask(route, pathOf(route), clerk.headers)
  expect(JSON.parse(answer.text)).toMatchObject({
    detail: expect.stringMatching(/needs the privilege .*app:dhis2sync:log.*Ask an administrator to give it to local-enter-only/),
  })
})

describe('nobody', () => {
  test('gets in with any headers at all', async () => {
    const closed = guarded.filter(({ operation }) => operation.access !== 'anyone')
    const letters = fc.string({ unit: fc.constantFrom(...'abcDEF019-_.~%=;, "\\/:'), maxLength: 60 })
    const value = fc.oneof(letters, fc.constantFrom('', 'null', 'undefined', 'true', '*', 'admin', '[object Object]'))
    const nearly = fc.nat().map((n) => stale.cookies[n % stale.cookies.length]!)
    const cookie = fc.oneof(
      nearly,
      fc
        .tuple(fc.constantFrom('dhis2sync_session', 'reporting_session', 'JSESSIONID', 'DHIS2SYNC_SESSION', '__proto__', 'session'), value)
        .map((pair) => pair.join('=')),
      value,
    )
    const authorization = fc.oneof(
      fc.nat().map((n) => stale.tokens[n % stale.tokens.length]!),
      fc.tuple(fc.constantFrom('Bearer', 'bearer', 'Basic', 'Test', 'Digest', 'Bearer Bearer'), value).map((pair) => pair.join(' ')),
      value,
    )
    const others = fc.dictionary(
      fc.constantFrom(
        'x-user', 'x-forwarded-user', 'x-remote-user', 'remote-user', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip',
        'x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-request-id', 'origin', 'referer', 'sec-fetch-site', 'host', 'accept',
      ),
      fc.oneof(value, fc.constantFrom('127.0.0.1', 'https', 'local-all', 'GET', 'same-origin')),
    ) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...closed),
        fc.array(cookie, { maxLength: 6 }),
        fc.option(authorization, { nil: undefined }),
        others,
        async (route, cookies, auth, more) => {
          const answer = await ask(route, pathOf(route), {
            ...more,
            ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
            ...(auth !== undefined && { authorization: auth }),
          })
          // a Host that is none is refused by Node itself
          expect([401, ...('host' in more ? [400] : [])]).toContain(answer.status)
        },
      ),
      { numRuns: 400 },
    )
  })
  test('the same credentials let in as long as they are good', async () => {
    // else the test above would prove nothing
    const { store } = api.service
    const good: Record<string, string>[] = [
      { cookie: await localSession(store, 'still-here', RIGHTS) },
      { authorization: await token(store, 'still-good', RIGHTS) },
      { cookie: `a=b; JSESSIONID=${openmrs.signIn('all')}; c=d` },
    ]
    for (const headers of good) expect((await rawRequest(api.url, { path: '/api/v1/session', headers })).status).toBe(REACHED)
  })
  test('gets in while OpenMRS cannot be asked', async () => {
    const session = openmrs.signIn('all')
    for (const failure of ['down', 'html', 'other-json', 'redirect', 500, 503] as const) {
      openmrs.fail(failure)
      const answer = await rawRequest(api.url, { path: '/api/v1/session', headers: { cookie: `reporting_session=${session}` } })
      expect(answer.status, String(failure)).toBe(503)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'openmrs-unavailable', title: 'OpenMRS cannot say who you are' })
      expect(answer.text).not.toContain(session)
    }
    openmrs.fail('none')
    expect((await rawRequest(api.url, { path: '/api/v1/session', headers: { cookie: `reporting_session=${session}` } })).status).toBe(
      REACHED,
    )
  })
})

/** Sessions that were ended in every way, tokens that are good no more, and secrets in the wrong place. */
async function formerUsers() {
  const { store } = api.service
  const { db } = api.site
  const session = (name: string) => localSession(store, name, RIGHTS)
  const secretOf = (cookie: string) => cookie.replace(/^\w+=/, '')
  const ended = await session('ended')
  await store.endSession(hashOf(secretOf(ended)))
  const idle = await session('idle')
  await db.query(`update sync_session set used_at = now() - interval '61 minutes' where account = 'idle'`)
  const old = await session('old')
  await db.query(`update sync_session set expires_at = now() - interval '1 second' where account = 'old'`)
  const removed = await session('removed')
  await store.removeAccount('removed')
  const changed = await session('changed')
  await store.setPassword('changed', 'scrypt$2$1$1$BB$BB')
  const revoked = await token(store, 'revoked', RIGHTS)
  await store.revokeToken('revoked')
  const expired = await token(store, 'expired', RIGHTS)
  await db.query(`update sync_token set expires_at = now() - interval '1 second' where name = 'expired'`)
  const good = await token(store, 'good', RIGHTS)
  const goodSession = await session('good-session')
  const [{ hash }] = (await db.query<{ hash: string }>(`select hash from sync_session where account = 'good-session'`)) as [
    { hash: string },
  ]
  const away = openmrs.signIn('all')
  openmrs.signOut(away)
  return {
    cookies: [
      ended,
      idle,
      old,
      removed,
      changed,
      // what the table holds, a token, and a session's secret under OpenMRS's name
      `dhis2sync_session=${hash}`,
      `dhis2sync_session=${good.replace('Bearer ', '')}`,
      `reporting_session=${secretOf(goodSession)}`,
      `dhis2sync_session=${openmrs.signIn('all')}`,
      `JSESSIONID=${away}`,
      `dhis2sync_session=${newSecret()}`,
    ],
    tokens: [
      revoked,
      expired,
      `Bearer ${secretOf(goodSession)}`,
      good.replace('Bearer dhis2sync_', 'Bearer '),
      good.replace('Bearer', 'Basic'),
      `Bearer ${hash}`,
      good.slice(0, -1),
    ],
  }
}
