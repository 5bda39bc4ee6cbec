/** A clinic in mid-life whose next sync has work in every step: from the same beginning as often as wanted, killed at any write or request. */
import { expect } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import { readConfig } from '../../src/config.ts'
import { createMart } from '../../sql/demo/mart.ts'
import type { Dump } from '../../src/sandbox/dhis2/controls.ts'
import type { SavedState } from '../../src/sandbox/dhis2/state.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { Clinic, FOLLOW_UP, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { startDhis2Proxy } from '../support/dhis2-proxy.ts'
import { expectSync, found, newSite, othersEnter } from '../support/expectation.ts'
import type { Figures } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { startPostgresProxy } from '../support/postgres-proxy.ts'
import { createMigratedDatabase, createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { run, start, type Ended, type Env } from '../support/program.ts'
import { readBack, type Found } from '../support/read-back.ts'
import { startRedis } from '../support/redis.ts'
import { startRedisProxy } from '../support/redis-proxy.ts'
import { until } from '../support/site.ts'
import { rawRequests } from '../support/world.ts'

const ACCOUNT = { DHIS2_USERNAME: 'sync', DHIS2_PASSWORD: 'Sync-2024!pw' }
const TAG = 'K'
const ENDED = ['succeeded', 'failed', 'cancelled']
const MAPPING = mappingOf('hts', { name: 'HTS', onRejected: 'continue' })

/** Somewhere a process can die: at the k-th write to PostgreSQL, request to DHIS2 or script in Redis of its kind. */
export interface Point {
  where: 'write' | 'request' | 'script'
  what: string
  k: number
}

export interface Beginning {
  api: 'legacy' | 'tracker'
  db: TestDatabase
  dhis2: SavedState
  /** by the model, after an undisturbed sync */
  expected: Found
}

const versionOf = (api: Beginning['api']) => (api === 'legacy' ? '2.30' : '2.43')

function lifeSoFar(clinic: Clinic) {
  clinic.healthy('active')
  const completed = clinic.healthy('completed', 'COMPLETED')
  clinic.healthy('cancelled', 'CANCELLED')
  return { completed }
}

/** Work for each step, a person whom DHIS2 has from others, and a record that is rejected. */
function lifeGoesOn(clinic: Clinic) {
  const later = { dateCreated: '2024-04-01 10:00:00' }
  const [active, completed, cancelled] = clinic.enrollments as [
    Clinic['enrollments'][0],
    Clinic['enrollments'][0],
    Clinic['enrollments'][0],
  ]
  Object.assign(active, { status: 'COMPLETED', ...later })
  Object.assign(completed, { status: 'ACTIVE', ...later })
  Object.assign(clinic.patients[2]!, { orgUnit: 'C-02', ...later })
  Object.assign(clinic.visits[0]!, { values: { ...clinic.visits[0]!.values, 'Tests in the last 12 months': null }, ...later })
  clinic.visit(completed, FOLLOW_UP, { eventDate: '2024-03-20', ...later })
  clinic.visit(cancelled, FOLLOW_UP, { eventDate: '2024-03-21', ...later })
  clinic.healthy('new')
  clinic.healthy('new-completed', 'COMPLETED')
  clinic.healthy('found')
  const ill = clinic.patient('ill', { orgUnit: null })
  clinic.visit(clinic.enroll(ill), INITIAL)
}

/** Synced once by the program itself, and then edited in Bahmni. */
export async function begin(api: Beginning['api'], server?: string): Promise<Beginning> {
  const db = await createMigratedDatabase(server)
  const sandbox = await startSandbox({ version: versionOf(api) })
  const site = newSite()
  const other = { orgUnit: 'OUClinHre02', attributes: { TEAUicCode1: `${TAG}-UIC-found` }, enrollments: [] }
  await asOther(sandbox, api, other)
  othersEnter(site, other)
  const store = await openStore(readConfig({ DATABASE_URL: db.url }))
  await store.saveMappings([MAPPING], 'admin')
  await store.close()

  const clinic = new Clinic(TAG)
  lifeSoFar(clinic)
  const options = { addsEventsToAnyEnrollment: api === 'tracker', clearsAttributes: api === 'tracker' }
  const mart = clinic.service('hts')
  await createMart(db.url, 'mart', [mart])
  const first = expectSync(site, structuredClone(mart), MAPPING, options)
  const ended = await run(SYNC, environment(api, db.url, sandbox.url))
  if (ended.code !== 0) throw new Error(ended.err + ended.out)

  lifeGoesOn(clinic)
  await createMart(db.url, 'mart', [mart])
  const second = expectSync(first.site, structuredClone(mart), MAPPING, options)
  const dhis2 = sandbox.control.save()
  await sandbox.close()
  return { api, db, dhis2, expected: found(second.site) }
}

async function asOther(
  sandbox: Sandbox,
  api: Beginning['api'],
  { orgUnit, attributes }: { orgUnit: string; attributes: Record<string, string> },
) {
  const person = {
    trackedEntityType: 'TETPerson01',
    orgUnit,
    attributes: Object.entries(attributes).map(([attribute, value]) => ({ attribute, value })),
  }
  const uid = 'xByOthers01'
  const [path, body] =
    api === 'tracker'
      ? ['tracker?async=false', { trackedEntities: [{ trackedEntity: uid, ...person }] }]
      : ['trackedEntityInstances', { trackedEntityInstances: [{ trackedEntityInstance: uid, ...person }] }]
  await rawRequests(sandbox.url)('POST', path, body)
}

const SYNC = ['sync', MAPPING.name, '--comment', 'a test', '--json']
const environment = (api: Beginning['api'], databaseUrl: string, dhis2Url: string): Env => ({
  ...ACCOUNT,
  DATABASE_URL: databaseUrl,
  DHIS2_URL: dhis2Url,
  DHIS2_API: api,
  DHIS2_RETRY_SECONDS: '2',
  MART_SCHEMA: 'mart',
  SITE_ID: 'crash',
  TIME_ZONE: 'UTC',
  SYNC_CHUNK_SIZE: '4',
  SYNC_CONCURRENCY: '1',
})

/** All that a sync leaves behind, on both sides. Uids are derived, so two of the same beginning must be the same to the letter. */
export interface End {
  dhis2: Dump
  found: Found
  tables: Record<string, unknown[]>
  /** invariants */
  broken: string[]
}

export interface Sync {
  ended: Ended
  /** what it did, in order */
  points: Point[]
  /** null: the point was not reached */
  killed: boolean
}

export interface Around {
  /** its queue is in a Redis of its own */
  isRedis?: boolean
  /** the server of the beginning's database, when that is not the one of all tests */
  server?: string
}

/** A copy of the beginning, for one or more syncs. */
export async function openCopy({ api, db: original, dhis2 }: Beginning, figures: Figures, { isRedis = false, server }: Around = {}) {
  const db = await createTestDatabase(original, server)
  // a copied sequence takes numbers for written down that are so in the original only: a crash would give them out again
  if (server) await db.query('checkpoint')
  const redis = isRedis ? await startRedis() : null
  // DHIS2 writes down when something was completed: at the same time in every copy
  const sandbox = await startSandbox({ version: versionOf(api), clock: () => Date.UTC(2024, 5, 1) })
  sandbox.control.load(dhis2)
  const lastRun = async () => (await db.query<{ state: string }>('select state from sync_run order by created_at desc limit 1'))[0]
  return {
    db,
    sandbox,
    lastRun,
    /** with the process its machine may die, and more than it */
    async sync(kill: (Point & { when: 'before' | 'after' }) | null = null, withIt = () => {}): Promise<Sync> {
      figures.syncs++
      const points: Point[] = []
      const seen = new Map<string, number>()
      let killed = false
      const at = (where: Point['where'], what: string) => {
        const k = (seen.get(what) ?? 0) + 1
        seen.set(what, k)
        points.push({ where, what, k })
        return kill && !killed && kill.where === where && kill.what === what && kill.k === k ? kill.when : 'go on'
      }
      const held = () => {
        killed = true
        figures.killed++
        going.child.kill('SIGKILL')
        withIt()
      }
      const postgres = await startPostgresProxy({ databaseUrl: db.url, held, atWrite: (_n, sql) => at('write', nameOf(sql)) })
      const proxy = await startDhis2Proxy({
        target: sandbox.url,
        held,
        atRequest: (_n, { method, path }) => at('request', `${method} ${path}`),
      })
      const scripts = redis && (await startRedisProxy(redis, (name) => (at('script', name) === 'go on' ? 'go on' : 'before'), held))
      const going = start(SYNC, {
        ...environment(api, postgres.url, proxy.url),
        ...(scripts && { REDIS_URL: `redis://127.0.0.1:${scripts.port}` }),
      })
      const ended = await going.ended
      await postgres.close()
      await proxy.close()
      await scripts?.close()
      return { ended, points, killed }
    },
    /** the next sync comes later than a process that may only be slow */
    later: () => db.query(`update sync_run set created_at = created_at - interval '1 hour', alive_at = alive_at - interval '1 hour'`),
    /** somebody starts a worker anew, and no sync: it brings the run to its end, if one was begun */
    async work(): Promise<string> {
      const before = await lastRun()
      if (!before || ENDED.includes(before.state)) return 'no run'
      const worker = start(['work'], {
        ...environment(api, db.url, sandbox.url),
        ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
      })
      await until(async () => ENDED.includes((await lastRun())!.state))
      worker.child.kill('SIGTERM')
      await worker.ended
      return (await lastRun())!.state
    },
    async end(): Promise<End> {
      const target = { name: '', api, version: versionOf(api), url: null } as const
      return {
        dhis2: sandbox.control.dump(),
        found: await readBack({ target, tag: TAG, dhis2: rawRequests(sandbox.url) }),
        tables: {
          patients: await db.query('select patient_id, instance_id from instance_tracker order by 1, 2'),
          enrollments: await db.query(
            'select instance_id, program, status, enrollment_id, program_unique_id from enrollment_tracker order by enrollment_id, program_unique_id',
          ),
          events: await db.query(
            'select instance_id, program, program_stage, event_id, event_unique_id from event_tracker order by event_id',
          ),
          confirmed: await db.query('select kind, record_key, uid, hash, sent from sync_confirmed order by kind, record_key'),
          rejected: await db.query('select kind, record_key, code, state from sync_rejected order by kind, record_key'),
          markers: await db.query('select category, last_synced_date::text from marker order by category'),
          going: await db.query(`select state from sync_run where state in ('queued', 'running')`),
          pending: await db.query(`select status from log where status = 'pending'`),
        },
        broken: await brokenInvariants({ db, target, tag: TAG, dhis2: rawRequests(sandbox.url) }),
      }
    },
    async close() {
      await sandbox.close()
      await db.drop()
      await redis?.stop()
    },
  }
}

/** What an undisturbed sync does, and what it leaves behind. */
export async function observe(beginning: Beginning, around: Around = {}) {
  const copy = await openCopy(beginning, { syncs: 0, disturbed: 0, killed: 0, servers: 0 }, around)
  const { ended, points } = await copy.sync()
  const end = await copy.end()
  await copy.close()
  return { ended, points, end }
}

export function expectSame(actual: End, expected: End): void {
  expect(actual.found).toEqual(expected.found)
  expect(actual.dhis2).toEqual(expected.dhis2)
  expect(actual.tables).toEqual(expected.tables)
  expect(actual.broken).toEqual([])
}

const nameOf = (sql: string) =>
  sql
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 70)
