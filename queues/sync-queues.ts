/** The queues of the sync: what the API and the CLI use to start and follow runs, and what a worker process starts. */
import type { Run, RunRequest, Store } from '../sql/store/store.ts'
import type { QueueBackend, Worker } from './backend.ts'
import { startChunkWorker } from './chunk-worker.ts'
import { addRun } from './flow.ts'
import { startHeartbeat } from './heartbeat.ts'
import { CHUNK_QUEUE, STEP_QUEUE, type ChunkData, type StepData } from './jobs.ts'
import type { RunContextFactory } from './run-context.ts'
import { settleOrphanedRuns } from './settle-runs.ts'
import { startStepWorker } from './step-worker.ts'

export type SyncQueues = ReturnType<typeof openQueues>

/** `onError`: the queue's database is out of reach; BullMQ tells so at each of its tries, and goes on when it is back. */
export function openQueues(backend: QueueBackend, store: Store, onError: (error: Error) => void) {
  const steps = backend.queue<StepData>(STEP_QUEUE)
  const chunks = backend.queue<ChunkData>(CHUNK_QUEUE)
  const flow = backend.flow()
  const workers: Worker[] = []
  const heartbeat = startHeartbeat(store)
  // an emitter without a listener prints the error whole, connection string included
  steps.on('error', onError)
  chunks.on('error', onError)
  flow.on('error', onError)
  return {
    steps,
    chunks,
    /** @throws RunActiveError, MappingNotFoundError */
    async enqueue(request: RunRequest): Promise<Run> {
      const run = await store.createRun(request)
      await addRun(flow, run)
      return run
    },
    async startWorkers(contexts: RunContextFactory, concurrency: number): Promise<void> {
      await settleOrphanedRuns(store, steps)
      workers.push(
        startStepWorker({ backend, store, contexts, chunks, heartbeat }),
        startChunkWorker({ backend, store, contexts, steps, concurrency, heartbeat }),
      )
      for (const worker of workers) worker.on('error', onError)
    },
    /** Jobs in flight are finished first. */
    async close(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.close()))
      heartbeat.stop()
      await Promise.all([steps.close(), chunks.close(), flow.close()])
    },
  }
}
