/** Brings a database to this program's tables, or adopts the one that the Java services left. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { RunFailure } from '../src/errors.ts'
import { PROJECT } from '../src/project-folder.ts'
import { withClient } from './with-client.ts'

const MIGRATIONS = join(PROJECT, 'sql', 'migrations')

const TABLE = 'sync_migration'
/** one number for all processes: the second one waits for the first */
const LOCK = 7_215_032

export class DatabaseNewerError extends RunFailure {}

export const databaseIsNewer = (unknown: readonly string[]): string =>
  `The database is newer than this program: it has ${unknown.join(', ')}. Install the version that made it, or a later one.`

/** Safe to run again and at the same time from several processes. @returns names of the migrations that were carried out */
export async function migrate({ databaseUrl, storeSchema }: { databaseUrl: string; storeSchema: string }): Promise<string[]> {
  // its end closes the session, and with it the lock
  return withClient({ connectionString: databaseUrl, application_name: 'bahmni-dhis2-sync migrate' }, async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await refuseNewer(client, storeSchema)
    const done = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      ignorePattern: '(?!.*\\.sql$).*',
      direction: 'up',
      migrationsTable: TABLE,
      schema: storeSchema,
      migrationsSchema: storeSchema,
      createSchema: true,
      createMigrationsSchema: true,
      noLock: true,
      singleTransaction: true,
      log: () => {},
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    })
    return done.map((migration) => migration.name)
  })
}

/** Names of the migrations that the database still lacks. @throws DatabaseNewerError */
export async function missingMigrations({ databaseUrl, storeSchema }: { databaseUrl: string; storeSchema: string }): Promise<string[]> {
  return withClient({ connectionString: databaseUrl, application_name: 'bahmni-dhis2-sync check' }, async (client) => {
    await refuseNewer(client, storeSchema)
    return migrationLevel(await appliedMigrations(client, storeSchema)).missing
  })
}

/** How a database that has had these migrations differs from what this program needs. */
export function migrationLevel(applied: readonly string[]): { missing: string[]; unknown: string[] } {
  const known = knownMigrations()
  return { missing: known.filter((name) => !applied.includes(name)), unknown: applied.filter((name) => !known.includes(name)) }
}

const knownMigrations = () =>
  readdirSync(MIGRATIONS)
    .map((file) => file.replace(/\.sql$/, ''))
    .toSorted()

async function appliedMigrations(client: pg.Client, storeSchema: string): Promise<string[]> {
  const table = `${pg.escapeIdentifier(storeSchema)}.${TABLE}`
  const { rows } = await client.query<{ found: string | null }>('select to_regclass($1) as found', [table])
  if (rows[0]?.found == null) return []
  return (await client.query<{ name: string }>(`select name from ${table}`)).rows.map((row) => row.name)
}

async function refuseNewer(client: pg.Client, storeSchema: string): Promise<void> {
  const { unknown } = migrationLevel(await appliedMigrations(client, storeSchema))
  if (unknown.length > 0) throw new DatabaseNewerError(databaseIsNewer(unknown))
}
