/** Accounts, sessions, tokens and attempts to sign in, as the tables keep them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../../sql/migrate.ts'
import { openLoginAttempts, TRIES_OF_A_NAME, TRIES_OF_AN_ADDRESS, type LoginAttempts } from '../../sql/store/login-attempts.ts'
import type { Store } from '../../sql/store/store.ts'
import { readConfig } from '../../src/config.ts'
import { openStore } from '../../src/open-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createTestDatabase()
  // beside others' tables, as STORE_SCHEMA says
  await migrate({ databaseUrl: db.url, storeSchema: 'odd$schema' })
  store = await openStore(readConfig({ DATABASE_URL: db.url, STORE_SCHEMA: 'odd$schema' }))
})
afterAll(async () => {
  await store.close()
  await db.drop()
})
const table = (name: string) => `"odd$schema".sync_${name}`
const MARIA = { name: 'maria', password: 'hash 1', rights: ['upload', 'log'] as const }
beforeEach(async () => {
  await db.query(`truncate ${['account', 'session', 'token', 'login_attempt'].map(table).join(', ')} cascade`)
  await store.addAccount(MARIA)
})

describe('accounts', () => {
  test('are found in any case, and are there once', async () => {
    expect(await store.readAccount('MARIA')).toEqual(MARIA)
    expect(await store.addAccount({ ...MARIA, name: 'Maria' })).toBe(false)
    expect(await store.readAccount('mari_')).toBeNull()
  })
  test('are listed by name with their sessions', async () => {
    await store.addAccount({ name: 'Bob', password: 'x', rights: [] })
    await store.addSession('a', MARIA, 12)
    expect(await store.listAccounts()).toMatchObject([
      { name: 'Bob', rights: [], sessions: 0 },
      { name: 'maria', rights: ['upload', 'log'], sessions: 1, createdAt: expect.any(Date), passwordAt: expect.any(Date) },
    ])
    expect(JSON.stringify(await store.listAccounts())).not.toContain('hash 1')
  })
  test('is there any?', async () => {
    expect(await store.hasAccounts()).toBe(true)
    await store.removeAccount('MARIA')
    expect(await store.hasAccounts()).toBe(false)
    expect(await store.removeAccount('maria')).toBe(false)
  })
})

describe('a session', () => {
  const begin = (hash = 'h', hours = 12) => store.addSession(hash, MARIA, hours)
  const age = (column: 'used_at' | 'expires_at', by: string) =>
    db.query(`update ${table('session')} set ${column} = ${column} - $1::interval`, [by])
  const used = () => store.useSession('h', 60)

  test('is the account’s, with the rights that it has now', async () => {
    await begin()
    expect(await used()).toMatchObject({ account: 'maria', rights: ['upload', 'log'] })
    await store.setRights('Maria', ['mapping'])
    expect(await used()).toMatchObject({ rights: ['mapping'] })
    expect(await store.useSession('H', 60)).toBeNull()
  })
  test('ends when it is not used for too long, and each use counts', async () => {
    await begin()
    await age('used_at', '59 minutes')
    expect(await used()).not.toBeNull()
    await age('used_at', '59 minutes')
    expect(await used()).not.toBeNull()
    await age('used_at', '61 minutes')
    expect(await used()).toBeNull()
    expect(await store.useSession('h', 120)).not.toBeNull()
  })
  test('ends after its hours, however much it is used', async () => {
    await begin('h', 1)
    const { expiresAt } = (await used())!
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 3_600_000)
    await age('expires_at', '59 minutes')
    expect((await used())!.expiresAt.getTime()).toBeLessThan(Date.now() + 120_000)
    await age('expires_at', '2 minutes')
    expect(await used()).toBeNull()
    // and is cleared away when the next one begins
    await begin('other')
    expect(await db.query(`select hash from ${table('session')}`)).toEqual([{ hash: 'other' }])
  })
  test('is written at most once a minute', async () => {
    await begin()
    const version = async () => (await db.query<{ v: string }>(`select xmin::text as v from ${table('session')}`))[0]!.v
    const before = await version()
    for (let i = 0; i < 5; i++) await used()
    expect(await version()).toBe(before)
    await age('used_at', '2 minutes')
    const aged = await version()
    await used()
    expect(await version()).not.toBe(aged)
  })
  test.each<[string, () => Promise<unknown>]>([
    ['another password', () => store.setPassword('MARIA', 'hash 2')],
    ['its removal', () => store.removeAccount('maria')],
    ['signing out', () => store.endSession('h')],
    ['signing out everywhere', () => store.endSessionsOf('maria')],
  ])('ends with %s', async (_name, end) => {
    await store.addAccount({ name: 'bob', password: 'b', rights: [] })
    await store.addSession('bob', { name: 'bob', password: 'b' }, 12)
    await begin()
    await end()
    expect(await used()).toBeNull()
    expect(await store.useSession('bob', 60)).not.toBeNull()
  })
  test('is not begun with a password that is no more', async () => {
    await store.setPassword('maria', 'hash 2')
    expect(await begin()).toBe(false)
    await store.removeAccount('maria')
    expect(await begin()).toBe(false)
    expect(await db.query(`select from ${table('session')}`)).toEqual([])
  })
  test('does not outlive a password that is changed at the same time', async () => {
    for (let i = 0; i < 20; i++) {
      await store.setPassword('maria', MARIA.password)
      await Promise.all([begin(`race ${i}`), store.setPassword('maria', `other ${i}`)])
      expect(await db.query(`select from ${table('session')}`)).toEqual([])
    }
  })
})

describe('a token', () => {
  const add = (over: Partial<Parameters<Store['addToken']>[0]> = {}) =>
    store.addToken({ name: 'nightly', hash: 'h', rights: ['upload'], createdBy: 'root', days: 30, ...over })

  test('is good until it expires', async () => {
    const expiresAt = await add()
    expect(await store.useToken('h')).toEqual({ name: 'nightly', rights: ['upload'], expiresAt })
    expect(await store.useToken('other')).toBeNull()
    await db.query(`update ${table('token')} set expires_at = now() - interval '1 second'`)
    expect(await store.useToken('h')).toBeNull()
  })
  test('is there once by its name, and gone when it is revoked', async () => {
    await add()
    expect(await add({ hash: 'h2' })).toBeNull()
    expect(await store.revokeToken('nightly')).toBe(true)
    expect(await store.useToken('h')).toBeNull()
    expect(await store.revokeToken('nightly')).toBe(false)
    expect(await add({ hash: 'h2' })).not.toBeNull()
  })
  test('shows its last use, which is written at most once a minute', async () => {
    await add()
    expect(await store.listTokens()).toMatchObject([{ name: 'nightly', createdBy: 'root', usedAt: null }])
    await store.useToken('h')
    const [first] = await store.listTokens()
    expect(first!.usedAt).toBeInstanceOf(Date)
    for (let i = 0; i < 5; i++) await store.useToken('h')
    expect((await store.listTokens())[0]!.usedAt).toEqual(first!.usedAt)
    await db.query(`update ${table('token')} set used_at = used_at - interval '61 seconds'`)
    await store.useToken('h')
    expect((await store.listTokens())[0]!.usedAt!.getTime()).toBeGreaterThanOrEqual(first!.usedAt!.getTime())
  })
})

describe('attempts to sign in', () => {
  let here: LoginAttempts
  let there: LoginAttempts
  beforeEach(() => {
    ;[here, there] = [openLoginAttempts(db.url, 'odd$schema'), openLoginAttempts(db.url, 'odd$schema')]
    return async () => {
      await here.close()
      await there.close()
    }
  })

  test('of one name from one address are few, over all processes', async () => {
    for (let i = 0; i < TRIES_OF_A_NAME; i++) expect(await (i % 2 ? here : there).begin(i % 2 ? 'maria' : 'MARIA', '10.0.0.1')).toBeNull()
    const seconds = await here.begin('maria', '10.0.0.1')
    expect(seconds).toBeGreaterThan(800)
    expect(seconds).toBeLessThanOrEqual(900)
    // others are not kept out by it
    expect(await there.begin('maria', '10.0.0.2')).toBeNull()
    expect(await there.begin('bob', '10.0.0.1')).toBeNull()
  })
  test('many at once are as many as one after the other', async () => {
    const waits = await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? here : there).begin('maria', '10.0.0.1')))
    expect(waits.filter((seconds) => seconds === null)).toHaveLength(TRIES_OF_A_NAME)
  })
  test('of all names from one address are more, and end too', async () => {
    for (let i = 0; i < TRIES_OF_AN_ADDRESS; i++) expect(await here.begin(`name ${i}`, '10.0.0.1')).toBeNull()
    expect(await there.begin('another', '10.0.0.1')).toBeGreaterThan(800)
    expect(await there.begin('another', '10.0.0.2')).toBeNull()
  })
  test('that were right do not count', async () => {
    for (let i = 0; i < 3 * TRIES_OF_AN_ADDRESS; i++) {
      expect(await here.begin('maria', '10.0.0.1')).toBeNull()
      await here.succeeded('maria', '10.0.0.1')
    }
  })
  test('count again when their time is over', async () => {
    for (let i = 0; i <= TRIES_OF_A_NAME; i++) await here.begin('maria', '10.0.0.1')
    await db.query(`update ${table('login_attempt')} set expire = expire - 901 * 1000`)
    expect(await here.begin('maria', '10.0.0.1')).toBeNull()
  })
  test('name nobody in the table', async () => {
    await here.begin('My-Passw0rd', '10.0.0.1')
    const rows = await db.query<{ key: string }>(`select key from ${table('login_attempt')}`)
    expect(rows.map((row) => row.key.replace(/[0-9a-f]{64}$/, '')).toSorted()).toEqual(['address:', 'name:'])
  })
})
