/** Runs step jobs: lists the step's chunks, adds them as child jobs, waits for them, and writes down how the step ended. */
import { UnrecoverableError, WaitingChildrenError } from 'bullmq'
import { finishRun } from '../jobs/finish-run.ts'
import { takeSnapshot } from '../jobs/take-snapshot.ts'
import { eraseOld } from '../src/erasing.ts'
import type { Log } from '../src/log.ts'
import { runContext, type RunContextFactory } from './run-context.ts'
import { hasEnded, STEPS, type Run, type Step, type StepRow, type Store } from '../sql/store/store.ts'
import { STALLED, type Job, type Queue, type QueueBackend, type Worker } from './backend.ts'
import { CHUNK_JOB_OPTIONS } from './flow.ts'
import { handBack } from './hand-back.ts'
import type { Heartbeat } from './heartbeat.ts'
import {
  CHUNK_QUEUE,
  chunkJobId,
  chunkJobName,
  ofStepJobId,
  readData,
  STEP_QUEUE,
  stepDataSchema,
  type ChunkData,
  type StepData,
} from './jobs.ts'
import { safeFailure } from './safe-failure.ts'
import { sayEnd, sayingStep, sayRun } from './say.ts'

export interface StepWorkerOptions {
  backend: QueueBackend
  store: Store
  contexts: RunContextFactory
  chunks: Queue<ChunkData>
  heartbeat: Heartbeat
  log: Log
  /** aborted: the process ends, and its jobs go to others */
  stopping: AbortSignal
}

/** Steps only wait for their chunks, so one worker process takes those of many runs. */
const CONCURRENCY = 8

export function startStepWorker(options: StepWorkerOptions): Worker {
  const { backend, heartbeat } = options
  return backend.worker<StepData, unknown>(
    STEP_QUEUE,
    async (job, token) => {
      const data = await ownData(job, options.store)
      return heartbeat.during(data.runId, () => sayingStep(options.log, job, () => doStep(job, data, token!, options)))
    },
    { ...STALLED, concurrency: CONCURRENCY },
  ) as Worker
}

/** Of a step that nobody here understands it is written down that it failed, so that the later ones stand aside. @throws ForeignJobError */
async function ownData(job: Job<StepData>, store: Store): Promise<StepData> {
  try {
    return readData(stepDataSchema, job.data)
  } catch (error) {
    const { runId, step } = ofStepJobId(job.id!)
    await store.finishStep(runId, step, 'failed', (error as Error).message).catch(() => {})
    throw error
  }
}

async function doStep(
  job: Job<StepData>,
  { runId, step, chunksAdded }: StepData,
  token: string,
  options: StepWorkerOptions,
): Promise<unknown> {
  const { store, contexts, chunks } = options
  try {
    const run = await store.readRun(runId)
    if (!run) throw new UnrecoverableError(`run ${runId} is not in the database any more`)
    // how it ended has been said; its other jobs go the same way
    if (hasEnded(run)) return 'the run has ended'
    if (step === 'finish') return await finish(options, run, job)
    if (chunksAdded) return await afterChunks(store, run, step, job, token)
    const aside = standsAside(run, step, await store.readSteps(runId))
    if (aside) {
      await store.finishStep(runId, step, 'skipped', null)
      await job.log(`not done: ${aside}`)
      return aside
    }
    await store.startRun(runId)
    if (step === 'snapshot') {
      sayRun(options.log, run)
      return await snapshot(contexts, store, run, job)
    }
    return await addChunks(store, run, step, job, token, chunks)
  } catch (error) {
    if (error instanceof WaitingChildrenError) throw error
    if (error instanceof FailedRun) throw safeFailure(error)
    if (options.stopping.aborted) return handBack(job, token)
    const failure = safeFailure(error)
    // a database that is away now is there at the next try, or for "finish"
    await store.finishStep(runId, step, 'failed', failure.message).catch(() => {})
    throw failure
  }
}

