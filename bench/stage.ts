/** What the measurements of one run share: the database server, how big to make things, and clinics that were synced already. */
import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { OBJECTS, settleStatistics, VISITS } from './bench-mart.ts'
import { cpuOf, peakMemoryOf } from './process-figures.ts'
import { openSite, type Site, type SiteOptions, type Synced } from './site.ts'

export interface Stage {
  databaseServer: string
  /** small sizes, for every change */
  short: boolean
  /** events of a big Mart */
  big: number
  say: (line: string) => void
  open: (options: Omit<SiteOptions, 'databaseServer'>) => Promise<Site>
  /** A clinic with so many events after its first sync, by one worker with the settings that it has of itself. */
  synced: (events: number) => Promise<FirstSync>
  close: () => Promise<void>
}

export interface FirstSync {
  site: Site
  synced: Synced
  objects: number
  /** of the worker, at the end */
  peakMemory: number
  cpu: { worker: number; postgres: number; dhis2: number }
}

export async function openStage(short: boolean, say: (line: string) => void): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-bench-'))
  // PostgreSQL runs as an account of its own when we are root, and must be able to enter the folder
  chmodSync(dir, 0o755)
  const database = await startEmbeddedPostgres(dir)
  const sites = new Set<Site>()
  const firstSyncs = new Map<number, Promise<FirstSync>>()
  const open: Stage['open'] = async (options) => {
    const site = await openSite({ databaseServer: database.url, ...options })
    sites.add(site)
    return site
  }
  return {
    databaseServer: database.url,
    short,
    big: short ? 20_000 : process.env['BENCH_MILLION'] ? 1_000_000 : 100_000,
    say,
    open,
    synced(events) {
      const syncing = firstSyncs.get(events) ?? firstSync(open, events, say)
      firstSyncs.set(events, syncing)
      return syncing
    },
    async close() {
      for (const site of sites) await site.close()
      await database.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function firstSync(open: Stage['open'], events: number, say: Stage['say']): Promise<FirstSync> {
  const patients = Math.ceil(events / VISITS)
  const site = await open({ name: `bench_${events}`, patients })
  const worker = await site.startWorker()
  const before = { worker: cpuOf(worker.pid), ...site.cpu() }
  const synced = await site.sync()
  const after = { worker: cpuOf(worker.pid), ...site.cpu() }
  const cpu = {
    worker: after.worker - before.worker,
    postgres: after.postgres - before.postgres,
    dhis2: after.dhis2 - before.dhis2,
  }
  await settleStatistics(site.databaseUrl)
  const peakMemory = peakMemoryOf(worker.pid)
  const objects = patients * OBJECTS
  if (synced.sent !== objects) throw new Error(`${synced.sent} of ${objects} objects were sent`)
  say(`  ${events} events: ${synced.seconds.toFixed(1)} s, ${Math.round(objects / synced.seconds)} objects/s, ${Math.round(peakMemory)} MB`)
  return { site, synced, objects, peakMemory, cpu }
}
