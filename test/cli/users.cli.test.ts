/** Users and tokens on the command line, and what a running `serve` makes of them. */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../src/cli/exit.ts'
import { createToken } from '../../src/cli/tokens.ts'
import { addUser, changePassword, changeRights, removeUser } from '../../src/cli/users.ts'
import { openSite, type Site } from '../support/site.ts'
import { startOpenmrs } from '../support/openmrs.ts'
import { run as runProgram, start } from '../support/program.ts'

const PASSWORD = 'correct horse'

let site: Site
beforeAll(async () => {
  site = await openSite({ patients: 0 })
})
afterAll(() => site.close())
beforeEach(() => site.db.query('truncate sync_account, sync_token, sync_audit, sync_login_attempt cascade'))

const run = (args: readonly string[], input?: string) => runProgram(args, site.env, input)
const audited = () =>
  site.db
    .query<{ line: string }>(`select user_name || ': ' || type || ': ' || message as line from sync_audit order by audit_id`)
    .then((rows) => rows.map((row) => row.line))

describe('users', () => {
  test('are added, listed, given rights and removed, and all of it is audited', async () => {
    expect(await run(['users', 'list'])).toMatchObject({ code: 0, out: 'There are no users. "users add" adds one.\n' })
    expect(await run(['users', 'add', 'Maria', '--right', 'upload', '--right', 'log'], `${PASSWORD}\n`)).toEqual({
      code: 0,
      out: 'The user Maria may sign in: upload log.\n',
      err: '',
    })
    expect((await run(['users', 'list'])).out).toMatch(
      /^Maria: upload log; since 20\d\d-\d\d-\d\d, password of 20\d\d-\d\d-\d\d, sessions: 0\n$/,
    )
    expect(await run(['users', 'rights', 'maria', '--right', 'all'])).toMatchObject({
      code: 0,
      out: 'Maria: mapping upload log, from now on.\n',
    })
    expect(await run(['users', 'rights', 'maria'])).toMatchObject({ code: 0, out: 'Maria: may enter only, from now on.\n' })
    expect(await run(['users', 'passwd', 'MARIA'], 'another horse')).toMatchObject({
      code: 0,
      out: expect.stringContaining('signed out everywhere'),
    })
    expect(await run(['users', 'remove', 'maria'])).toMatchObject({ code: 0 })
    expect(await audited()).toEqual([
      'clerk (command line): ADD_USER: Added the user Maria: upload log',
      'clerk (command line): CHANGE_RIGHTS: Gave the user Maria these rights: mapping upload log',
      'clerk (command line): CHANGE_RIGHTS: Gave the user Maria these rights: may enter only',
      'clerk (command line): CHANGE_PASSWORD: Gave the user Maria another password',
      'clerk (command line): REMOVE_USER: Removed the user Maria',
    ])
  })
  test('get a password that nobody has to think of', async () => {
    const { out } = await run(['users', 'add', 'maria', '--generate'])
    expect(out).toMatch(/^Password: ([a-z2-9]{5}-){3}[a-z2-9]{5}$/m)
    expect(JSON.stringify(await site.db.query('select * from sync_account, sync_audit'))).not.toContain(/Password: (\S+)/.exec(out)![1])
  })
  test('a password is no argument: others on the machine would see it', async () => {
    expect(await run(['users', 'add', 'bob', PASSWORD], PASSWORD)).toMatchObject({
      code: 2,
      err: expect.stringContaining('too many arguments'),
    })
    expect(await site.db.query('select from sync_account')).toEqual([])
  })
  test('what is wrong is refused, and nothing changed', async () => {
    const typed = (text: string) => {
      const input = new PassThrough()
      input.end(text)
      return { input, output: new PassThrough() }
    }
    const add = (name: string, password: string, right: string[] = []) => addUser(site.env, name, { right }, typed(password))
    await run(['users', 'add', 'taken'], PASSWORD)
    const refused: readonly (readonly [() => Promise<number>, RegExp])[] = [
      [() => add('bob', 'short\n'), /at least 10 characters/],
      [() => add('bob.the.clerk', 'bob.the.clerk1'), /not be the user name/],
      [() => add('bob', ''), /on standard input, or let one be made/],
      [() => add('bob b', PASSWORD), /letters, digits/],
      [() => add('TAKEN', PASSWORD), /There is a user TAKEN already/],
      [() => add('bob', PASSWORD, ['admin']), /There is no right "admin". There are mapping, upload, log, and all/],
      [() => changePassword(site.env, 'nobody', {}, typed(PASSWORD)), /There is no user nobody/],
      [() => changePassword(site.env, 'taken', {}, typed('short')), /at least 10 characters/],
      [() => changeRights(site.env, 'nobody', { right: [] }), /There is no user nobody/],
      [() => removeUser(site.env, 'nobody'), /"users list" names/],
    ]
    for (const [command, sentence] of refused) {
      const error = await command().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UsageError)
      expect((error as Error).message).toMatch(sentence)
      expect((error as Error).message).not.toContain(PASSWORD)
    }
    expect(await site.db.query('select name from sync_account')).toEqual([{ name: 'taken' }])
    expect(await audited()).toHaveLength(1)
  })
})

