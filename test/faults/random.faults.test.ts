/**
 * Random lives in Bahmni and DHIS2, and random disturbances of the syncs between them. After the last, undisturbed syncs DHIS2 holds what the model
 * says; and after each one, disturbed or not, the markers are not beyond what was left behind. Every second seed has onRejected = stop.
 */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import type { RunReport } from '../../src/cli/report.ts'
import { readConfig } from '../../src/config.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { startSandbox } from '../../src/sandbox/start.ts'
import { openStore } from '../../src/open-store.ts'
import { mappingOf } from '../support/clinic-model.ts'
import { FAULTS, startDhis2Proxy, type FaultName } from '../support/dhis2-proxy.ts'
import { expectSync, found, newSite } from '../support/expectation.ts'
import { figuresOf, type Figures } from '../support/figures.ts'
import { dice, History, type Dice } from '../support/history.ts'
import { brokenInvariants, passedByMarkers } from '../support/invariants.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { startPostgresProxy } from '../support/postgres-proxy.ts'
import { start, type Ended } from '../support/program.ts'
import { readBack } from '../support/read-back.ts'
import { until } from '../support/site.ts'
import { rawRequests, targets, type Target } from '../support/world.ts'
import { seedsOf } from './extent.ts'

const PATIENTS = 6
const ROUNDS = [1, 2]
/** requests and writes of a sync of this size */
const REQUESTS = 20
const WRITES = 150
const names = Object.keys(FAULTS) as FaultName[]
const mapping = mappingOf('hts', { name: 'HTS', onRejected: 'continue', openLatestCompletedEnrollment: 'no' })
const DISTURBANCES = [
  'network',
  'network',
  'network',
  'kill at request',
  'kill at request',
  'kill at write',
  'kill at write',
  'kill at write, and a worker takes it up',
  'cut the database',
  'cut the database',
] as const

const all = targets()

describe.concurrent('seed', () => {
  test.for(seedsOf().map((seed) => ({ seed, target: all[seed % all.length]! })))(
    '$seed on $target.name',
    async ({ seed, target }, context) => {
      const figures = figuresOf(context)
      const stops = seed % 2 === 1
      // without an overlap a marker that is too far ahead hides what it passed
      const clinic = await open(target, figures, seed % 3 === 0 ? '7' : '0')
      const d = dice(seed)
      let site = newSite()
      const history = new History(clinic, seed, () => site)
      await history.begin(PATIENTS)
      const told: string[] = []
      // of one that hangs, too
      context.onTestFailed(() => console.error(told.join('\n')))
      for (const round of ROUNDS) {
        if (round > 1) await history.goOn()
        const mart = history.clinic.service('hts')
        await createMart(clinic.db.url, 'mart', [mart])
        await clinic.save({ ...mapping, onRejected: stops ? 'stop' : 'continue' })
        for (let n = 1 + d.below(2); n > 0; n--) {
          const before = await clinic.markers()
          told.push(`round ${round}: ${await clinic.disturbedSync(d)}`)
          if (stops) await clinic.expectNoneBehind(before, told)
          const behind = await passedByMarkers(clinic.db, history.clinic)
          // a record that was rejected under `continue` in the first round may be behind
          expect(
            behind.filter(({ is }) => is !== 'open' || (stops && round === 1)),
            told.join('\n'),
          ).toEqual([])
        }
        if (stops) {
          const before = await clinic.markers()
          told.push(`round ${round}: undisturbed, ${(await clinic.sync()).state}`)
          await clinic.expectNoneBehind(before, told)
          await clinic.save(mapping)
        }
        // the second delivers what the first could only after it had made room
        const reports = [await clinic.sync(), await clinic.sync()]
        const expected = next(next({ site, rejected: [] }, mart, target), mart, target)
        const story = told.join('\n')
        expect(
          reports.map((r) => `${r.state} ${r.failure ?? ''}`),
          story,
        ).toEqual(['succeeded ', 'succeeded '])
        expect(await readBack(clinic), story).toEqual(found(expected.site))
        expect(codes(reports[1]!), story).toEqual(expected.rejected.map((r) => `${r.kind} ${r.id}`).toSorted())
        expect(await brokenInvariants(clinic), story).toEqual([])
        expect(
          (await passedByMarkers(clinic.db, history.clinic)).filter(({ is }) => is !== 'open'),
          story,
        ).toEqual([])
        site = expected.site
      }
      await clinic.close()
    },
  )
})

function next({ site }: ReturnType<typeof expectSync>, mart: Parameters<typeof expectSync>[1], { api, version }: Target) {
  return expectSync(site, mart, mapping, { addsEventsToAnyEnrollment: api === 'tracker', clearsAttributes: version !== '2.30' })
}

