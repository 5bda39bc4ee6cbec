/** A clinic whose program runs in processes of its own: a database with a Mart, a sandbox DHIS2, and the environment that every command gets. */
import { createMart } from '../../sql/demo/mart.ts'
import { readConfig } from '../../src/config.ts'
import { formatMappingFile } from '../../src/core/mapping-file.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { openStore } from '../../src/open-store.ts'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clinic, mappingOf } from './clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from './postgres.ts'
import { run, start, type Ended, type Env, type Running } from './program.ts'

export const PASSWORD = 'Sync-2024!pw'
export const MAPPING = mappingOf('hts', { name: 'HTS Service' })

export interface Site {
  db: TestDatabase
  sandbox: Sandbox
  clinic: Clinic
  env: Env
  run: (args: readonly string[], over?: Env) => Promise<Ended>
  start: (args: readonly string[], over?: Env) => Running
  /** `sync "HTS Service"` */
  sync: (more?: readonly string[], over?: Env) => Promise<Ended>
  startSync: (more?: readonly string[], over?: Env) => Running
  /** puts the clinic into the Mart, as it is now */
  mart: () => Promise<void>
  /** a file with this content; an export of the mappings when it is no text */
  file: (content: string | readonly Mapping[]) => string
  /** kinds that have a date, with it */
  markers: () => Promise<Record<string, string>>
  logRows: () => Promise<{ status: string; status_info: string }[]>
  runs: () => Promise<{ state: string; failure: string | null }[]>
  close: () => Promise<void>
}

export interface SiteOptions {
  patients?: number
  mapping?: Mapping
  env?: Env
  /** another than that of all tests */
  databaseServer?: string
}

/** Migrated, with the mapping and a Mart of some healthy patients: each has an enrollment and two events. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const { patients = 3, mapping = MAPPING, env = {}, databaseServer } = options
  const [db, sandbox] = [await createMigratedDatabase(databaseServer), await startSandbox({ version: '2.41' })]
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-cli-'))
  const clinic = new Clinic('C')
  for (let i = 1; i <= patients; i++) clinic.healthy(String(i))
  const all: Env = {
    DATABASE_URL: db.url,
    MART_SCHEMA: 'mart',
    DHIS2_URL: sandbox.url,
    DHIS2_USERNAME: 'sync',
    DHIS2_PASSWORD: PASSWORD,
    DHIS2_RETRY_SECONDS: '0',
    SITE_ID: 'cli',
    USER: 'clerk',
    TIME_ZONE: 'UTC',
    ...env,
  }
  const syncArgs = (more: readonly string[]) => ['sync', mapping.name, '--comment', 'a test', ...more]
  let files = 0
  const site: Site = {
    db,
    sandbox,
    clinic,
    env: all,
    run: (args, over = {}) => run(args, { ...all, ...over }),
    start: (args, over = {}) => start(args, { ...all, ...over }),
    sync: (more = [], over = {}) => site.run(syncArgs(more), over),
    startSync: (more = [], over = {}) => site.start(syncArgs(more), over),
    mart: () => createMart(db.url, 'mart', [clinic.service('hts')]),
    file(content) {
      const path = join(dir, `mappings-${++files}.json`)
      writeFileSync(path, typeof content === 'string' ? content : formatMappingFile(content))
      return path
    },
    async markers() {
      const rows = await db.query<{ category: string; at: string }>(
        'select category, last_synced_date::text as at from marker where last_synced_date is not null order by category',
      )
      return Object.fromEntries(rows.map((row) => [row.category, row.at]))
    },
    logRows: () => db.query('select status, status_info from log order by log_id'),
    runs: () => db.query('select state, failure from sync_run order by created_at'),
    async close() {
      await sandbox.close()
      await db.drop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  await site.mart()
  const store = await openStore(readConfig({ DATABASE_URL: db.url }))
  await store.saveMappings([mapping], 'admin')
  await store.close()
  return site
}

/** Waits until it is true. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((done) => setTimeout(done, 20))
}

/** Waits until a session of this database waits for another one's lock; the other databases of the server are other tests'. */
export async function untilWaiting(db: Pick<TestDatabase, 'query'>): Promise<void> {
  const waiting = 'select from pg_locks join pg_database d on d.oid = database where not granted and datname = current_database()'
  await until(async () => (await db.query(waiting)).length > 0)
}
