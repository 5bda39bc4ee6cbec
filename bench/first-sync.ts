/**
 * A first sync against a bare loader on a genuine DHIS2: the same number of patients with the same values, the loader's requests ready-made and sent through the
 * same HTTP client. What we are slower is what reading, deciding, and writing down cost. The loader may choose how many patients it puts into a request and how
 * many requests it sends at a time: it takes what this DHIS2 is best at, we take what we have of ourselves.
 */
import { randomBytes } from 'node:crypto'
import { demoDatabase } from '../sql/demo/database.ts'
import { createMart } from '../sql/demo/mart.ts'
import { migrate } from '../sql/migrate.ts'
import { readConfig, type Config } from '../src/config.ts'
import { connectDhis2 } from '../src/dhis2/connect.ts'
import { createLog } from '../src/log.ts'
import { startSandbox } from '../src/sandbox/start.ts'
import { openService } from '../src/service.ts'
import { Clinic } from '../test/support/clinic-model.ts'
import { load, repacked, type ReadyRequest } from './loader.ts'
import { median, type Figure, type Measurement } from './measurement.ts'
import { recordImports } from './record-imports.ts'
import { ended, MAPPING, REQUEST } from './site.ts'
import type { Stage } from './stage.ts'

const count = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const CHUNKS = [25, 100, 200, 400]
const CONCURRENCIES = [1, 2, 4]
type Api = 'tracker' | 'legacy'

export const firstSync: Measurement = {
  name: 'first-sync',
  about: 'a first sync against a bare loader, on the DHIS2 of DHIS2_URL',
  lacks: () => (process.env['DHIS2_URL'] ? null : 'DHIS2_URL is not set'),
  async measure(stage) {
    const config = readConfig({ ...process.env, DATABASE_URL: stage.databaseServer, SITE_ID: 'bench' }, ['dhis2'])
    const figures: Figure[] = []
    const apis = config.dhis2Api === 'auto' ? (['tracker', 'legacy'] as const) : [config.dhis2Api]
    for (const api of apis) {
      const knows = await hasApi(config, api)
      if (knows) figures.push(...(await firstSyncs(stage, { ...config, dhis2Api: api }, api)))
      else stage.say(`  this DHIS2 has no ${api} API`)
    }
    return figures
  },
}

async function hasApi(config: Config, api: Api): Promise<boolean> {
  const { dhis2Token: token, dhis2Username, dhis2Password } = config
  const credentials = token ? { token } : { username: dhis2Username ?? '', password: dhis2Password ?? '' }
  const options = { url: config.dhis2Url!, credentials, connections: 1, timeoutMs: 30_000, retryBudgetMs: 0, api }
  return connectDhis2(options).then(
    async (client) => {
      await client.close()
      return true
    },
    () => false,
  )
}

async function firstSyncs(stage: Stage, config: Config, api: Api): Promise<Figure[]> {
  const patients = count('BENCH_PATIENTS', 2000)
  // unlike that of every other run on the same DHIS2
  const tag = `B${api[0]}${randomBytes(3).toString('hex')}`
  const atDatabase = async (name: string, over: Partial<Config> = {}): Promise<Config> => ({
    ...config,
    databaseUrl: await demoDatabase(stage.databaseServer, name.toLowerCase(), true),
    martSchema: 'mart',
    logLevel: 'warn',
    siteId: name,
    ...over,
  })
  const ready = async (name: string, many: number) => readyRequests(await atDatabase(name), name, many)

  stage.say(`  ${api}: warming DHIS2 up …`)
  await sync(await atDatabase(`${tag}w`), `${tag}w`, Math.min(patients, 300))
  const few = Math.min(patients, 400)
  let best = { chunk: 0, concurrency: 0, rate: 0 }
  for (const chunk of CHUNKS)
    for (const concurrency of CONCURRENCIES) {
      const requests = repacked(await ready(`${tag}p${chunk}x${concurrency}`, few), chunk)
      const rate = few / (await load({ ...config, concurrency }, requests))
      if (rate > best.rate) best = { chunk, concurrency, rate }
    }
  stage.say(`  ${api}: the loader is best with ${best.chunk} patients a request, ${best.concurrency} at a time`)

  const ratios = { best: [] as number[], same: [] as number[] }
  for (let n = 1; n <= count('BENCH_PAIRS', 3); n++) {
    const kinds = [
      ['same', { ...config, concurrency: 1 }, null, 1],
      ['best', config, best.chunk, best.concurrency],
    ] as const
    for (const [kind, settings, chunk, concurrency] of kinds) {
      const made = await ready(`${tag}l${n}${kind}`, patients)
      const requests = chunk === null ? made : repacked(made, chunk)
      const ourConfig = await atDatabase(`${tag}o${n}${kind}`, { concurrency: settings.concurrency })
      const seconds = { ours: 0, loader: 0 }
      const measure = [
        async () => void (seconds.ours = await sync(ourConfig, `${tag}o${n}${kind}`, patients)),
        async () => void (seconds.loader = await load({ ...config, concurrency }, requests)),
      ]
      // in turn the first: DHIS2 grows slower as it fills
      for (const run of n % 2 === 0 ? measure.toReversed() : measure) await run()
      ratios[kind].push(seconds.loader / seconds.ours)
      const rate = (of: number) => (patients / of).toFixed(1)
      stage.say(`  ${api} ${n}, ${kind}: we ${rate(seconds.ours)}, loader ${rate(seconds.loader)} patients/s`)
    }
  }
  const target = { atLeast: 0.95 }
  return [
    { name: `first sync, ${api}: to a loader of the same requests, one at a time`, value: median(ratios.same), unit: '×', target },
    { name: `first sync, ${api}: to the loader at its own best`, value: median(ratios.best), unit: '×', target },
  ]
}

/** By a service that runs already, as `serve` does. @returns seconds from the request to the end of the run */
async function sync(config: Config, tag: string, patients: number): Promise<number> {
  const clinic = new Clinic(tag)
  for (let i = 0; i < patients; i++) clinic.healthy(String(i))
  await migrate({ databaseUrl: config.databaseUrl!, storeSchema: config.storeSchema })
  await createMart(config.databaseUrl!, config.martSchema, [clinic.service('hts')])
  const service = await openService(config, createLog('warn'))
  try {
    await service.store.saveMappings([MAPPING], 'bench')
    await service.startWorkers()
    // a service that runs has its queue's tables and a session with DHIS2
    await Promise.all([service.queues.countWorkers(), service.connect()])
    const { runId } = await service.queues.enqueue(REQUEST)
    const { seconds, sent } = await ended(service, runId)
    if (sent !== 4 * patients) throw new Error(`${sent} of ${4 * patients} objects were sent`)
    return seconds
  } finally {
    await service.close()
  }
}

/** The import requests of a first sync, as the sandbox got them. */
async function readyRequests(config: Config, tag: string, patients: number): Promise<ReadyRequest[]> {
  const sandbox = await startSandbox({ version: '2.41' })
  const recorder = await recordImports(sandbox.url)
  try {
    const account = { dhis2Token: null, dhis2Username: 'sync', dhis2Password: 'Sync-2024!pw' }
    await sync({ ...config, dhis2Url: recorder.url, ...account }, tag, patients)
    return recorder.requests
  } finally {
    await recorder.close()
    await sandbox.close()
  }
}
