/** A clinic to measure: a database with a Mart, a DHIS2 that answers at once, and the program in processes of its own. */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { demoDatabase } from '../sql/demo/database.ts'
import { migrate } from '../sql/migrate.ts'
import { withClient } from '../sql/with-client.ts'
import type { Counts, Run, RunRequest, StepRow } from '../sql/store/store.ts'
import type { Kind } from '../src/core/model.ts'
import { requestOf } from '../src/cli/sync.ts'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { openService, type Service } from '../src/service.ts'
import { mappingOf } from '../test/support/clinic-model.ts'
import { createBenchMart, SCHEMA } from './bench-mart.ts'
import { cpuOf, cpuOfFamily, parentOf } from './process-figures.ts'
import type { SinkFigures } from './sink.ts'

export const MAPPING = mappingOf('hts', { name: 'HTS Service' })
export const REQUEST = requestOf(MAPPING.name, { user: 'bench', comment: 'bench' })
const ACCOUNT = { DHIS2_USERNAME: 'sync', DHIS2_PASSWORD: 'Sync-2024!pw' }
const PROGRAM = fileURLToPath(new URL('../src/main.js', import.meta.url))
const SINK = fileURLToPath(new URL('sink.js', import.meta.url))

export type Env = Readonly<Record<string, string>>

export interface Program {
  pid: number
  /** resolves when standard output has this text */
  printed: (what: RegExp) => Promise<RegExpExecArray>
  stop: () => Promise<void>
}

export interface Site {
  databaseUrl: string
  service: Service
  sink: { url: string; figures: () => Promise<SinkFigures> }
  start: (args: readonly string[], nodeOptions?: readonly string[]) => Program
  /** returns when it waits for jobs */
  startWorker: (over?: Env, nodeOptions?: readonly string[]) => Promise<Program>
  sync: (over?: Partial<RunRequest>) => Promise<Synced>
  /** processor seconds of PostgreSQL and of the DHIS2 until now */
  cpu: () => { postgres: number; dhis2: number }
  close: () => Promise<void>
}

export interface Synced {
  run: Run
  steps: StepRow[]
  /** from the request to the end */
  seconds: number
  sent: number
}

export interface SiteOptions {
  databaseServer: string
  name: string
  patients: number
  env?: Env
  /** milliseconds that the DHIS2 takes for an answer, and for each object */
  latency?: number
  msPerObject?: number
}

export async function openSite({ databaseServer, name, patients, env = {}, latency = 0, msPerObject = 0 }: SiteOptions): Promise<Site> {
  const databaseUrl = await demoDatabase(databaseServer, name, true)
  await createBenchMart(databaseUrl, patients)
  const { sink, url } = await startSink({ LATENCY_MS: String(latency), MS_PER_OBJECT: String(msPerObject) })
  const settings: Env = {
    DATABASE_URL: databaseUrl,
    MART_SCHEMA: SCHEMA,
    DHIS2_URL: url,
    ...ACCOUNT,
    SITE_ID: name,
    LOG_LEVEL: 'warn',
    TIME_ZONE: 'UTC',
    ...env,
  }
  const config = readConfig(settings)
  await migrate({ databaseUrl, storeSchema: config.storeSchema })
  const service = await openService(config, createLog('warn'))
  await service.store.saveMappings([MAPPING], 'bench')
  const postgres = await serverProcess(databaseUrl)
  const programs = new Set<Program>()
  let isClosed = false
  const start = (args: readonly string[], over: Env, nodeOptions: readonly string[]): Program => {
    const program = startProgram(args, { ...settings, ...over }, nodeOptions)
    programs.add(program)
    return program
  }
  return {
    databaseUrl,
    service,
    sink: { url, figures: async () => (await (await fetch(`${url}/figures`)).json()) as SinkFigures },
    start: (args, nodeOptions = []) => start(args, {}, nodeOptions),
    async startWorker(over = {}, nodeOptions = []) {
      const before = await service.queues.countWorkers()
      const worker = start(['work'], over, nodeOptions)
      while ((await service.queues.countWorkers()) === before) await sleep(50)
      return worker
    },
    async sync(over = {}) {
      const run = await service.queues.enqueue({ ...REQUEST, ...over })
      return ended(service, run.runId)
    },
    cpu: () => ({ postgres: cpuOfFamily(postgres), dhis2: cpuOf(sink.pid!) }),
    async close() {
      if (isClosed) return
      isClosed = true
      await Promise.all([...programs].map((program) => program.stop()))
      await service.close()
      sink.kill()
      await dropDatabase(databaseServer, name)
    },
  }
}

/** @throws when the run did not succeed: its figures would say nothing */
export async function ended(service: Service, runId: string): Promise<Synced> {
  for (;;) {
    const run = (await service.store.readRun(runId))!
    if (run.state === 'queued' || run.state === 'running') {
      await sleep(200)
      continue
    }
    if (run.state !== 'succeeded') {
      const [rejected] = await service.store.readRejected(runId)
      throw new Error(`the sync went wrong: ${run.failure} ${rejected?.rejection.message ?? ''}`)
    }
    const seconds = (run.endedAt!.getTime() - run.createdAt.getTime()) / 1000
    return { run, steps: [...(await service.store.readSteps(runId))], seconds, sent: sentOf(run.counts) }
  }
}

export const sentOf = (counts: Readonly<Record<Kind, Counts>>) =>
  Object.values(counts).reduce((sum, { created, updated }) => sum + created + updated, 0)

/** Of a built program, with nothing of our own environment but what a process needs. */
function startProgram(args: readonly string[], env: Env, nodeOptions: readonly string[]): Program {
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(process.execPath, [...nodeOptions, PROGRAM, ...args], {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const closed = once(child, 'close')
  return {
    pid: child.pid!,
    async printed(what) {
      for (;;) {
        const match = what.exec(out)
        if (match) return match
        if (child.exitCode !== null) throw new Error(`ended before it printed ${what}\n${out}`)
        await sleep(50)
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await closed
    },
  }
}

async function startSink(env: Env): Promise<{ sink: ChildProcess; url: string }> {
  const sink = fork(SINK, { env: { ...process.env, ...env } })
  const [url] = (await once(sink, 'message')) as [string]
  return { sink, url }
}

/** The process that all processes of the server come from. */
async function serverProcess(databaseUrl: string): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return parentOf(rows[0]!.pid)
  })
}

async function dropDatabase(server: string, name: string): Promise<void> {
  await withClient(server, async (client) => {
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
  })
}
