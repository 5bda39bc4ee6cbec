/** Runs chunk jobs: one range of patients in one step. */
import { planEnrollments, planNewcomers } from '../jobs/plan-enrollments.ts'
import { pushEnrollments } from '../jobs/push-enrollments.ts'
import { pushPatients } from '../jobs/push-patients.ts'
import type { JobContext } from '../jobs/context.ts'
import type { Log } from '../src/log.ts'
import { hasEnded, type Run, type Step, type Store } from '../sql/store/store.ts'
import { STALLED, type Queue, type QueueBackend, type Worker } from './backend.ts'
import { handBack } from './hand-back.ts'
import { CHUNK_QUEUE, chunkDataSchema, ofChunkJobId, readData, stepJobId, type ChunkData, type StepData } from './jobs.ts'
import type { Heartbeat } from './heartbeat.ts'
import { runContext, type RunContextFactory } from './run-context.ts'
import { safeFailure } from './safe-failure.ts'

export interface ChunkWorkerOptions {
  backend: QueueBackend
  store: Store
  contexts: RunContextFactory
  steps: Queue<StepData>
  heartbeat: Heartbeat
  log: Log
  /** aborted: the process ends, and its jobs go to others */
  stopping: AbortSignal
}

export function startChunkWorker(options: ChunkWorkerOptions): Worker {
  const { backend, store, contexts, steps, heartbeat, log, stopping } = options
  const { pacer } = contexts
  // Chunks of different patients run side by side. One more than requests: it is read, decided and written down while the others are with DHIS2.
  const chunksOf = ({ inFlight }: typeof pacer.limits) => inFlight + 1
  const worker = backend.worker<ChunkData, unknown>(
    CHUNK_QUEUE,
    async (job, token) => {
      try {
        const { runId, step, chunk } = readData(chunkDataSchema, job.data)
        const started = performance.now()
        const count = await heartbeat.during(runId, () =>
          store.holdingPatients(runId, chunk, async (beside) => {
            // the wait for the patients may have been long
            const run = await store.readRun(runId)
            return !run || run.cancelRequested || hasEnded(run) ? null : doChunk(await runContext(contexts), run, step, chunk, beside)
          }),
        )
        if (count === null) return 'cancelled'
        const ms = Math.round(performance.now() - started)
        log.debug({ runId, step, chunk, patients: count, ms }, 'chunk done')
        await job.log(`${count} in ${ms} ms; ${paceOf(pacer.limits)}`)
        const { done, total } = await store.chunkDone(runId, step, chunk)
        // the step's job shows percent; the numbers are the store's, so they are right with many workers
        await steps.updateJobProgress(stepJobId(runId, step), Math.floor((100 * done) / total))
        return count
      } catch (error) {
        if (stopping.aborted) return handBack(job, token!)
        const failure = safeFailure(error)
        log.warn({ ...ofChunkJobId(job.id!), attempt: job.attemptsMade + 1, reason: failure.message }, 'a chunk failed')
        throw failure
      }
    },
    { ...STALLED, concurrency: chunksOf(pacer.limits) },
  ) as Worker
  pacer.onChange((limits) => (worker.concurrency = chunksOf(limits)))
  return worker
}

/** "2 requests at a time, of 25 % of a chunk": for whoever looks why a sync is slow. */
const paceOf = ({ inFlight, share }: RunContextFactory['pacer']['limits']) =>
  `${inFlight} ${inFlight === 1 ? 'request' : 'requests'} at a time${share < 1 ? `, of ${Math.ceil(share * 100)} % of a chunk` : ''}`

async function doChunk(ctx: JobContext, run: Run, step: Step, chunk: number, beside: boolean): Promise<number> {
  switch (step) {
    case 'patients': {
      const patients = await pushPatients(ctx, run, chunk)
      await planNewcomers(ctx, run, chunk)
      return patients
    }
    case 'enrollments':
      return planEnrollments(ctx, run, chunk)
    case 'new-completed':
    case 'updated-completed':
    case 'new-active':
    case 'updated-active':
      return pushEnrollments(ctx, run, step, chunk, beside)
    case 'snapshot':
    case 'finish':
      throw new Error(`step ${step} has no chunks`)
  }
}
