/** The queues of the sync: what the API and the CLI use to start and follow runs, and what a worker process starts. */
import type { Run, RunRequest, Store } from '../sql/store/store.ts'
import type { Log } from '../src/log.ts'
import type { QueueBackend, Worker } from './backend.ts'
import { startChunkWorker } from './chunk-worker.ts'
import { addRun } from './flow.ts'
import { startHeartbeat } from './heartbeat.ts'
import { CHUNK_QUEUE, SCHEDULE_QUEUE, STEP_QUEUE, type ChunkData, type ScheduleData, type StepData } from './jobs.ts'
import type { RunContextFactory } from './run-context.ts'
import { startScheduleWorker } from './schedule-worker.ts'
import { reconcileFromTimeToTime, reconcileSchedules } from './schedules.ts'
import { settleOrphanedRuns } from './settle-runs.ts'
import { startStepWorker } from './step-worker.ts'

export type SyncQueues = ReturnType<typeof openQueues>

export interface QueuesOptions {
  backend: QueueBackend
  store: Store
  log: Log
  /** the queue's database is out of reach; BullMQ tells so at each of its tries, and goes on when it is back */
  onError: (error: Error) => void
}

export function openQueues({ backend, store, log, onError }: QueuesOptions) {
  const steps = backend.queue<StepData>(STEP_QUEUE)
  const chunks = backend.queue<ChunkData>(CHUNK_QUEUE)
  const schedules = backend.queue<ScheduleData>(SCHEDULE_QUEUE)
  const flow = backend.flow()
  const workers: Worker[] = []
  const heartbeat = startHeartbeat(store)
  const stopping = new AbortController()
  let stopReconciling = () => {}
  // an emitter without a listener prints the error whole, connection string included
  steps.on('error', onError)
  chunks.on('error', onError)
  schedules.on('error', onError)
  flow.on('error', onError)
  /** @throws RunActiveError, MappingNotFoundError, NotDueError */
  const enqueue = async (request: RunRequest): Promise<Run> => {
    const run = await store.createRun(request)
    await addRun(flow, run)
    return run
  }
  return {
    kind: backend.kind,
    steps,
    chunks,
    schedules,
    enqueue,
    /** aborted when the process has no more time to end */
    stopping: stopping.signal,
    async startWorkers(contexts: RunContextFactory, concurrency: number): Promise<void> {
      await settleOrphanedRuns(store, steps)
      await store.eraseOlderThan(contexts.failureRetentionDays)
      workers.push(
        startStepWorker({ backend, store, contexts, chunks, heartbeat, log, stopping: stopping.signal }),
        startChunkWorker({ backend, store, contexts, steps, concurrency, heartbeat, log, stopping: stopping.signal }),
      )
      for (const worker of workers) worker.on('error', onError)
    },
    /** For processes that stay: a command's end would leave behind the syncs that it started for a schedule. */
    async startSchedules(): Promise<void> {
      await reconcileSchedules(store, schedules, new Date(), log)
      stopReconciling = reconcileFromTimeToTime(store, schedules, log)
      const worker = startScheduleWorker({ backend, store, schedules, enqueue })
      worker.on('error', onError)
      workers.push(worker)
    },
    /** Jobs that only wait are given back to the queue, for other workers. */
    interrupt: () => stopping.abort(),
    /** Jobs in flight are finished first. */
    async close(): Promise<void> {
      stopReconciling()
      await Promise.all(workers.map((worker) => worker.close()))
      heartbeat.stop()
      await Promise.all([steps.close(), chunks.close(), schedules.close(), flow.close()])
    },
  }
}
