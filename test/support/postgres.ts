/** A PostgreSQL server for a run of tests (embedded, or TEST_DATABASE_URL), and a fresh database for each file of tests. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
  }
}

/** vitest's global set-up of the whole run. @returns the tear-down */
export async function setup(run: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) {
    run.provide('databaseUrl', given)
    return async () => {}
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
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const template = of && new URL(of.url).pathname.slice(1)
  await withClient(server, async (client) => {
    // a template must have no connections
    if (template) await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [template])
    await client.query(`create database ${name}${template ? ` template ${template}` : ''}`)
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  pool.on('error', () => {})
  return {
    url: url.href,
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

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
