/** OpenMRS: who it says somebody is, what is remembered of it, and that nothing else than a "yes" of OpenMRS lets anybody in. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openOpenmrs, type Openmrs, type OpenmrsOptions } from '../../src/openmrs/client.ts'
import { OpenmrsUnavailable } from '../../src/openmrs/errors.ts'
import { NOBODY_REMEMBERED_MS, REMEMBERED_MS, rememberSessions } from '../../src/openmrs/known-sessions.ts'
import { startServer } from '../support/local-server.ts'
import { startOpenmrs, type OpenmrsFailure, type StandInOpenmrs } from '../support/openmrs.ts'

const MARIA = { username: 'maria', display: 'Maria Chikowero', privileges: ['app:dhis2sync', 'app:dhis2sync:log', 'app:clinical'] }
const ACCOUNT = { username: 'dhis2-sync', password: 'Sync.2024' }

let site: StandInOpenmrs
let openmrs: Openmrs
let time = 1000
const client = (over: Partial<OpenmrsOptions> = {}) =>
  openOpenmrs({ url: site.url, timeoutMs: 5000, account: null, now: () => time, ...over })
beforeEach(async () => {
  time = 1000
  site = await startOpenmrs([MARIA, { ...ACCOUNT, privileges: ['app:admin'] }])
  openmrs = client()
})
afterEach(async () => {
  await openmrs.close()
  await site.close()
})

/** @returns the sentence */
async function unavailable(promise: Promise<unknown>): Promise<OpenmrsUnavailable> {
  const error = await promise.then(
    (value) => new Error(`it answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof OpenmrsUnavailable)) throw error
  return error
}

describe('who a session is of', () => {
  test('a user, by the name that OpenMRS shows, and our privileges of theirs', async () => {
    expect(await openmrs.userOf(site.signIn('maria'))).toEqual({
      name: 'Maria Chikowero',
      privileges: new Set(['app:dhis2sync', 'app:dhis2sync:log']),
    })
    expect(site.requests).toEqual(['GET /openmrs/ws/rest/v1/session'])
  })
  test('nobody, when OpenMRS does not know it', async () => {
    expect(await openmrs.userOf('4711')).toBeNull()
  })
  test.each([400, 401, 403, 404])('nobody, when OpenMRS answers %i', async (status) => {
    site.fail(status)
    expect(await openmrs.userOf(site.signIn('maria'))).toBeNull()
  })
  test.each<[OpenmrsFailure, RegExp]>([
    ['down', /breaks the connection/],
    ['html', /otherwise than OpenMRS does/],
    ['other-json', /otherwise than OpenMRS does/],
    ['redirect', /redirects to another page/],
    [500, /HTTP 500/],
    [502, /HTTP 502/],
    [503, /HTTP 503/],
    [429, /HTTP 429/],
  ])('nobody can say, when OpenMRS is %s', async (failure, sentence) => {
    site.fail(failure)
    expect((await unavailable(openmrs.userOf(site.signIn('maria')))).message).toMatch(sentence)
    // it is not remembered
    site.fail('none')
    expect(await openmrs.userOf(site.signIn('maria'))).not.toBeNull()
  })
  test('nobody can say, when OpenMRS does not answer in time', async () => {
    site.fail('slow')
    const impatient = client({ timeoutMs: 300 })
    expect((await unavailable(impatient.userOf(site.signIn('maria')))).message).toMatch(/does not answer in time/)
    await impatient.close()
  })
  test('nobody can say, when nothing listens there', async () => {
    const nowhere = client({ url: 'http://127.0.0.1:9/openmrs' })
    const error = await unavailable(nowhere.userOf('4711'))
    expect(error.message).toMatch(/refuses the connection. Check that it runs, and OPENMRS_URL/)
    expect(error.mayHaveArrived).toBe(false)
    await nowhere.close()
  })
  test.each<[string, unknown]>([
    ['authenticated, but nobody', { authenticated: true }],
    ['authenticated, but null', { authenticated: true, user: null }],
    ['a user without a name', { authenticated: true, user: { display: ' ', username: null, privileges: [] } }],
    ['authenticated as a text', { authenticated: 'true', user: { display: 'x', privileges: [] } }],
    ['privileges that are none', { authenticated: true, user: { display: 'x', privileges: 'app:dhis2sync' } }],
    ['nothing', ''],
    ['a list', []],
  ])('nobody can say: %s', async (_name, body) => {
    const odd = await startServer(() => ({ body }))
    const asked = client({ url: `${odd.url}/openmrs` })
    await unavailable(asked.userOf('4711'))
    await asked.close()
    await odd.close()
  })
  test.each([
    [{ display: 'Super Man', username: 'superman', systemId: '1-8' }, 'Super Man'],
    [{ display: '', username: 'superman', systemId: '1-8' }, 'superman'],
    [{ username: null, systemId: '1-8' }, '1-8'],
  ])('%j is called %s', async (named, name) => {
    const server = await startServer(() => ({ body: { authenticated: true, user: { ...named, privileges: [{ name: 'app:dhis2sync' }] } } }))
    const asked = client({ url: `${server.url}/openmrs/ws/rest/v1/` })
    expect(await asked.userOf('4711')).toEqual({ name, privileges: new Set(['app:dhis2sync']) })
    expect(server.seen[0]).toMatchObject({ path: '/openmrs/ws/rest/v1/session', headers: { cookie: 'JSESSIONID=4711' } })
    await asked.close()
    await server.close()
  })
})

describe('what is remembered', () => {
  test('a user for a minute', async () => {
    const session = site.signIn('maria')
    await openmrs.userOf(session)
    site.signOut(session)
    time += REMEMBERED_MS - 1
    expect(await openmrs.userOf(session)).not.toBeNull()
    expect(site.requests).toHaveLength(1)
    time += 2
    expect(await openmrs.userOf(session)).toBeNull()
    expect(REMEMBERED_MS).toBeLessThanOrEqual(60_000)
  })
  test('nobody for a moment, so that whoever signs in is not kept waiting', async () => {
    const session = site.signIn('maria')
    site.fail(401)
    expect(await openmrs.userOf(session)).toBeNull()
    site.fail('none')
    time += NOBODY_REMEMBERED_MS - 1
    expect(await openmrs.userOf(session)).toBeNull()
    expect(site.requests).toHaveLength(1)
    time += 2
    expect(await openmrs.userOf(session)).not.toBeNull()
  })
  test('one question is asked for all who ask at a time', async () => {
    const session = site.signIn('maria')
    const users = await Promise.all(Array.from({ length: 20 }, () => openmrs.userOf(session)))
    expect(new Set(users.map((user) => user?.name))).toEqual(new Set(['Maria Chikowero']))
    expect(site.requests).toHaveLength(1)
  })
  test('no cookie is kept, nor in what is said of a failure', async () => {
    const session = site.signIn('maria')
    site.fail(500)
    const error = await unavailable(openmrs.userOf(session))
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(session)
  })
  test('whoever signs out is forgotten, here and there', async () => {
    const session = site.signIn('maria')
    await openmrs.userOf(session)
    await openmrs.signOut(session)
    expect(await openmrs.userOf(session)).toBeNull()
    expect(site.requests).toEqual(['GET', 'DELETE', 'GET'].map((method) => `${method} /openmrs/ws/rest/v1/session`))
  })
  test('cookies that somebody makes up do not flood OpenMRS', async () => {
    let asked = 0
    let letGo = () => {}
    const held = new Promise<void>((done) => (letGo = done))
    const known = rememberSessions(async () => {
      asked++
      await held
      return null
    })
    const answers = Array.from({ length: 500 }, (_, i) => known.userOf(String(i)).catch((error: Error) => error.message))
    await wait(0)
    expect(asked).toBe(50)
    letGo()
    const refused = (await Promise.all(answers)).filter((answer) => answer !== null)
    expect(refused).toHaveLength(450)
    expect(refused[0]).toMatch(/too much to answer/)
    // and afterwards it is asked again
    expect(await known.userOf('again')).toBeNull()
  })
})

describe('its audit log', () => {
  const entry = { type: 'SAVE_DHIS_MAPPING', message: 'maria: Saved HTS Service [2026-11-27T08:00:00.000Z, no. 42]' }
  const writer = (account = ACCOUNT) => client({ account })

  test('gets the entry in the original’s shape, with our account', async () => {
    const writing = writer()
    await writing.writeAudit!(entry, false)
    expect(site.audited).toEqual([
      { user: 'dhis2-sync', patientUuid: null, eventType: entry.type, message: entry.message, module: 'MODULE_LABEL_DHIS_SYNC_KEY' },
    ])
    await writing.close()
  })
  test('gets nothing when the account is refused: OpenMRS would take it as nobody’s', async () => {
    const writing = writer({ ...ACCOUNT, password: 'wrong' })
    const error = await unavailable(writing.writeAudit!(entry, false))
    expect(error.message).toMatch(/does not accept OPENMRS_USERNAME and OPENMRS_PASSWORD/)
    expect(error.mayHaveArrived).toBe(false)
    expect(site.audited).toEqual([])
    await writing.close()
  })
  test('an entry whose answer was lost is looked for before it is sent again', async () => {
    const impatient = client({ account: ACCOUNT, timeoutMs: 500 })
    await impatient.writeAudit!(entry, false)
    await impatient.writeAudit!(entry, true)
    expect(site.audited).toHaveLength(1)
    await impatient.writeAudit!({ ...entry, message: 'another one' }, true)
    expect(site.audited).toHaveLength(2)
    await impatient.close()
  })
  test('an account that may not read it sends the entry again: twice is better than never', async () => {
    site.addUser({ username: 'writer', password: 'Write.2024', privileges: [] })
    const writing = writer({ username: 'writer', password: 'Write.2024' })
    await writing.writeAudit!(entry, false)
    await writing.writeAudit!(entry, true)
    expect(site.audited).toHaveLength(2)
    await writing.close()
  })
  test('is not written without an account', () => {
    expect(openmrs.writeAudit).toBeNull()
  })
})

test('check: it is OpenMRS that answers', async () => {
  await openmrs.check()
  site.fail('html')
  await unavailable(openmrs.check())
})
