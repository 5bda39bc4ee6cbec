/** A token that DHIS2 itself made, and that expires or is taken away in mid-run: the run says so, and goes on from there with a new one. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { readConfig } from '../../src/config.ts'
import { startSandbox } from '../../src/sandbox/start.ts'
import { openStore } from '../../src/open-store.ts'
import { Clinic, expectedOf, mappingOf } from '../support/clinic-model.ts'
import { startDhis2Proxy } from '../support/dhis2-proxy.ts'
import { figuresOf } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { run, type Ended } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { rawRequests, targets } from '../support/world.ts'

/** enough for a process to start and to send its first patients; a machine that is busy gets more */
const LIVES_MS = [15_000, 60_000, 240_000]
const mapping = mappingOf('hts', { name: 'HTS' })

// there are tokens since 2.38
const played = targets().filter(({ version, url }) => version === '2.41' || (version === '2.43' && url === null))

describe.concurrent.each(played)('$name', (target) => {
  test.for([
    ['expires', 'the token has expired. Make a new one in DHIS2 and set DHIS2_TOKEN.'],
    ['is taken away', 'it does not accept the token. Make a new one in DHIS2 and set DHIS2_TOKEN.'],
  ] as const)('%s', async ([what, says], context) => {
    const sandbox = target.url === null ? await startSandbox({ version: target.version }) : null
    const url = target.url ?? sandbox!.url
    const dhis2 = rawRequests(url)
    const db = await createMigratedDatabase()
    const tag = `Z${randomBytes(4).toString('hex')}`
    const clinic = new Clinic(tag)
    for (const id of ['1', '2', '3', '4']) clinic.healthy(id)
    await createMart(db.url, 'mart', [clinic.service('hts')])
    const store = await openStore(readConfig({ DATABASE_URL: db.url }))
    await store.saveMappings([mapping], 'admin')
    await store.close()

    const makeToken = async (expire: number) => {
      const made = (await dhis2('POST', 'apiToken', { expire })) as { response: { key: string; uid: string } }
      return made.response
    }
    let [tokenEnded, expire, token] = [true, 0, { key: '', uid: '' }]
    const proxy = await startDhis2Proxy({
      target: url,
      atRequest: () => 'go on',
      // the first two patients are there, and then it ends
      async answered(_n, { method }) {
        if (method !== 'POST' || tokenEnded) return
        tokenEnded = true
        if (what === 'expires') await sleep(expire + 500 - Date.now())
        else await dhis2('DELETE', `apiToken/${token.uid}`)
      },
    })
    const sync = (key: string) =>
      run(['sync', mapping.name, '--comment', 'a test', '--json'], {
        DATABASE_URL: db.url,
        MART_SCHEMA: 'mart',
        DHIS2_URL: proxy.url,
        DHIS2_API: target.api,
        DHIS2_TOKEN: key,
        DHIS2_TIMEOUT: '60',
        SYNC_CHUNK_SIZE: '2',
        SYNC_CONCURRENCY: '1',
        SITE_ID: tag,
        TIME_ZONE: 'UTC',
      })
    const scene = { target, tag, db, dhis2 }
    const delivered = async () => Object.keys(await readBack(scene)).length
    let outcome: Ended = { code: 0, out: '', err: '' }
    for (const life of LIVES_MS) {
      if ((await delivered()) > 0) break
      expire = Date.now() + life
      token = await makeToken(what === 'expires' ? expire : expire + 3_600_000)
      tokenEnded = false
      outcome = await sync(token.key)
    }
    expect(outcome.code, outcome.err).toBe(1)
    expect(JSON.parse(outcome.out)).toMatchObject({
      state: 'failed',
      failure: `DHIS2 at ${proxy.url} does not let our account in: ${says}`,
    })
    expect(outcome.out + outcome.err).not.toContain(token.key)
    expect(await delivered()).toBe(2)

    const next = await sync((await makeToken(Date.now() + 3_600_000)).key)
    expect(next.code, next.err + next.out).toBe(0)
    expect(await readBack(scene)).toEqual(expectedOf(clinic, mapping))
    expect(await brokenInvariants(scene)).toEqual([])
    Object.assign(figuresOf(context), { syncs: 2, disturbed: 1 })
    await proxy.close()
    await db.drop()
    await sandbox?.close()
  })
})
