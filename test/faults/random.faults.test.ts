/**
 * Random lives in Bahmni and DHIS2, and random disturbances of the syncs between them. After the last, undisturbed syncs DHIS2 holds what the model
 * says. FAULT_SEEDS: how many; FAULT_SEED: this one alone, which replays what the test of that number did.
 */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { migrate } from '../../sql/migrate.ts'
import type { RunReport } from '../../src/cli/report.ts'
import { readConfig } from '../../src/config.ts'
import { startSandbox } from '../../src/sandbox/start.ts'
import { openStore } from '../../src/service.ts'
import { mappingOf } from '../support/clinic-model.ts'
import { FAULTS, startDhis2Proxy, type FaultName } from '../support/dhis2-proxy.ts'
import { expectSync, found, newSite } from '../support/expectation.ts'
import { dice, History, type Dice } from '../support/history.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startPostgresProxy } from '../support/postgres-proxy.ts'
import { build, start, type Ended } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { rawRequests, targets, type Target } from '../support/world.ts'

const only = process.env['FAULT_SEED']
const seeds = only ? [Number(only)] : Array.from({ length: Number(process.env['FAULT_SEEDS'] ?? 12) }, (_, i) => i + 1)
const PATIENTS = 6
const ROUNDS = [1, 2]
/** requests and writes of a sync of this size */
const REQUESTS = 20
const WRITES = 150
const names = Object.keys(FAULTS) as FaultName[]
const mapping = mappingOf('hts', { name: 'HTS', onRejected: 'continue', openLatestCompletedEnrollment: 'no' })

build()
const all = targets()

describe.concurrent('seed', () => {
  test.each(seeds.map((seed) => [seed, all[seed % all.length]!] as const))('%i on $1.name', async (seed, target) => {
    const clinic = await open(target)
    const d = dice(seed)
    let site = newSite()
    const history = new History(clinic, seed, () => site)
    await history.begin(PATIENTS)
    const told: string[] = []
    for (const round of ROUNDS) {
      if (round > 1) await history.goOn()
      const mart = history.clinic.service('hts')
      await createMart(clinic.db.url, 'mart', [mart])
      for (let n = 1 + d.below(2); n > 0; n--) told.push(`round ${round}: ${await clinic.disturbedSync(d)}`)
      // the second delivers what the first could only after it had made room
      const reports = [await clinic.sync(), await clinic.sync()]
      const expected = next(next({ site, rejected: [] }, mart, target), mart, target)
      const story = told.join('\n')
      expect(
        reports.map((r) => r.state),
        story,
      ).toEqual(['succeeded', 'succeeded'])
      expect(await readBack(clinic), story).toEqual(found(expected.site))
      expect(codes(reports[1]!), story).toEqual(expected.rejected.map((r) => `${r.kind} ${r.id}`).toSorted())
      expect(await clinic.leftOver(), story).toEqual([])
      site = expected.site
    }
    await clinic.close()
  })
})

function next({ site }: ReturnType<typeof expectSync>, mart: Parameters<typeof expectSync>[1], { api, version }: Target) {
  return expectSync(site, mart, mapping, { addsEventsToAnyEnrollment: api === 'tracker', clearsAttributes: version !== '2.30' })
}

const codes = ({ rejected }: RunReport) =>
  rejected
    .map(({ kind, patientId, recordKey }) => `${kind} ${kind === 'trackedEntity' ? patientId : recordKey.split('/').at(-1)!}`)
    .toSorted()

async function open(target: Target) {
  const sandbox = target.url === null ? await startSandbox({ version: target.version }) : null
  const url = target.url ?? sandbox!.url
  const db = await createTestDatabase()
  const tag = `F${randomBytes(4).toString('hex')}`
  await migrate({ databaseUrl: db.url, storeSchema: 'public' })
  const store = await openStore(readConfig({ DATABASE_URL: db.url }))
  await store.saveMappings([mapping], 'admin')
  await store.close()

  const startSync = (databaseUrl: string, dhis2Url: string) =>
    start(['sync', mapping.name, '--comment', 'a test', '--json'], {
      DATABASE_URL: databaseUrl,
      MART_SCHEMA: 'mart',
      DHIS2_URL: dhis2Url,
      DHIS2_API: target.api,
      DHIS2_USERNAME: 'sync',
      DHIS2_PASSWORD: 'Sync-2024!pw',
      DHIS2_TIMEOUT: target.url === null ? '1' : '20',
      DHIS2_RETRY_SECONDS: '4',
      SYNC_CHUNK_SIZE: '2',
      SITE_ID: tag,
      TIME_ZONE: 'UTC',
    })
  // the next sync comes later than a process that may only be slow
  const later = () => db.query(`update sync_run set created_at = created_at - interval '1 hour', alive_at = alive_at - interval '1 hour'`)

  return {
    target,
    tag,
    db,
    dhis2: rawRequests(url),
    async sync(): Promise<RunReport> {
      const ended = await startSync(db.url, url).ended
      await later()
      if (ended.out === '') throw new Error(ended.err)
      return JSON.parse(ended.out) as RunReport
    },
    /** @returns what was done to it, and how it ended */
    async disturbedSync(d: Dice): Promise<string> {
      const disturbance = d.pick(['network', 'network', 'kill at request', 'kill at write', 'cut the database'] as const)
      const nth = 1 + d.below(disturbance === 'kill at request' ? REQUESTS : WRITES)
      const moment = d.pick(['before', 'after'] as const)
      const done: string[] = [`${disturbance}${disturbance === 'network' ? '' : ` ${moment} ${nth}`}`]
      const kill = () => going.child.kill('SIGKILL')
      const postgres = await startPostgresProxy({
        databaseUrl: db.url,
        held: kill,
        atWrite(n) {
          if (n !== nth) return 'go on'
          if (disturbance === 'kill at write') return moment
          if (disturbance === 'cut the database') {
            postgres.cut()
            setTimeout(postgres.mend, 1500)
          }
          return 'go on'
        },
      })
      const dhis2 = await startDhis2Proxy({
        target: url,
        held: kill,
        tooLongMs: target.url === null ? 1500 : 25_000,
        atRequest(n, { method, path }) {
          if (disturbance === 'kill at request' && n === nth) return moment
          if (disturbance !== 'network' || !d.oneIn(6)) return 'go on'
          const fault = d.pick(names)
          done.push(`${fault} at ${method} ${path}`)
          return fault
        },
      })
      const going = startSync(postgres.url, dhis2.url)
      const ended = await going.ended
      await postgres.close()
      await dhis2.close()
      await later()
      return `${done.join(', ')} → ${endOf(ended)}`
    },
    /** runs that nobody settled, and records that are both delivered and rejected */
    leftOver: () =>
      db.query(`
        select 'run ' || state as what from sync_run where state in ('queued', 'running')
        union all select 'log ' || status from log where status = 'pending'
        union all select 'both ' || record_key from sync_rejected j join sync_confirmed c using (mapping_name, kind, record_key)
          join sync_snapshot_row s using (kind, record_key) where j.state = 'open' and c.hash = s.hash and s.state = 'rejected'`),
    async close() {
      await db.drop()
      await sandbox?.close()
    },
  }
}

function endOf({ code, out, err }: Ended): string {
  const report = out === '' ? null : (JSON.parse(out) as RunReport)
  return report ? `${report.state} ${report.failure ?? ''}` : `${code ?? 'killed'} ${err.split('\n')[0]!.slice(0, 200)}`
}
