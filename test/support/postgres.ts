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

let stop: () => Promise<void> = async () => {}
let starting: Promise<string> | null = null
let users = 0

/** vitest's global set-up: called once by each project, all in one process, so they share the server. */
export async function setup(project: TestProject): Promise<void> {
  users++
  starting ??= start()
  project.provide('databaseUrl', await starting)
}

async function start(): Promise<string> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return given
  // PostgreSQL runs as an account of its own when we are root, and must be able to enter the folder
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-test-'))
  chmodSync(dir, 0o755)
  const server = await startEmbeddedPostgres(dir)
  stop = async () => {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  return server.url
}

export async function teardown(): Promise<void> {
  if (--users > 0) return
  starting = null
  await stop()
}

export interface TestDatabase {
  url: string
  /** runs SQL with parameters and gives the rows */
  query: <Row = Record<string, unknown>>(sql: string, params?: unknown[]) => Promise<Row[]>
  drop: () => Promise<void>
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('databaseUrl')
  const name = `t_${randomUUID().replaceAll('-', '')}`
  await withClient(server, (client) => client.query(`create database ${name}`))
  const url = new URL(server)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  pool.on('error', () => {})
  return {
    url: url.href,
    query: async <Row>(sql: string, params: unknown[] = []) => (await pool.query(sql, params)).rows as Row[],
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