/** Why a step is not done at all; null when it is to be done. */
export function standsAside(run: Run, step: Step, steps: readonly StepRow[]): string | null {
  if (run.cancelRequested) return 'the run was cancelled'
  const earlier = steps.filter((s) => STEPS.indexOf(s.step) < STEPS.indexOf(step))
  // one that is not at its end failed while the database was away, so that not even this could be written down
  const failed = earlier.find((s) => s.state !== 'succeeded' && s.state !== 'skipped')
  if (failed) return `step ${failed.step} failed`
  // the document: finish the step, abort the rest (decided 14). Steps that send nothing never stop the ones that do.
  const stopping = earlier.find(
    (s) => s.step !== 'snapshot' && s.step !== 'enrollments' && Object.values(s.counts).some((c) => c.rejected > 0),
  )
  return run.mapping.onRejected === 'stop' && stopping ? `records were rejected in step ${stopping.step}` : null
}

async function snapshot(contexts: RunContextFactory, store: Store, run: Run, job: Job<StepData>): Promise<unknown> {
  await store.startStep(run.runId, 'snapshot', 1)
  const { chunks, counts } = await takeSnapshot(await runContext(contexts), run)
  await store.chunkDone(run.runId, 'snapshot', 0)
  await store.finishStep(run.runId, 'snapshot', 'succeeded', null)
  await job.updateProgress(100)
  await job.log(`${chunks} chunks; ${JSON.stringify(counts)}`)
  return { chunks, ...counts }
}

async function addChunks(
  store: Store,
  run: Run,
  step: Exclude<Step, 'snapshot' | 'finish'>,
  job: Job<StepData>,
  token: string,
  chunks: Queue<ChunkData>,
): Promise<unknown> {
  const numbers = await store.chunksOf(run.runId, step)
  await store.startStep(run.runId, step, numbers.length)
  if (numbers.length > 0) {
    await chunks.addBulk(
      numbers.map((chunk, i) => ({
        name: chunkJobName(run.mappingName, step, i + 1, numbers.length),
        data: { runId: run.runId, mapping: run.mappingName, step, chunk },
        // the same id at a second try: BullMQ adds a job once
        opts: { ...CHUNK_JOB_OPTIONS, jobId: chunkJobId(run.runId, step, chunk), parent: { id: job.id!, queue: job.queueQualifiedName } },
      })),
    )
    await job.updateData({ ...job.data, chunksAdded: true })
  }
  return afterChunks(store, run, step, job, token)
}

async function afterChunks(store: Store, run: Run, step: Step, job: Job<StepData>, token: string): Promise<unknown> {
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError()
  // the step before this one is a child as well: only chunks count
  const failures = Object.entries((await job.getIgnoredChildrenFailures()) ?? {}).filter(([key]) => key.includes(CHUNK_QUEUE))
  if (failures.length > 0) throw new UnrecoverableError(failures[0]![1])
  if (step === 'enrollments') await store.announceChunks(run.runId)
  await store.finishStep(run.runId, step, 'succeeded', null)
  await job.updateProgress(100)
  return (await store.readSteps(run.runId)).find((s) => s.step === step)?.counts
}

async function finish({ contexts, store, log }: StepWorkerOptions, run: Run, job: Job<StepData>): Promise<unknown> {
  await store.startStep(run.runId, 'finish', 1)
  const verdict = await finishRun({ store }, run)
  await store.chunkDone(run.runId, 'finish', 0)
  await store.finishStep(run.runId, 'finish', 'succeeded', null)
  sayEnd(log, run, verdict, await store.readSteps(run.runId))
  await job.updateProgress(100)
  await job.log(verdict.statusInfo || verdict.state)
  // the run has ended, and this may take long; what is not erased now is with the next run
  await eraseOld(store, contexts.retention).catch(() => {})
  if (verdict.state === 'failed') throw new FailedRun(verdict.failure ?? 'failed')
  return verdict.state
}

/** The finish step did its work; its job is red in Bull Board because the run failed. */
class FailedRun extends UnrecoverableError {}
