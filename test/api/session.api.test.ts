/** Signing in and out, as a browser does it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hashPassword } from '../../src/accounts/password.ts'
import { hashOf } from '../../src/accounts/secret.ts'
import { RIGHTS } from '../../src/api/contract/operation.ts'
import { openApi, type Answer, type Api } from '../support/api.ts'
import { startOpenmrs, type StandInOpenmrs } from '../support/openmrs.ts'
import { localSession, token } from '../support/people.ts'

const PASSWORD = 'clinic-Harare-7'
/** of the scrypt that is used; its cost is tested elsewhere */
const CHEAP = { N: 2, r: 1, p: 1 }

let openmrs: StandInOpenmrs
let api: Api
beforeAll(async () => {
  openmrs = await startOpenmrs([{ username: 'superman', display: 'Super Man', privileges: ['app:dhis2sync', 'app:dhis2sync:log'] }])
  api = await openApi({ patients: 0, authenticate: 'real', env: { OPENMRS_URL: openmrs.url, OPENMRS_TIMEOUT: '2' } })
})
afterAll(async () => {
  await api.close()
  await openmrs.close()
})
beforeEach(async () => {
  openmrs.fail('none')
  await api.site.db.query('truncate sync_account, sync_token, sync_login_attempt, sync_audit cascade')
  await api.service.store.addAccount({ name: 'Maria', password: await hashPassword(PASSWORD, CHEAP), rights: ['upload', 'log'] })
})

const signIn = (name = 'maria', password = PASSWORD, headers: Record<string, string> = {}) =>
  api.call('POST', '/session', { as: null, body: { name, password }, headers })
const cookieOf = (answer: Answer) => answer.headers.getSetCookie()[0]!.split(';')[0]!
const whoIs = (cookie: string) => api.call('GET', '/session', { as: null, headers: { cookie } })
const audited = async () =>
  (await api.service.store.listAudit({}, 100)).map(({ user, type, message }) => `${user}: ${type}: ${message}`).toReversed()

describe('signing in', () => {
  test('gives a session in a cookie that scripts do not see and other sites do not send', async () => {
    const answer = await signIn()
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ user: 'Maria', rights: ['upload', 'log'], via: 'local', expiresAt: expect.any(String) })
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^dhis2sync_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect((await whoIs(cookieOf(answer))).body).toMatchObject({ user: 'Maria', via: 'local' })
    // at most an hour of rest
    expect(Date.parse(answer.body.expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000)
    expect(await api.site.db.query('select hash from sync_session')).toEqual([{ hash: hashOf(cookieOf(answer).replace(/^\w+=/, '')) }])
  })
  test.each<[string, Record<string, string>]>([['the proxy was asked over https', { 'x-forwarded-proto': 'https' }]])(
    'over https the cookie goes over https only: %s',
    async (_name, headers) => {
      expect((await signIn('maria', PASSWORD, headers)).headers.getSetCookie()[0]).toMatch(/; Secure\b/)
    },
  )
  test('is refused in the same words whether the name or the password is wrong', async () => {
    const answers = [await signIn('maria', 'wrong'), await signIn('nobody', PASSWORD), await signIn('maria', PASSWORD.toUpperCase())]
    for (const answer of answers) {
      expect(answer.status).toBe(401)
      expect(answer.body).toMatchObject({ code: 'wrong-password', detail: 'The user name or the password is wrong.' })
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })
  test('is refused for a while after too many wrong passwords, the right one too', async () => {
    for (let i = 0; i < 5; i++) expect((await signIn('maria', 'wrong')).status).toBe(401)
    const answer = await signIn()
    expect(answer.status).toBe(429)
    expect(answer.body).toMatchObject({ code: 'too-many-requests', detail: expect.stringMatching(/Try again in 15 minutes/) })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800)
    // from another address the user gets in: nobody can be kept out by others
    expect((await signIn('maria', PASSWORD, { 'x-forwarded-for': '10.1.2.3' })).status).toBe(200)
  })
  test('is not possible from another web site', async () => {
    expect((await signIn('maria', PASSWORD, { origin: 'https://evil.example.org' })).body).toMatchObject({ code: 'foreign-origin' })
  })
  test('ends the session that the browser had', async () => {
    const before = cookieOf(await signIn())
    expect((await signIn('maria', PASSWORD, { cookie: before })).status).toBe(200)
    expect((await whoIs(before)).status).toBe(401)
  })
  test('works while OpenMRS is away, also with its cookie in the browser', async () => {
    openmrs.fail('down')
    const cookie = 'JSESSIONID=4711'
    expect((await api.call('GET', '/login-options', { as: null, headers: { cookie } })).status).toBe(200)
    const answer = await signIn('maria', PASSWORD, { cookie })
    expect(answer.status).toBe(200)
    expect((await whoIs(`${cookie}; ${cookieOf(answer)}`)).body).toMatchObject({ user: 'Maria' })
  })
  test('is audited, and a wrong password of a user too; what is no user’s name is not written down', async () => {
    await signIn()
    await signIn('MARIA', 'wrong')
    await signIn('My-Passw0rd', 'maria')
    expect(await audited()).toEqual(['Maria: SIGN_IN: Signed in, from 127.0.0.1', 'Maria: SIGN_IN_REFUSED: Wrong password, from 127.0.0.1'])
  })
})

