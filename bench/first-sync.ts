/**
 * A first sync against a bare loader: the same number of patients with the same values, the loader's requests ready-made and sent at the same
 * concurrency through the same HTTP client. What we are slower is what reading, deciding, and writing down cost.
 */
import { demoDatabase } from '../sql/demo/database.ts'
import { createMart } from '../sql/demo/mart.ts'
import { migrate } from '../sql/migrate.ts'
import { followRun } from '../src/cli/progress.ts'
import type { Config } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { startSandbox } from '../src/sandbox/start.ts'
import { openService } from '../src/service.ts'
import { Clinic, mappingOf } from '../test/support/clinic-model.ts'
import { load, type ReadyRequest } from './loader.ts'
import { recordImports } from './record-imports.ts'

export interface FirstSyncOptions {
  config: Config
  databaseServer: string
  /** unlike that of every other run on the same DHIS2 */
  tag: string
  patients: number
  pairs: number
  say: (line: string) => void
}

/** @returns the median of our rate / the loader's */
export async function firstSync({ config, databaseServer, tag, patients, pairs: wanted, say }: FirstSyncOptions): Promise<number> {
  const atDatabase = async (name: string, over: Partial<Config>): Promise<Config> => ({
    ...config,
    databaseUrl: await demoDatabase(databaseServer, name.toLowerCase(), true),
    martSchema: 'mart',
    logLevel: 'warn',
    siteId: name,
    ...over,
  })

  say(`Warming DHIS2 up with ${Math.min(patients, 300)} patients …`)
  await sync(await atDatabase(`${tag}w`, {}), `${tag}w`, Math.min(patients, 300))

  const ratios: number[] = []
  for (let n = 1; n <= wanted; n++) {
    const ready = await readyRequests((over) => atDatabase(`${tag}l${n}`, over), `${tag}l${n}`, patients)
    const ourConfig = await atDatabase(`${tag}o${n}`, {})
    let ours = 0
    let loader = 0
    const measure = [
      async () => void (ours = patients / (await sync(ourConfig, `${tag}o${n}`, patients))),
      async () => void (loader = patients / (await load(config, ready))),
    ]
    // in turn the first: DHIS2 grows slower as it fills
    for (const run of n % 2 === 0 ? measure.toReversed() : measure) await run()
    ratios.push(ours / loader)
    say(`pair ${n}: we ${ours.toFixed(1)}, loader ${loader.toFixed(1)} patients/s, ratio ${(ours / loader).toFixed(2)}`)
  }
  ratios.sort((a, b) => a - b)
  return (ratios[(ratios.length - 1) >> 1]! + ratios[ratios.length >> 1]!) / 2
}

/** By a service that runs already, as `serve` does. @returns seconds from the request to the end of the run */
async function sync(config: Config, tag: string, patients: number): Promise<number> {
  const clinic = new Clinic(tag)
  for (let i = 0; i < patients; i++) clinic.healthy(String(i))
  const mapping = mappingOf('hts')
  await migrate({ databaseUrl: config.databaseUrl!, storeSchema: config.storeSchema })
  await createMart(config.databaseUrl!, config.martSchema, [clinic.service('hts')])
  const service = await openService(config, createLog('warn'))
  try {
    await service.store.saveMappings([mapping], 'bench')
    await service.startWorkers()
    const request = {
      mappingName: mapping.name,
      requestedBy: 'bench',
      comment: 'bench',
      dryRun: false,
      from: null,
      to: null,
      resync: false,
    }
    const { runId } = await service.queues.enqueue(request)
    const run = await followRun(service.store, runId, { stream: process.stderr, quiet: true })
    const created = Object.values(run.counts).reduce((sum, c) => sum + c.created, 0)
    if (run.state !== 'succeeded' || created !== 4 * patients) throw new Error(`the sync went wrong: ${run.state}, ${created} created`)
    return (run.endedAt!.getTime() - run.createdAt.getTime()) / 1000
  } finally {
    await service.close()
  }
}

/** The import requests of a first sync, as the sandbox got them. */
async function readyRequests(
  configured: (over: Partial<Config>) => Promise<Config>,
  tag: string,
  patients: number,
): Promise<ReadyRequest[]> {
  const sandbox = await startSandbox({ version: '2.41' })
  const recorder = await recordImports(sandbox.url)
  try {
    const account = { dhis2Token: null, dhis2Username: 'sync', dhis2Password: 'Sync-2024!pw' }
    await sync(await configured({ dhis2Url: recorder.url, ...account }), tag, patients)
    return recorder.requests
  } finally {
    await recorder.close()
    await sandbox.close()
  }
}
