/** Runs that the database calls active but no job is left for: the process died before the jobs were added, or the queue was emptied. */
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { SILENT_SECONDS } from './heartbeat.ts'
import { stepJobId, type StepData } from './jobs.ts'

/** @returns how many were settled as failed */
export async function settleOrphanedRuns(store: Store, steps: Queue<StepData>): Promise<number> {
  let settled = 0
  // a run that is being made right now has no jobs yet, and one that somebody works on may have them in another queue
  for (const run of await store.listSilentRuns(SILENT_SECONDS)) {
    const job = await steps.getJob(stepJobId(run.runId, 'finish'))
    if (job && !(await job.isCompleted()) && !(await job.isFailed())) continue
    const failure = 'The run was cut off before its end'
    await store.finishRun(run.runId, {
      state: 'failed',
      failure,
      statusInfo: `${failure}. Sync again to send what is missing.`,
      moveMarkers: false,
    })
    settled++
  }
  return settled
}