describe('tokens', () => {
  test('are made, listed and revoked; the token alone is printed, once', async () => {
    const made = await run(['tokens', 'create', '--name', 'nightly sync', '--right', 'upload', '--expires', '30'])
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^dhis2sync_[\w-]{43}\n$/),
      err: expect.stringContaining('Authorization: Bearer'),
    })
    expect((await run(['tokens', 'list'])).out).toMatch(
      /^nightly sync: upload; made by clerk on \S+, until 20\d\d-\d\d-\d\d, never used\n$/,
    )
    const secret = made.out.trim()
    expect(made.err + JSON.stringify(await site.db.query('select t, a from sync_token t, sync_audit a'))).not.toContain(secret)
    expect(await run(['tokens', 'create', '--name', 'nightly sync', '--expires', '30'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('already'),
    })
    expect(await run(['tokens', 'revoke', 'nightly sync'])).toMatchObject({ code: 0 })
    expect(await run(['tokens', 'list'])).toMatchObject({ out: 'There are no tokens. "tokens create" makes one.\n' })
    expect(await run(['tokens', 'revoke', 'nightly sync'])).toMatchObject({ code: 2, err: expect.stringContaining('There is no token') })
    expect((await audited()).map((line) => line.replace(/until \S+:/, 'until …:'))).toEqual([
      'clerk (command line): CREATE_TOKEN: Made the token "nightly sync" until …: upload',
      'clerk (command line): REVOKE_TOKEN: Revoked the token "nightly sync"',
    ])
  })
  test('need an end', async () => {
    for (const expires of ['0', '-1', '1.5', '3651', 'never', ''])
      await expect(createToken(site.env, { name: 'x', right: [], expires }), expires).rejects.toThrow('days from 1 to 3650')
    await expect(createToken(site.env, { name: 'a\nb', right: [], expires: '1' })).rejects.toThrow('--name should have letters')
    expect(await run(['tokens', 'create', '--name', 'x'])).toMatchObject({ code: 2, err: expect.stringContaining('--expires') })
  })
})

