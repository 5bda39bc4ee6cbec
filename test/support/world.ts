/** A clinic and its DHIS2: a database with a Mart and our tables, the sync in this process, and a sandbox or a real server. */
import { randomBytes } from 'node:crypto'
import { createMart } from '../../sql/demo/mart.ts'
import { migrate } from '../../sql/migrate.ts'
import type { RunRequest } from '../../sql/store/store.ts'
import { followRun } from '../../src/cli/progress.ts'
import { readReport, type RunReport } from '../../src/cli/report.ts'
import { readConfig } from '../../src/config.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { createLog } from '../../src/log.ts'
import type { MartService } from '../../src/sandbox/mart/service.ts'
import { startSandbox, type Sandbox, type Version } from '../../src/sandbox/start.ts'
import { openService } from '../../src/service.ts'
import { createMigratedDatabase, createTestDatabase, type TestDatabase } from './postgres.ts'

export interface Target {
  name: string
  api: 'legacy' | 'tracker'
  version: Version
  /** of a real server; null: the sandbox plays it */
  url: string | null
}

const REAL = { '2.30': process.env['DHIS2_230_URL'], '2.41': process.env['DHIS2_241_URL'], '2.43': process.env['DHIS2_243_URL'] } as const
const PLAYED: readonly (readonly [Target['version'] & keyof typeof REAL, Target['api']])[] = [
  ['2.30', 'legacy'],
  ['2.41', 'legacy'],
  ['2.41', 'tracker'],
  ['2.43', 'tracker'],
]

/** The sandbox in all its parts, and every real server that the environment names. */
const TARGETS: readonly Target[] = PLAYED.flatMap(([version, api]) => [
  { name: `sandbox ${version} ${api}`, api, version, url: null },
  ...(REAL[version] ? [{ name: `real ${version} ${api}`, api, version, url: REAL[version] }] : []),
])
/** with DHIS2_REAL_ONLY only the real ones: the sandbox has been tested before */
export const targets = () => TARGETS.filter((target) => target.url !== null || process.env['DHIS2_REAL_ONLY'] === undefined)
/** The same, but of the sandbox's versions one for each API, the oldest and the newest: for what does not depend on the version. */
export const targetsOfEachApi = () =>
  targets().filter(({ url, api, version }) => url !== null || version === (api === 'legacy' ? '2.30' : '2.43'))

const ACCOUNT = { username: 'sync', password: 'Sync-2024!pw' }

export interface World {
  target: Target
  url: string
  sandbox: Sandbox | null
  db: TestDatabase
  /** unlike every other world's: patients, UICs and uids of worlds that share a server never meet */
  tag: string
  mart: (services: readonly MartService[]) => Promise<void>
  saveMappings: (mappings: readonly Mapping[]) => Promise<void>
  sync: (mappingName: string, options?: Partial<RunRequest>) => Promise<RunReport>
  /** import requests since the last call */
  imports: () => number
  /** raw requests as the integration account, for other people's data and for reading back */
  dhis2: (method: string, path: string, body?: unknown) => Promise<unknown>
  service: Awaited<ReturnType<typeof openService>>
  close: () => Promise<void>
}

/** @param left SQL that makes what was in the database before our first migration */
export async function openWorld(target: Target, env: Record<string, string> = {}, left = ''): Promise<World> {
  const sandbox = target.url === null ? await startSandbox({ version: target.version }) : null
  const url = target.url ?? sandbox!.url
  const db = left === '' ? await createMigratedDatabase() : await createTestDatabase()
  const tag = `T${randomBytes(4).toString('hex')}`
  const config = readConfig({
    DATABASE_URL: db.url,
    MART_SCHEMA: 'mart',
    DHIS2_URL: url,
    DHIS2_USERNAME: ACCOUNT.username,
    DHIS2_PASSWORD: ACCOUNT.password,
    DHIS2_API: target.api,
    DHIS2_RETRY_SECONDS: '20',
    SITE_ID: tag,
    LOG_LEVEL: 'silent',
    TIME_ZONE: 'UTC',
    ...(process.env['REDIS_URL'] && { REDIS_URL: process.env['REDIS_URL'] }),
    ...env,
  })
  if (left !== '') {
    await db.query(left)
    await migrate({ databaseUrl: db.url, storeSchema: config.storeSchema })
  }
  let posts = 0
  const service = await openService(config, createLog('silent'), (request) => {
    if (request.method === 'POST') posts++
  })
  await service.startWorkers()

  return {
    target,
    url,
    sandbox,
    db,
    tag,
    service,
    mart: (services) => createMart(db.url, 'mart', services),
    saveMappings: async (mappings) => void (await service.store.saveMappings(mappings, 'tester')),
    async sync(mappingName, options = {}) {
      const run = await service.queues.enqueue({
        mappingName,
        requestedBy: 'tester',
        comment: 'test',
        dryRun: false,
        from: null,
        to: null,
        resync: false,
        ...options,
      })
      await followRun(service.store, run.runId, { stream: process.stderr, quiet: true })
      return readReport(service.store, run.runId)
    },
    imports() {
      const count = posts
      posts = 0
      return count
    },
    dhis2: rawRequests(url),
    async close() {
      await service.close()
      await db.drop()
      await sandbox?.close()
    },
  }
}

/** As the integration account, not through our client. */
export const rawRequests =
  (url: string): World['dhis2'] =>
  async (method, path, body) => {
    const response = await fetch(`${url}/api/${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 2000)}`)
    return text === '' ? null : JSON.parse(text)
  }