describe('a session', () => {
  test('has the rights that the account has now', async () => {
    const cookie = cookieOf(await signIn())
    expect((await api.call('GET', '/audit', { as: null, headers: { cookie } })).status).toBe(200)
    await api.service.store.setRights('maria', ['upload'])
    expect((await api.call('GET', '/audit', { as: null, headers: { cookie } })).status).toBe(403)
    expect((await whoIs(cookie)).body).toMatchObject({ rights: ['upload'] })
  })
  test('is found behind a stale cookie of the same name', async () => {
    const cookie = cookieOf(await signIn())
    expect((await whoIs(`dhis2sync_session=${'a'.repeat(43)}; ${cookie}`)).status).toBe(200)
  })
  test('that is opened is audited once for a visit', async () => {
    const cookie = cookieOf(await signIn())
    for (let i = 0; i < 3; i++) await whoIs(cookie)
    expect((await audited()).filter((line) => line.includes('OPEN_DHIS_SYNC_APP'))).toEqual([
      'Maria: OPEN_DHIS_SYNC_APP: Opened the DHIS2 sync',
    ])
  })
})

describe('signing out', () => {
  test('ends this session, takes the cookie away, and leaves the user’s others', async () => {
    const [here, there] = [cookieOf(await signIn()), cookieOf(await signIn())]
    const answer = await api.call('DELETE', '/session', { as: null, headers: { cookie: here } })
    expect(answer.status).toBe(204)
    expect(answer.headers.getSetCookie()).toEqual(['dhis2sync_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'])
    expect((await whoIs(here)).status).toBe(401)
    expect((await whoIs(there)).status).toBe(200)
    expect(await audited()).toContain('Maria: SIGN_OUT: Signed out')
  })
  test('everywhere ends all of the user’s, and nobody else’s', async () => {
    const other = await localSession(api.service.store, 'bob', [])
    const [here, there] = [cookieOf(await signIn()), cookieOf(await signIn())]
    expect((await api.call('DELETE', '/sessions', { as: null, headers: { cookie: here } })).status).toBe(204)
    for (const cookie of [here, there]) expect((await whoIs(cookie)).status).toBe(401)
    expect((await whoIs(other)).status).toBe(200)
  })
  test('is not possible from another web site', async () => {
    const cookie = cookieOf(await signIn())
    for (const path of ['/session', '/sessions'])
      expect((await api.call('DELETE', path, { as: null, headers: { cookie, origin: 'null' } })).body).toMatchObject({
        code: 'foreign-origin',
      })
    expect((await whoIs(cookie)).status).toBe(200)
  })
  test('as a user of OpenMRS ends the session there', async () => {
    const cookie = `reporting_session=${openmrs.signIn('superman')}`
    expect((await whoIs(cookie)).body).toEqual({ user: 'Super Man', rights: ['log'], via: 'openmrs', expiresAt: null })
    expect((await api.call('DELETE', '/session', { as: null, headers: { cookie } })).status).toBe(204)
    expect((await whoIs(cookie)).status).toBe(401)
    expect(openmrs.requests).toContain('DELETE /openmrs/ws/rest/v1/session')
  })
  test('as a user of OpenMRS fails when OpenMRS cannot be told', async () => {
    const cookie = `reporting_session=${openmrs.signIn('superman')}`
    await whoIs(cookie)
    openmrs.fail('down')
    expect((await api.call('DELETE', '/session', { as: null, headers: { cookie } })).body).toMatchObject({ code: 'openmrs-unavailable' })
  })
  test('as both, while OpenMRS is away, ends ours', async () => {
    const cookie = cookieOf(await signIn())
    openmrs.fail('down')
    expect((await api.call('DELETE', '/session', { as: null, headers: { cookie: `JSESSIONID=4711; ${cookie}` } })).status).toBe(204)
    expect((await whoIs(cookie)).status).toBe(401)
  })
})