const codes = ({ rejected }: RunReport) =>
  rejected
    .map(({ kind, patientId, recordKey }) => `${kind} ${kind === 'trackedEntity' ? patientId : recordKey.split('/').at(-1)!}`)
    .toSorted()

async function open(target: Target, figures: Figures, overlap: string) {
  const sandbox = target.url === null ? await startSandbox({ version: target.version }) : null
  const url = target.url ?? sandbox!.url
  const db = await createMigratedDatabase()
  const tag = `F${randomBytes(4).toString('hex')}`

  const environment = (databaseUrl: string, dhis2Url: string) => ({
    DATABASE_URL: databaseUrl,
    MART_SCHEMA: 'mart',
    DHIS2_URL: dhis2Url,
    DHIS2_API: target.api,
    DHIS2_USERNAME: 'sync',
    DHIS2_PASSWORD: 'Sync-2024!pw',
    DHIS2_TIMEOUT: target.url === null ? '1' : '20',
    DHIS2_RETRY_SECONDS: '4',
    SYNC_CHUNK_SIZE: '2',
    SYNC_MARKER_OVERLAP_DAYS: overlap,
    SITE_ID: tag,
    TIME_ZONE: 'UTC',
  })
  const startSync = (databaseUrl: string, dhis2Url: string) => {
    figures.syncs++
    return start(['sync', mapping.name, '--comment', 'a test', '--json'], environment(databaseUrl, dhis2Url))
  }
  const lastRun = async () =>
    (await db.query<{ state: string; failure: string | null }>('select state, failure from sync_run order by created_at desc limit 1'))[0]
  const isGoing = async () => ['queued', 'running'].includes((await lastRun())?.state ?? '')
  // the next sync comes later than a process that may only be slow
  const later = () => db.query(`update sync_run set created_at = created_at - interval '1 hour', alive_at = alive_at - interval '1 hour'`)

  return {
    target,
    tag,
    db,
    dhis2: rawRequests(url),
    async save(edited: Mapping): Promise<void> {
      const store = await openStore(readConfig({ DATABASE_URL: db.url }))
      await store.saveMappings([edited], 'admin')
      await store.close()
    },
    markers: () => db.query('select category, last_synced_date::text from marker order by category'),
    /** Under `stop` a marker moves only when nothing is rejected. */
    async expectNoneBehind(before: unknown[], told: readonly string[]): Promise<void> {
      const open = await db.query(`select record_key from sync_rejected where state = 'open'`)
      if ((await lastRun())?.state === 'succeeded') expect(open, told.join('\n')).toEqual([])
      else expect(await this.markers(), told.join('\n')).toEqual(before)
    },
    async sync(): Promise<RunReport> {
      const ended = await startSync(db.url, url).ended
      await later()
      if (ended.out === '') throw new Error(ended.err)
      return JSON.parse(ended.out) as RunReport
    },
    /** What happens to which request follows from the dice and its number alone. @returns what was done to it, and how it ended */
    async disturbedSync(d: Dice): Promise<string> {
      const disturbance = d.pick(DISTURBANCES)
      const nth = 1 + d.below(disturbance === 'kill at request' ? REQUESTS : WRITES)
      const moment = d.pick(['before', 'after'] as const)
      const seed = d.below(2 ** 31)
      const done: string[] = [`${disturbance}${disturbance === 'network' ? '' : ` ${moment} ${nth}`}`]
      const kill = () => {
        figures.killed++
        going.child.kill('SIGKILL')
      }
      const postgres = await startPostgresProxy({
        databaseUrl: db.url,
        held: kill,
        atWrite(n) {
          if (n !== nth) return 'go on'
          if (disturbance.startsWith('kill at write')) return moment
          if (disturbance === 'cut the database') {
            figures.servers++
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
          const own = dice(seed + n)
          if (disturbance !== 'network' || !own.oneIn(6)) return 'go on'
          const fault = own.pick(names)
          figures.disturbed++
          done.push(`${n}: ${fault} at ${method} ${path}`)
          return fault
        },
      })
      const going = startSync(postgres.url, dhis2.url)
      const ended = await going.ended
      await postgres.close()
      await dhis2.close()
      if (disturbance.endsWith('takes it up') && (await isGoing())) {
        const worker = start(['work'], environment(db.url, url))
        await until(async () => !(await isGoing()))
        const { state, failure } = (await lastRun())!
        done.push(`the worker: ${state} ${failure ?? ''}`)
        worker.child.kill('SIGTERM')
        await worker.ended
      }
      await later()
      return `${done.join(', ')} → ${endOf(ended)}`
    },
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
