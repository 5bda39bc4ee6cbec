/** The composition root: everything that a command needs, from the configuration. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createQueueBackend } from '../queues/backend.ts'
import { readDepths } from '../queues/depths.ts'
import type { RunContextFactory } from '../queues/run-context.ts'
import { openQueues, type SyncQueues } from '../queues/sync-queues.ts'
import { openLoginAttempts } from '../sql/store/login-attempts.ts'
import type { Store } from '../sql/store/store.ts'
import { createSignIn, type SignIn } from './accounts/sign-in.ts'
import { deliverAudit } from './audit-delivery.ts'
import type { Config } from './config.ts'
import { createUidFactory, type UidFactory } from './core/uid.ts'
import type { Dhis2Client } from './dhis2/client.ts'
import { connectDhis2, openProbe, type ApiChoice, type Probe } from './dhis2/connect.ts'
import { openConnectionCheck, type Dhis2State } from './dhis2/connection-check.ts'
import type { HttpOptions, ObservedRequest } from './dhis2/http.ts'
import { MOST_AT_A_TIME, openPacer, type Pacer } from './dhis2/pacer.ts'
import { startErasing, type Erasing } from './erasing.ts'
import type { Log } from './log.ts'
import { openMetrics, type Metrics } from './metrics.ts'
import { openStore } from './open-store.ts'
import { openOpenmrs, type Openmrs } from './openmrs/client.ts'
import { openFacts, type FactsOf } from './preview/facts.ts'

export interface Service {
  store: Store
  queues: SyncQueues
  /** for jobs: waits for a DHIS2 that is away */
  connect: () => Promise<Dhis2Client>
  /** for people, who want to know at once that it is away */
  ask: () => Promise<Dhis2Client>
  checkDhis2: () => Promise<Dhis2State>
  /** null: it is not asked who a user is */
  openmrs: Openmrs | null
  signIn: SignIn
  metrics: Metrics
  factsOf: FactsOf
  uidOf: UidFactory
  startWorkers: () => Promise<void>
  /** after startWorkers, in processes that stay */
  startSchedules: () => Promise<void>
  /** there is no more time: what only waits is given back to the queue */
  interrupt: () => void
  /** sends the audit to OpenMRS from now on, when there is an account for it */
  startAuditDelivery: () => void
  close: () => Promise<void>
}

/** Connects to DHIS2 when it is first needed: a service starts, and says what is wrong, also while DHIS2 is away. */
export function dhis2Connector(
  config: Config,
  observe: (request: ObservedRequest) => void,
  jobs?: { stopping: AbortSignal; pacer?: Pacer },
): () => Promise<Dhis2Client> {
  let connecting: Promise<Dhis2Client> | null = null
  return () => {
    connecting ??= connectDhis2({
      ...dhis2Options(config),
      observe,
      sleep: (ms) => sleep(ms, undefined, jobs && { signal: jobs.stopping }),
      ...(jobs?.pacer && { pacer: jobs.pacer }),
    }).catch((error: unknown) => {
      connecting = null
      throw error
    })
    return connecting
  }
}

function dhis2Options(config: Config): HttpOptions & { api: ApiChoice } {
  return {
    url: config.dhis2Url!,
    credentials:
      config.dhis2Token === null
        ? { username: config.dhis2Username ?? '', password: config.dhis2Password ?? '' }
        : { token: config.dhis2Token },
    api: config.dhis2Api,
    connections: config.concurrency ?? MOST_AT_A_TIME,
    timeoutMs: config.timeoutSeconds * 1000,
    retryBudgetMs: config.retrySeconds * 1000,
  }
}

/** For those who want to know now: it neither waits long nor tries again. */
export const dhis2Probe = (config: Config, timeoutMs: number): Probe =>
  openProbe({ ...dhis2Options(config), connections: 1, timeoutMs, retryBudgetMs: 0 })

export function openmrsOf(config: Config): Openmrs | null {
  const { openmrsUrl: url, openmrsUsername: username, openmrsPassword: password, openmrsTimeout } = config
  if (url === null) return null
  return openOpenmrs({ url, timeoutMs: openmrsTimeout * 1000, account: username && password ? { username, password } : null })
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
  const queues = openQueues({
    backend,
    store,
    log,
    onError: saidOnceIn(QUIET_MS, (error) => log.error({ name: error.name }, 'the queue is out of reach')),
  })
  const metrics = openMetrics({
    figures: () => store.readFigures(),
    depths: () => readDepths([queues.steps, queues.chunks, queues.schedules]),
  })
  let erasing: Erasing | null = null
  const connected = new Set<Dhis2Client>()
  const connector = (settings: Config, pacer?: Pacer) => {
    const connect = dhis2Connector(
      settings,
      (request) => {
        log.debug(request, 'DHIS2 request')
        metrics.observe(request)
        observe(request)
      },
      { stopping: queues.stopping, ...(pacer && { pacer }) },
    )
    return async () => {
      const client = await connect()
      connected.add(client)
      return client
    }
  }
  const pacer = openPacer(config)
  metrics.showPace(pacer.limits)
  pacer.onChange((limits) => {
    metrics.showPace(limits)
    log.debug({ requestsAtATime: limits.inFlight, shareOfChunk: limits.share }, 'pace')
  })
  const connect = connector(config, pacer)
  const ask = connector({ ...config, retrySeconds: 0, timeoutSeconds: Math.min(config.timeoutSeconds, ASK_SECONDS) })
  const retention = { failures: config.failureRetentionDays, runs: config.runRetentionDays }
  const contexts: RunContextFactory = {
    store,
    uidOf: createUidFactory(siteId),
    connect,
    chunkSize: config.chunkSize,
    pacer,
    trackedEntityType: config.trackedEntityType,
    retention,
    timeZone: config.timeZone,
    metadata: new Map(),
  }
  const openmrs = openmrsOf(config)
  const attempts = openLoginAttempts(config.databaseUrl!, config.storeSchema)
  const delivery = new AbortController()
  let delivering: Promise<void> = Promise.resolve()
  return {
    store,
    queues,
    connect,
    ask,
    checkDhis2: openConnectionCheck(ask),
    metrics,
    openmrs,
    signIn: createSignIn({ store, attempts, sessionHours: config.sessionHours }),
    startAuditDelivery() {
      if (openmrs?.writeAudit) delivering = deliverAudit({ store, write: openmrs.writeAudit, log, signal: delivery.signal })
    },
    async startWorkers() {
      await queues.startWorkers(contexts)
      erasing ??= startErasing(store, retention, ({ name }) => log.error({ name }, 'old patient data is not erased yet'))
    },
    startSchedules: () => queues.startSchedules(),
    interrupt: () => queues.interrupt(),
    factsOf: openFacts({ store, connect: ask, trackedEntityType: config.trackedEntityType }),
    uidOf: contexts.uidOf,
    async close() {
      delivery.abort()
      await Promise.all([queues.close(), erasing?.stop()])
      for (const client of connected) await client.close()
      await openmrs?.close()
      await delivering
      await attempts.close()
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
