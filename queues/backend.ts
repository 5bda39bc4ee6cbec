/** Where the queue lives: the same PostgreSQL by default, Redis when its URL is given. The rest of queues/ does not know which. */
import {
  createRedisBackend,
  withBackend,
  type FlowJobNode,
  type FlowProducer,
  type Job,
  type Processor,
  type Queue,
  type Worker,
  type WorkerOptions,
} from 'bullmq'
import { HeardClient } from '../sql/heard-client.ts'
import { firstAfter } from '../src/core/timetable.ts'
import { sharedPostgresBackend } from './shared-postgres.ts'

export interface QueueBackend {
  readonly kind: 'postgres' | 'redis'
  queue: <Data>(name: string) => Queue<Data>
  worker: <Data, Result>(
    name: string,
    processor: Processor<Data, Result>,
    options: Omit<WorkerOptions, 'connection'>,
  ) => Worker<Data, Result>
  flow: () => FlowProducer
}

/** connections of a process to PostgreSQL for its queues, besides one for each worker that listens; each has them for the time of a statement */
const POOL_SIZE = 4

/**
 * A worker says every 10 s that it is at its job; a job that nobody says so of for 20 s is taken up by another worker, which looks for such every 10 s.
 * Not shorter: a machine that is busy or swaps would lose its jobs.
 */
export const STALLED = { lockDuration: 20_000, stalledInterval: 10_000, maxStalledCount: 10 } as const

export interface BackendOptions {
  databaseUrl: string
  redisUrl: string | null
  /** our tables' schema: the queue's own is beside it */
  storeSchema: string
  /** keeps apart the sites that share a Redis */
  siteId: string
}

export function createQueueBackend({ databaseUrl, redisUrl, storeSchema, siteId }: BackendOptions): QueueBackend {
  if (redisUrl === null) {
    // BullMQ's tables are kept apart from ours and the Mart's
    const schema = storeSchema === 'public' ? 'bullmq' : `${storeSchema}_bullmq`
    const connection = { connectionString: databaseUrl, schema, migrate: true, max: POOL_SIZE, Client: HeardClient }
    return backend('postgres', withBackend(sharedPostgresBackend()), { connection })
  }
  // BullMQ asks for null on a worker's connection: it waits as long as Redis is away
  const connection = { url: redisUrl, maxRetriesPerRequest: null }
  return backend('redis', withBackend(createRedisBackend), { connection, prefix: `bahmni-dhis2-sync:${siteId}` })
}

/** What is shown of a timetable, and what BullMQ does by it, is one function's answer. */
const SCHEDULING = {
  repeatStrategy: (millis: number, { pattern, tz }: { pattern?: string; tz?: string }) =>
    firstAfter({ cron: pattern ?? '', timeZone: tz ?? 'UTC' }, new Date(millis)).getTime(),
}

/** Nobody listens to what the queue tells of each job. */
const EVENTS = { events: { maxLen: 1000 } }

/** The two backends' classes differ in types of things that we never touch (their clients), hence the assertions. */
function backend<Options extends object>(
  kind: QueueBackend['kind'],
  classes: {
    Queue: new (name: string, options: Options) => unknown
    Worker: new (name: string, processor: Processor, options: Options) => unknown
    FlowProducer: new (options: Options) => unknown
  },
  options: Options,
): QueueBackend {
  return {
    kind,
    queue: <Data>(name: string) => new classes.Queue(name, { ...options, settings: SCHEDULING, streams: EVENTS }) as Queue<Data>,
    worker: <Data, Result>(name: string, processor: Processor<Data, Result>, more: Omit<WorkerOptions, 'connection'>) =>
      new classes.Worker(name, processor as Processor, { ...options, settings: SCHEDULING, ...more }) as Worker<Data, Result>,
    flow: () => new classes.FlowProducer(options) as FlowProducer,
  }
}

export type { FlowJobNode, FlowProducer, Job, Queue, Worker }
