/** The queues of the sync: what the API and the CLI use to start and follow runs, and what a worker process starts. */
import type { Run, RunRequest, Step, Store } from '../sql/store/store.ts'
import type { Log } from '../src/log.ts'
import type { QueueBackend, Worker } from './backend.ts'
import { cancelRun } from './cancel-run.ts'
import { startChunkWorker } from './chunk-worker.ts'
import { startHeartbeat } from './heartbeat.ts'
import { readJobLogs, type JobLogs } from './job-logs.ts'
import { CHUNK_QUEUE, SCHEDULE_QUEUE, STEP_QUEUE, type ChunkData, type ScheduleData, type StepData } from './jobs.ts'
import { retryRun } from './retry-run.ts'
import type { RunContextFactory } from './run-context.ts'
import { startScheduleWorker } from './schedule-worker.ts'
import { reconcileFromTimeToTime, reconcileSchedules } from './schedules.ts'
import { settleFromTimeToTime, settleOrphanedRuns } from './settle-runs.ts'
import { startRun, type Started } from './start-run.ts'
import { startStepWorker } from './step-worker.ts'
import { trimFromTimeToTime } from './trim-jobs.ts'

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
  let stopSettling = () => {}
  let stopTrimming = () => Promise.resolve()
  // an emitter without a listener prints the error whole, connection string included
  steps.on('error', onError)
  chunks.on('error', onError)
  schedules.on('error', onError)
  flow.on('error', onError)
  /** @throws RunActiveError, MappingNotFoundError, QueueOutOfReach, NotDueError */
  const enqueue = async (request: RunRequest): Promise<Run> => (await startRun({ store, steps, flow }, request, null)).run
  return {
    kind: backend.kind,
    steps,
    chunks,
    schedules,
    enqueue,
    /** aborted when the process has no more time to end */
    stopping: stopping.signal,
    /** The same request with the same key begins one run. @throws also KeyReusedError */
    enqueueOnce: (request: RunRequest, key: string | null): Promise<Started> => startRun({ store, steps, flow }, request, key),
    /** The run ends after the requests that are on their way; at once when nobody works on it. @returns false: it has ended already */
    cancel: (runId: string): Promise<boolean> => cancelRun({ store, steps }, runId),
    /** Does again what a failed run was asked to do. @throws RunActiveError, MappingNotFoundError, NothingToRetryError, QueueOutOfReach */
    retry: (runId: string, user: string): Promise<Run> => retryRun({ store, enqueue }, runId, user),
    /** what the jobs of a step said, as long as the queue keeps them */
    jobLogs: (runId: string, step: Step, done: readonly number[]): Promise<JobLogs> => readJobLogs({ steps, chunks }, runId, step, done),
    /** how many processes would work on a sync */
    countWorkers: (): Promise<number> => steps.getWorkersCount(),
    async startWorkers(contexts: RunContextFactory): Promise<void> {
      await settleOrphanedRuns(store, steps)
      stopSettling = settleFromTimeToTime(store, steps)
      stopTrimming = trimFromTimeToTime([steps, chunks, schedules])
      workers.push(
        startStepWorker({ backend, store, contexts, chunks, heartbeat, log, stopping: stopping.signal }),
        startChunkWorker({ backend, store, contexts, steps, heartbeat, log, stopping: stopping.signal }),
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
      stopSettling()
      await Promise.all([...workers.map((worker) => worker.close()), stopTrimming()])
      heartbeat.stop()
      await Promise.all([steps.close(), chunks.close(), schedules.close(), flow.close()])
    },
  }
}
