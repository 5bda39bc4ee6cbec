/** Who did what: kept in our table, and brought to OpenMRS from there. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../sql/store/store.ts'
import { deliverAudit, GIVEN_UP_DAYS } from '../../src/audit-delivery.ts'
import { readConfig } from '../../src/config.ts'
import type { WriteOpenmrsAudit } from '../../src/openmrs/audit-log.ts'
import { openOpenmrs, type Openmrs } from '../../src/openmrs/client.ts'
import { OpenmrsUnavailable } from '../../src/openmrs/errors.ts'
import { openStore } from '../../src/open-store.ts'
import { startOpenmrs, type StandInOpenmrs } from '../support/openmrs.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'
import { until } from '../support/site.ts'

const ACCOUNT = { username: 'dhis2-sync', password: 'Sync.2024', privileges: ['app:admin'] }

let db: TestDatabase
let store: Store
let site: StandInOpenmrs
let openmrs: Openmrs
beforeAll(async () => {
  db = await createMigratedDatabase()
  store = await openStore(readConfig({ DATABASE_URL: db.url }))
})
afterAll(async () => {
  await store.close()
  await db.drop()
})
beforeEach(async () => {
  await db.query('truncate sync_audit restart identity')
  site = await startOpenmrs([ACCOUNT])
  openmrs = openOpenmrs({ url: site.url, timeoutMs: 2000, account: ACCOUNT })
  return async () => {
    await openmrs.close()
    await site.close()
  }
})
const record = (n: number, user = 'maria') =>
  store.recordAudit({ user, type: 'SAVE_DHIS_MAPPING', message: `Saved mapping ${n}`, requestId: `r-${n}` })
const state = () => db.query<{ delivery: string; attempts: number }>('select delivery, attempts from sync_audit order by audit_id')
const allDelivered = async () => (await state()).every((row) => row.delivery === 'delivered')

describe('what is listed', () => {
  test('the newest first, by user, type and time, page by page', async () => {
    for (let n = 1; n <= 5; n++) await record(n, n % 2 ? 'Maria_C' : 'bob')
    await store.recordAudit({ user: 'bob', type: 'SIGN_IN', message: 'Signed in', requestId: null })
    const ids = async (...args: Parameters<Store['listAudit']>) => (await store.listAudit(...args)).map((entry) => entry.id)
    expect(await ids({}, 3)).toEqual(['6', '5', '4'])
    expect(await ids({ before: '4' }, 10)).toEqual(['3', '2', '1'])
    expect(await ids({ user: 'maria_' }, 10)).toEqual(['5', '3', '1'])
    expect(await ids({ user: '%' }, 10)).toEqual([])
    expect(await ids({ type: 'SIGN_IN' }, 10)).toEqual(['6'])
    const [, second] = await store.listAudit({}, 2)
    expect(await ids({ from: second!.at.toISOString(), user: 'm' }, 10)).toContain('5')
    expect(await ids({ to: '2020-01-01T00:00:00Z' }, 10)).toEqual([])
    expect(second).toEqual({ id: '5', at: expect.any(Date), user: 'Maria_C', type: 'SAVE_DHIS_MAPPING', message: 'Saved mapping 5' })
  })
  test('the same thing again within a while is one thing, when asked for', async () => {
    const open = (user: string) => store.recordAudit({ user, type: 'OPEN', message: 'x', requestId: null, unlessWithinMinutes: 30 })
    for (const user of ['maria', 'maria', 'bob']) await open(user)
    expect(await state()).toHaveLength(2)
    await db.query(`update sync_audit set at = at - interval '31 minutes'`)
    await open('maria')
    expect(await state()).toHaveLength(3)
  })
})

/** Delivers until it is stopped, in so many processes; waits take no time, and are written down. */
function deliver(given: { processes?: number; write?: WriteOpenmrsAudit; over?: Partial<Store> } = {}) {
  const { processes = 1, write = openmrs.writeAudit!, over = {} } = given
  const stopped = new AbortController()
  const waits: number[] = []
  const warnings: string[] = []
  const parts = {
    store: { ...store, ...over },
    write,
    log: { warn: (_what: unknown, text?: unknown) => void warnings.push(String(text)) },
    signal: stopped.signal,
    sleep: async (ms: number) => {
      waits.push(ms)
      await new Promise((done) => setTimeout(done, 5))
    },
  }
  const going = Promise.all(Array.from({ length: processes }, () => deliverAudit(parts)))
  const soon = () => db.query(`update sync_audit set next_at = now() - interval '1 second' where delivery = 'waiting'`)
  return { waits, warnings, soon, stop: () => (stopped.abort(), going) }
}

