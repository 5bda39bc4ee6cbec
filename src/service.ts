/** The composition root: everything that a command needs, from the configuration. */
import { createQueueBackend } from '../queues/backend.ts'
import type { RunContextFactory } from '../queues/run-context.ts'
import { openQueues, type SyncQueues } from '../queues/sync-queues.ts'
import { openChunkLocks } from '../sql/store/chunk-locks.ts'
import { openPool } from '../sql/pool.ts'
import { createStore } from '../sql/store/postgres.ts'
import type { Store } from '../sql/store/store.ts'
import type { Config } from './config.ts'
import { createUidFactory, type UidFactory } from './core/uid.ts'
import type { Dhis2Client } from './dhis2/client.ts'
import { connectDhis2 } from './dhis2/connect.ts'
import { openConnectionCheck, type Dhis2State } from './dhis2/connection-check.ts'
import type { ObservedRequest } from './dhis2/http.ts'
import type { Log } from './log.ts'
import { openFacts, type FactsOf } from './preview/facts.ts'

export interface Service {
  store: Store
  queues: SyncQueues
  /** for jobs: waits for a DHIS2 that is away */
  connect: () => Promise<Dhis2Client>
  /** for people, who want to know at once that it is away */
  ask: () => Promise<Dhis2Client>
  checkDhis2: () => Promise<Dhis2State>
  factsOf: FactsOf
  uidOf: UidFactory
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
  return createStore(pool, locks, {
    martSchema: config.martSchema,
    storeSchema: config.storeSchema,
    overlapDays: config.overlapDays,
  })
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
  const connected = new Set<Dhis2Client>()
  const connector = (settings: Config) => {
    const connect = dhis2Connector(settings, (request) => {
      log.debug(request, 'DHIS2 request')
      observe(request)
    })
    return async () => {
      const client = await connect()
      connected.add(client)
      return client
    }
  }
  const connect = connector(config)
  const ask = connector({ ...config, retrySeconds: 0, timeoutSeconds: Math.min(config.timeoutSeconds, ASK_SECONDS) })
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
    ask,
    checkDhis2: openConnectionCheck(ask),
    factsOf: openFacts({ store, connect: ask, trackedEntityType: config.trackedEntityType }),
    uidOf: contexts.uidOf,
    startWorkers: () => queues.startWorkers(contexts, config.concurrency),
    async close() {
      await queues.close()
      for (const client of connected) await client.close()
      await store.close()
    },
  }
}

const QUIET_MS = 10_000
/** for an answer that a person waits for; a country's metadata takes some */
const ASK_SECONDS = 30

/** BullMQ tries again many times a second. */
function saidOnceIn(ms: number, say: (error: Error) => void): (error: Error) => void {
  let last = -Infinity
  return (error) => {
    if (performance.now() - last < ms) return
    last = performance.now()
    say(error)
  }
}
