/** The composition root: everything that a command needs, from the configuration. */
import { createQueueBackend } from '../queues/backend.ts'
import type { RunContextFactory } from '../queues/run-context.ts'
import { openQueues, type SyncQueues } from '../queues/sync-queues.ts'
import { openChunkLocks } from '../sql/store/chunk-locks.ts'
import { openPool } from '../sql/pool.ts'
import { createStore } from '../sql/store/postgres.ts'
import type { Store } from '../sql/store/store.ts'
import type { Config } from './config.ts'
import { createUidFactory } from './core/uid.ts'
import type { Dhis2Client } from './dhis2/client.ts'
import { connectDhis2 } from './dhis2/connect.ts'
import type { ObservedRequest } from './dhis2/http.ts'
import { startErasing, type Erasing } from './erasing.ts'
import type { Log } from './log.ts'

export interface Service {
  store: Store
  queues: SyncQueues
  connect: () => Promise<Dhis2Client>
  startWorkers: () => Promise<void>
  close: () => Promise<void>
}

export async function openStore(config: Config): Promise<Store> {
  const pool = await openPool({
    databaseUrl: config.databaseUrl!,
    storeSchema: config.storeSchema,
    timeZone: config.timeZone,
    size: config.poolSize,
  })
  // as many as a worker has chunks at a time
  const locks = openChunkLocks(config.databaseUrl!, config.storeSchema, config.concurrency + 1)
  return createStore(pool, locks, { martSchema: config.martSchema, overlapDays: config.overlapDays })
}

/** Connects to DHIS2 when it is first needed: a service starts, and says what is wrong, also while DHIS2 is away. */
export function dhis2Connector(config: Config, observe: (request: ObservedRequest) => void): () => Promise<Dhis2Client> {
  let connecting: Promise<Dhis2Client> | null = null
  const credentials =
    config.dhis2Token === null
      ? { username: config.dhis2Username ?? '', password: config.dhis2Password ?? '' }
      : { token: config.dhis2Token }
  return () => {
    connecting ??= connectDhis2({
      url: config.dhis2Url!,
      credentials,
      api: config.dhis2Api,
      connections: config.concurrency,
      timeoutMs: config.timeoutSeconds * 1000,
      retryBudgetMs: config.retrySeconds * 1000,
      observe,
    }).catch((error: unknown) => {
      connecting = null
      throw error
    })
    return connecting
  }
}

export async function openService(config: Config, log: Log, observe: (request: ObservedRequest) => void = () => {}): Promise<Service> {
  const store = await openStore(config)
  const siteId = config.siteId ?? 'demo'
  const backend = createQueueBackend({
    databaseUrl: config.databaseUrl!,
    redisUrl: config.redisUrl,
    storeSchema: config.storeSchema,
    siteId,
  })
  const queues = openQueues(
    backend,
    store,
    saidOnceIn(QUIET_MS, (error) => log.error({ name: error.name }, 'the queue is out of reach')),
  )
  let connected: Dhis2Client | null = null
  let erasing: Erasing | null = null
  const connector = dhis2Connector(config, (request) => {
    log.debug(request, 'DHIS2 request')
    observe(request)
  })
  const connect = async () => (connected = await connector())
  const contexts: RunContextFactory = {
    store,
    uidOf: createUidFactory(siteId),
    connect,
    chunkSize: config.chunkSize,
    trackedEntityType: config.trackedEntityType,
    failureRetentionDays: config.failureRetentionDays,
    timeZone: config.timeZone,
    metadata: new Map(),
  }
  return {
    store,
    queues,
    connect,
    async startWorkers() {
      await queues.startWorkers(contexts, config.concurrency)
      erasing ??= startErasing(store, config.failureRetentionDays, ({ name }) => log.error({ name }, 'old patient data is not erased yet'))
    },
    async close() {
      await Promise.all([queues.close(), erasing?.stop()])
      await connected?.close()
      await store.close()
    },
  }
}

const QUIET_MS = 10_000

/** BullMQ tries again many times a second. */
function saidOnceIn(ms: number, say: (error: Error) => void): (error: Error) => void {
  let last = -Infinity
  return (error) => {
    if (performance.now() - last < ms) return
    last = performance.now()
    say(error)
  }
}
