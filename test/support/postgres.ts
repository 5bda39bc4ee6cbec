/** A PostgreSQL server for a run of tests (embedded, or TEST_DATABASE_URL), and a fresh database for each file of tests. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { createQueueBackend } from '../../queues/backend.ts'
import { STEP_QUEUE } from '../../queues/jobs.ts'
import { migrate } from '../../sql/migrate.ts'
import { withClient } from '../../sql/with-client.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
    /** name of the database that migrated ones are copied from */
    migratedTemplate: string
  }
}

/** vitest's global set-up of the whole run. @returns the tear-down */
export async function setup(run: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL']
  const template = `t_migrated_${process.pid}`
  run.provide('migratedTemplate', template)
  if (given) {
    run.provide('databaseUrl', given)
    return async () => {
      await withClient(given, (client) => client.query(`drop database if exists ${template}`))
    }
  }
  // PostgreSQL runs as an account of its own when we are root, and must be able to enter the folder
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-test-'))
  chmodSync(dir, 0o755)
  // what a killed server has written the machine still has: only a power cut of the machine itself would lose it
  const server = await startEmbeddedPostgres(dir, { fsync: 'off', full_page_writes: 'off' })
  run.provide('databaseUrl', server.url)
  return async () => {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

export interface TestDatabase {
  url: string
  /** runs SQL with parameters and gives the rows */
  query: <Row = Record<string, unknown>>(sql: string, params?: unknown[]) => Promise<Row[]>
  drop: () => Promise<void>
}

/** Empty, or with all that another one has; on the server of all tests, or on one of a test's own. */
export async function createTestDatabase(of?: TestDatabase, server = inject('databaseUrl')): Promise<TestDatabase> {
  const template = of && new URL(of.url).pathname.slice(1)
  // a template must have no connections
  if (template)
    await withClient(server, (client) =>
      client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [template]),
    )
  return copyOf(template ?? null, server)
}

/** With this program's tables, and the queue's: a copy is made in a tenth of the time that the migrations take. */
export async function createMigratedDatabase(server = inject('databaseUrl')): Promise<TestDatabase> {
  const template = inject('migratedTemplate')
  await withClient(server, async (client) => {
    // one process makes it, the others wait
    await client.query('select pg_advisory_lock(1)')
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount !== 0) return
    await client.query(`create database ${template}_begun`)
    const url = withName(server, `${template}_begun`)
    await migrate({ databaseUrl: url, storeSchema: 'public' })
    const backend = createQueueBackend({ databaseUrl: url, redisUrl: null, storeSchema: 'public', siteId: 'template' })
    const queue = backend.queue(STEP_QUEUE)
    await queue.waitUntilReady()
    await queue.close()
    await client.query(`alter database ${template}_begun rename to ${template}`)
  })
  return copyOf(template, server)
}

const withName = (server: string, name: string): string => {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function copyOf(template: string | null, server: string): Promise<TestDatabase> {
  const name = `t_${randomUUID().replaceAll('-', '')}`
  // by the log, as is usual, it takes 400 ms instead of 50
  await withClient(server, (client) => client.query(`create database ${name} template ${template ?? 'template1'} strategy file_copy`))
  const url = withName(server, name)
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {})
  return {
    url,
    async query<Row>(sql: string, params: unknown[] = []) {
      const asked = pool.query(sql, params).catch((error: Error) => {
        // one that was idle while a test stopped the server: the next one is new
        if (!/terminat/i.test(error.message)) throw error
        return pool.query(sql, params)
      })
      return (await asked).rows as Row[]
    },
    async drop() {
      await pool.end()
      await withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}
