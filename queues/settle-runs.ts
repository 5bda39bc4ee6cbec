/** Runs that the database calls active but nobody will go on with: their process died, or their jobs were never added, or the queue was emptied. */
import { fromTimeToTime } from '../src/from-time-to-time.ts'
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { SILENT_SECONDS } from './heartbeat.ts'
import { stepJobId, type StepData } from './jobs.ts'

export const CUT_OFF = 'The run was cut off before its end. Sync again to send what is missing.'

/** Ends a run as failed; jobs that it left in the queue do nothing any more. */
export async function settleAsFailed(store: Store, runId: string, failure: string): Promise<void> {
  await store.requestCancel(runId)
  await store.finishRun(runId, { state: 'failed', failure, statusInfo: failure, moveMarkers: false })
}

const LOOK_MS = 15_000

/** For as long as a worker lives: otherwise a mapping whose run lost its jobs could not be synced until somebody starts the worker anew. @returns its end */
export function settleFromTimeToTime(store: Store, steps: Queue<StepData>): () => void {
  // a database that is away is told of by the jobs themselves
  const stop = fromTimeToTime(LOOK_MS, () => settleOrphanedRuns(store, steps))
  // a Redis that is away answers when it is back: nobody waits for that
  return () => void stop()
}

/** Those that have no jobs left. @returns how many were settled as failed */
export async function settleOrphanedRuns(store: Store, steps: Queue<StepData>): Promise<number> {
  let settled = 0
  // a run that is being made right now has no jobs yet, and one that somebody works on may have them in another queue
  for (const runId of await store.listSilentRuns(SILENT_SECONDS)) {
    if (await hasJobs(steps, runId)) continue
    await settleAsFailed(store, runId, CUT_OFF)
    settled++
  }
  return settled
}

/** No sign of life, and either no worker that would take its jobs in their turn, or no jobs. */
export async function isAbandoned(store: Store, steps: Queue<StepData>, runId: string): Promise<boolean> {
  const silent = (await store.listSilentRuns(SILENT_SECONDS)).includes(runId)
  return silent && ((await steps.getWorkersCount()) === 0 || !(await hasJobs(steps, runId)))
}

/** The last job of a run is the parent of all others. */
async function hasJobs(steps: Queue<StepData>, runId: string): Promise<boolean> {
  const job = await steps.getJob(stepJobId(runId, 'finish'))
  return job !== undefined && !(await job.isCompleted()) && !(await job.isFailed())
}
