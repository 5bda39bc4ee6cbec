/** Where the queue lives: the same PostgreSQL by default, Redis when its URL is given. The rest of queues/ does not know which. */
import {
  createPostgresBackend,
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

/** BullMQ's tables are kept apart from ours and the Mart's. */
const SCHEMA = 'bullmq'
/** connections of each queue, worker and flow producer on PostgreSQL; a worker needs one a running job at most */
const POOL_SIZE = 4

export function createQueueBackend({ databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string | null }): QueueBackend {
  return redisUrl === null ? postgres(databaseUrl) : redis(redisUrl)
}

// The two backends' classes differ in types of things that we never touch (their clients), hence the assertions.

function postgres(connectionString: string): QueueBackend {
  const { Queue, Worker, FlowProducer } = withBackend(createPostgresBackend)
  const connection = { connectionString, schema: SCHEMA, migrate: true, max: POOL_SIZE }
  return {
    kind: 'postgres',
    queue: <Data>(name: string) => new Queue(name, { connection }) as unknown as Queue<Data>,
    worker: <Data, Result>(name: string, processor: Processor<Data, Result>, options: Omit<WorkerOptions, 'connection'>) =>
      new Worker(name, processor as Processor, { ...options, connection }) as unknown as Worker<Data, Result>,
    flow: () => new FlowProducer({ connection }) as unknown as FlowProducer,
  }
}

function redis(url: string): QueueBackend {
  const { Queue, Worker, FlowProducer } = withBackend(createRedisBackend)
  // BullMQ asks for null on a worker's connection: it waits as long as Redis is away
  const connection = { url, maxRetriesPerRequest: null }
  return {
    kind: 'redis',
    queue: <Data>(name: string) => new Queue(name, { connection }) as unknown as Queue<Data>,
    worker: <Data, Result>(name: string, processor: Processor<Data, Result>, options: Omit<WorkerOptions, 'connection'>) =>
      new Worker(name, processor as Processor, { ...options, connection }) as unknown as Worker<Data, Result>,
    flow: () => new FlowProducer({ connection }) as unknown as FlowProducer,
  }
}

export type { FlowJobNode, FlowProducer, Job, Queue, Worker }
