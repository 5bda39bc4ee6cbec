/** Runs chunk jobs: one range of patients in one step. */
import { planEnrollments } from '../jobs/plan-enrollments.ts'
import { pushEnrollments } from '../jobs/push-enrollments.ts'
import { pushPatients } from '../jobs/push-patients.ts'
import type { JobContext } from '../jobs/context.ts'
import type { Log } from '../src/log.ts'
import { hasEnded, type Run, type Step, type Store } from '../sql/store/store.ts'
import { STALLED, type Queue, type QueueBackend, type Worker } from './backend.ts'
import { CHUNK_QUEUE, chunkDataSchema, readData, stepJobId, type ChunkData, type StepData } from './jobs.ts'
import { handBack } from './hand-back.ts'
import type { Heartbeat } from './heartbeat.ts'
import { runContext, type RunContextFactory } from './run-context.ts'
import { safeFailure } from './safe-failure.ts'

export interface ChunkWorkerOptions {
  backend: QueueBackend
  store: Store
  contexts: RunContextFactory
  steps: Queue<StepData>
  /** requests to DHIS2 at a time, which its connections bound; chunks of different patients run side by side */
  concurrency: number
  heartbeat: Heartbeat
  log: Log
  /** aborted: the process ends, and its jobs go to others */
  stopping: AbortSignal
}

export function startChunkWorker(options: ChunkWorkerOptions): Worker {
  const { backend, store, contexts, steps, concurrency, heartbeat, log, stopping } = options
  return backend.worker<ChunkData, unknown>(
    CHUNK_QUEUE,
    async (job, token) => {
      try {
        const { runId, step, chunk } = readData(chunkDataSchema, job.data)
        const started = performance.now()
        const count = await heartbeat.during(runId, () =>
          store.holdingPatients(runId, chunk, async () => {
            // the wait for the patients may have been long
            const run = await store.readRun(runId)
            return !run || run.cancelRequested || hasEnded(run) ? null : doChunk(await runContext(contexts), run, step, chunk)
          }),
        )
        if (count === null) return 'cancelled'
        const ms = Math.round(performance.now() - started)
        log.debug({ runId, step, chunk, patients: count, ms }, 'chunk done')
        await job.log(`${count} in ${ms} ms`)
        const { done, total } = await store.chunkDone(runId, step, chunk)
        // the step's job shows percent; the numbers are the store's, so they are right with many workers
        await steps.updateJobProgress(stepJobId(runId, step), Math.floor((100 * done) / total))
        return count
      } catch (error) {
        if (stopping.aborted) return handBack(job, token!)
        const failure = safeFailure(error)
        const { runId, step, chunk } = job.data
        log.warn({ runId, step, chunk, attempt: job.attemptsMade + 1, reason: failure.message }, 'a chunk failed')
        throw failure
      }
    },
    // one chunk more than requests: it is read, decided and written down while the others are with DHIS2
    { ...STALLED, concurrency: concurrency + 1 },
  ) as Worker
}

async function doChunk(ctx: JobContext, run: Run, step: Step, chunk: number): Promise<number> {
  switch (step) {
    case 'patients':
      return pushPatients(ctx, run, chunk)
    case 'enrollments':
      return planEnrollments(ctx, run, chunk)
    case 'new-completed':
    case 'updated-completed':
    case 'new-active':
    case 'updated-active':
      return pushEnrollments(ctx, run, step, chunk)
    case 'snapshot':
    case 'finish':
      throw new Error(`step ${step} has no chunks`)
  }
}