describe('serve', () => {
  const served = async (env: Record<string, string> = {}) => {
    const running = start(['serve'], { ...site.env, PORT: '0', ...env })
    const [, url] = await running.printed(/Bull Board: (\S+)\/queues/)
    return { running, url: url!, stop: () => (running.child.kill('SIGTERM'), running.ended) }
  }

  test('says how to add the first user, and knows a user and a token that are added meanwhile', async () => {
    const { running, url, stop } = await served()
    await running.printed(/Nobody can sign in yet. Add the first user on the server: bahmni-dhis2-sync users add NAME --right all/)
    await run(['users', 'add', 'maria', '--right', 'log'], PASSWORD)
    const signedIn = await fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'maria', password: PASSWORD }),
    })
    expect(signedIn.status).toBe(200)
    const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!
    const audit = () => fetch(`${url}/api/v1/audit`, { headers: { cookie } }).then((answer) => answer.status)
    expect(await audit()).toBe(200)
    // at once, in a process that knew the user before
    await run(['users', 'rights', 'maria', '--right', 'mapping'])
    expect(await audit()).toBe(403)
    await run(['users', 'passwd', 'maria', '--generate'])
    expect(await audit()).toBe(401)

    const token = (await run(['tokens', 'create', '--name', 'nightly', '--right', 'log', '--expires', '1'])).out.trim()
    const asToken = () => fetch(`${url}/api/v1/audit`, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.status)
    expect(await asToken()).toBe(200)
    expect((await run(['tokens', 'list'])).out).toMatch(/last used \S+ \S+ UTC/)
    await run(['tokens', 'revoke', 'nightly'])
    expect(await asToken()).toBe(401)
    expect(await stop()).toMatchObject({ code: 0 })
  })
  test('has OpenMRS’s users from the start, and brings the audit there', async () => {
    const openmrs = await startOpenmrs([
      { username: 'superman', privileges: ['app:dhis2sync', 'app:dhis2sync:log'] },
      { username: 'dhis2-sync', password: 'Sync.2024' },
    ])
    const { url, stop } = await served({ OPENMRS_URL: openmrs.url, OPENMRS_USERNAME: 'dhis2-sync', OPENMRS_PASSWORD: 'Sync.2024' })
    const cookie = `reporting_session=${openmrs.signIn('superman')}`
    const session = await fetch(`${url}/api/v1/session`, { headers: { cookie } })
    expect(await session.json()).toEqual({ user: 'superman', rights: ['log'], via: 'openmrs', expiresAt: null })
    while (openmrs.audited.length === 0) await new Promise((done) => setTimeout(done, 50))
    expect(openmrs.audited).toMatchObject([
      { user: 'dhis2-sync', eventType: 'OPEN_DHIS_SYNC_APP', message: expect.stringMatching(/^superman: Opened the DHIS2 sync \[/) },
    ])
    const ended = await stop()
    expect(ended.out).not.toContain('Nobody can sign in')
    expect(ended.err).not.toContain(cookie.replace('reporting_session=', ''))
    expect(await runProgram(['check'], { ...site.env, OPENMRS_URL: openmrs.url })).toMatchObject({
      out: expect.stringContaining('✓ OpenMRS answers'),
    })
    openmrs.fail('html')
    expect(await runProgram(['check'], { ...site.env, OPENMRS_URL: openmrs.url })).toMatchObject({
      code: 1,
      out: expect.stringContaining('answers otherwise than OpenMRS does'),
    })
    await openmrs.close()
  })
})

test('the demo has an account whose password is printed, and another one each time', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-demo-'))
  const running = start(['demo', '--serve'], { DATA_DIR: join(dir, 'data'), PORT: '0' })
  const [, url] = await running.printed(/Bull Board: (\S+)\/queues/)
  const [, name, password] = await running.printed(/Sign in as (\S+) with the password (\S+)/)
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  })
  expect(await answer.json()).toMatchObject({ user: 'admin', rights: ['mapping', 'upload', 'log'] })
  running.child.kill('SIGTERM')
  const ended = await running.ended
  expect(ended.out).not.toContain('Nobody can sign in')
  rmSync(dir, { recursive: true, force: true })
})

test('a database of one’s own gets no account from the demo', async () => {
  const running = start(['demo', '--serve'], { ...site.env, PORT: '0' })
  await running.printed(/Nobody can sign in yet/)
  running.child.kill('SIGTERM')
  expect((await running.ended).out).not.toContain('Sign in as')
  expect(await site.db.query('select from sync_account')).toEqual([])
})