describe('a token', () => {
  const asToken = (authorization: string, headers: Record<string, string> = {}) =>
    api.call('GET', '/session', { as: null, headers: { authorization, ...headers } })

  test('is somebody of its own, with an end', async () => {
    const authorization = await token(api.service.store, 'Maria', ['log'])
    expect((await asToken(authorization)).body).toEqual({
      user: 'Maria (token)',
      rights: ['log'],
      via: 'token',
      expiresAt: expect.any(String),
    })
  })
  test.each(['Bearer dhis2sync_wrong', 'Bearer', 'bearer ', 'Bearer a b', 'BEARER x'])(
    '%j is refused, a good cookie beside it or not',
    async (authorization) => {
      const cookie = cookieOf(await signIn())
      const answer = await asToken(authorization, { cookie })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
      expect(answer.body.detail).toBe('The token is unknown, has expired, or was revoked. Ask an administrator for another one.')
    },
  )
  test('counts before a cookie', async () => {
    const cookie = cookieOf(await signIn())
    expect((await asToken(await token(api.service.store, 'x', []), { cookie })).body).toMatchObject({ user: 'x (token)', rights: [] })
  })
  test('of a proxy, of another kind, leaves the cookie to say who it is', async () => {
    expect((await asToken('Basic YTpi', { cookie: cookieOf(await signIn()) })).body).toMatchObject({ user: 'Maria' })
  })
  test('need not come from our own page, and has no session to end', async () => {
    const authorization = await token(api.service.store, 'x', RIGHTS)
    const cookie = cookieOf(await signIn())
    for (const path of ['/session', '/sessions'])
      expect(
        (await api.call('DELETE', path, { as: null, headers: { authorization, cookie, origin: 'https://scripts.example.org' } })).status,
      ).toBe(204)
    expect((await whoIs(cookie)).status).toBe(200)
    expect((await asToken(authorization)).status).toBe(200)
  })
})

describe('how users sign in here', () => {
  const options = () => api.call('GET', '/login-options', { as: null })
  test('with an account, or at Bahmni’s own page', async () => {
    expect((await options()).body).toEqual({ local: true, openmrsLoginUrl: '/bahmni/home/', setup: null })
    await api.service.store.removeAccount('maria')
    expect((await options()).body).toEqual({ local: false, openmrsLoginUrl: '/bahmni/home/', setup: null })
  })
})

test('without OpenMRS and accounts it is said what to do, and OpenMRS’s cookies are nothing', async () => {
  const alone = await openApi({ patients: 0, authenticate: 'real' })
  try {
    expect((await alone.call('GET', '/login-options', { as: null })).body).toEqual({
      local: false,
      openmrsLoginUrl: null,
      setup: 'Nobody can sign in yet. Add the first user on the server: bahmni-dhis2-sync users add NAME --right all',
    })
    const cookie = `reporting_session=${openmrs.signIn('superman')}`
    expect((await alone.call('GET', '/session', { as: null, headers: { cookie } })).status).toBe(401)
  } finally {
    await alone.close()
  }
})

test('PUBLIC_URL with https makes the cookie one of https', async () => {
  const behind = await openApi({ patients: 0, authenticate: 'real', env: { PUBLIC_URL: 'https://bahmni.example.org/sync' } })
  try {
    await behind.service.store.addAccount({ name: 'maria', password: await hashPassword(PASSWORD, CHEAP), rights: [] })
    const body = { name: 'maria', password: PASSWORD }
    const headers = { origin: 'https://bahmni.example.org' }
    expect((await behind.call('POST', '/session', { as: null, body, headers })).headers.getSetCookie()[0]).toMatch(/; Secure\b/)
  } finally {
    await behind.close()
  }
})
