/** Runs that the database calls active but no job is left for: the process died before the jobs were added, or the queue was emptied. */
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { SILENT_SECONDS } from './heartbeat.ts'
import { stepJobId, type StepData } from './jobs.ts'

const LOOK_MS = 15_000

/** For as long as a worker lives: otherwise a mapping whose run lost its jobs could not be synced until somebody starts the worker anew. @returns its end */
export function settleFromTimeToTime(store: Store, steps: Queue<StepData>): () => void {
  let looking = false
  const timer = setInterval(() => {
    // a Redis that is away answers when it is back
    if (looking) return
    looking = true
    // a database that is away is told of by the jobs themselves
    settleOrphanedRuns(store, steps)
      .catch(() => {})
      .finally(() => (looking = false))
  }, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** @returns how many were settled as failed */
export async function settleOrphanedRuns(store: Store, steps: Queue<StepData>): Promise<number> {
  let settled = 0
  // a run that is being made right now has no jobs yet, and one that somebody works on may have them in another queue
  for (const runId of await store.listSilentRuns(SILENT_SECONDS)) {
    const job = await steps.getJob(stepJobId(runId, 'finish'))
    if (job && !(await job.isCompleted()) && !(await job.isFailed())) continue
    const failure = 'The run was cut off before its end'
    await store.finishRun(runId, {
      state: 'failed',
      failure,
      statusInfo: `${failure}. Sync again to send what is missing.`,
      moveMarkers: false,
    })
    settled++
  }
  return settled
}