describe('delivery to OpenMRS', () => {
  test('each entry once and in order, with who it was and when in the text', async () => {
    for (let n = 1; n <= 5; n++) await record(n)
    const delivery = deliver()
    await until(allDelivered)
    await delivery.stop()
    expect(site.audited.map((entry) => entry.message.replace(/\[.*no\. /, '['))).toEqual(
      [1, 2, 3, 4, 5].map((n) => `maria: Saved mapping ${n} [${n}]`),
    )
    expect(site.audited[0]).toMatchObject({ user: 'dhis2-sync', eventType: 'SAVE_DHIS_MAPPING', module: 'MODULE_LABEL_DHIS_SYNC_KEY' })
    expect(site.audited[0]!.message).toMatch(/\[20\d\d-\d\d-\d\dT[\d:.]+Z, no\. 1\]$/)
  })
  test('several processes send each entry once', async () => {
    for (let n = 1; n <= 30; n++) await record(n)
    const delivery = deliver({ processes: 4 })
    await until(allDelivered)
    await delivery.stop()
    expect(new Set(site.audited.map((entry) => entry.message)).size).toBe(30)
    expect(site.audited).toHaveLength(30)
  })
  test('a text of a user cannot break Bahmni’s page: nothing after a ~', async () => {
    await store.recordAudit({ user: 'ma~ria', type: 'X', message: 'comment ~{"a":1}', requestId: null })
    const delivery = deliver()
    await until(allDelivered)
    await delivery.stop()
    expect(site.audited[0]!.message).not.toContain('~')
  })
  test('an OpenMRS that is away is asked again, and gets all when it is back', async () => {
    await record(1)
    site.fail('down')
    const delivery = deliver()
    // each time it is due again, whenever the one before ends
    await until(async () => {
      await delivery.soon()
      return (await state())[0]!.attempts >= 3
    })
    site.fail('none')
    await until(async () => {
      await delivery.soon()
      return allDelivered()
    })
    await delivery.stop()
    expect(site.audited).toHaveLength(1)
    expect(delivery.warnings[0]).toMatch(/breaks the connection/)
  })
  test('a try waits longer each time, by the database’s clock', async () => {
    await record(1)
    site.fail(503)
    const delivery = deliver()
    const due = async () => (await db.query<{ s: number }>('select extract(epoch from next_at - now())::float as s from sync_audit'))[0]!.s
    await until(async () => (await state())[0]!.attempts === 1 && (await due()) < 20)
    const first = await due()
    await delivery.soon()
    await until(async () => (await state())[0]!.attempts === 2 && (await due()) < 40)
    const second = await due()
    await delivery.stop()
    expect(first).toBeGreaterThan(5)
    expect(second).toBeGreaterThan(first + 5)
  })
  test('an answer that was lost makes no second entry', async () => {
    await record(1)
    site.fail('late', /^POST/)
    const impatient = openOpenmrs({ url: site.url, timeoutMs: 300, account: ACCOUNT })
    const delivery = deliver({ write: impatient.writeAudit! })
    await until(
      async () =>
        (await db.query('select from sync_audit where attempts = 1 and unanswered and next_at < now() + $1::interval', ['1 minute']))
          .length === 1,
    )
    expect(site.audited).toHaveLength(1)
    site.fail('none')
    await delivery.soon()
    await until(allDelivered)
    await delivery.stop()
    await impatient.close()
    expect(site.audited).toHaveLength(1)
    expect(site.requests).toContain('GET /openmrs/ws/rest/v1/auditlog')
  })
  test('a process that is killed while it sends leaves the entry to another, which looks for it first', async () => {
    await record(1)
    const claimed = (await store.claimAudit(300))!
    expect(claimed).toMatchObject({ attempts: 0, unanswered: false })
    expect(await store.claimAudit(300)).toBeNull()
    await db.query(`update sync_audit set next_at = now() - interval '1 second'`)
    expect(await store.claimAudit(300)).toMatchObject({ id: claimed.id, attempts: 1, unanswered: true })
  })
  test('a request that never left is known not to have arrived', async () => {
    await record(1)
    const nowhere = openOpenmrs({ url: 'http://127.0.0.1:9/openmrs', timeoutMs: 1000, account: ACCOUNT })
    const delivery = deliver({ write: nowhere.writeAudit! })
    await until(async () => (await db.query(`select from sync_audit where attempts = 1 and not unanswered`)).length === 1)
    await delivery.stop()
    await nowhere.close()
  })
  test('an entry that OpenMRS refuses does not keep back the others', async () => {
    for (const n of [1, 2, 3]) await record(n)
    const delivery = deliver({
      write: (entry, unanswered) =>
        /mapping 1/.test(entry.message)
          ? Promise.reject(new OpenmrsUnavailable('refused', { mayHaveArrived: false }))
          : openmrs.writeAudit!(entry, unanswered),
    })
    await until(async () => (await state()).filter((row) => row.delivery === 'delivered').length === 2)
    await delivery.stop()
    expect((await state())[0]!.delivery).toBe('waiting')
  })
  test('what waits for more than a week is given up, said, and kept in our table', async () => {
    await record(1)
    await record(2)
    await db.query(`update sync_audit set at = now() - make_interval(days => $1::int, mins => 1) where audit_id = 1`, [GIVEN_UP_DAYS])
    const delivery = deliver()
    await until(async () => (await state())[1]!.delivery === 'delivered')
    await delivery.stop()
    expect((await state())[0]!.delivery).toBe('given-up')
    expect(site.audited).toHaveLength(1)
    expect(delivery.warnings).toEqual([expect.stringMatching(/did not get to OpenMRS within 7 days/)])
    expect(await store.listAudit({}, 10)).toHaveLength(2)
  })
  test('a database that is away is waited for', async () => {
    let away = 2
    await record(1)
    const delivery = deliver({
      over: { claimAudit: (seconds) => (away-- > 0 ? Promise.reject(new Error('away')) : store.claimAudit(seconds)) },
    })
    await until(allDelivered)
    await delivery.stop()
    expect(delivery.waits.slice(0, 2)).toEqual([10_000, 20_000])
  })
})
