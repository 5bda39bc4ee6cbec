/** Runs that the database calls active but no job is left for: the process died before the jobs were added, or the queue was emptied. */
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { stepJobId, type StepData } from './jobs.ts'

const GRACE_MS = 60_000

/** @returns how many were settled as failed */
export async function settleOrphanedRuns(store: Store, steps: Queue<StepData>, now: Date): Promise<number> {
  let settled = 0
  for (const run of await store.listActiveRuns()) {
    // a run that is being made right now has no jobs yet
    if (now.getTime() - run.createdAt.getTime() < GRACE_MS) continue
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
