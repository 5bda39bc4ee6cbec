/**
 * Jobs that are done are kept for admins to look at in Bull Board: for a month, and no more than some thousand of each queue. BullMQ could count them
 * itself at the end of each job, but on PostgreSQL it sorts all of them then, which takes 17 ms with five thousand, and two jobs that end at the same moment
 * can end in a deadlock over the same old ones.
 */
import { fromTimeToTime } from '../src/from-time-to-time.ts'
import type { Queue } from './backend.ts'

/** seconds */
export const KEEP = { age: 30 * 24 * 3600 } as const

export interface Kept {
  /** of each queue and state */
  jobs: number
  /** younger ones stay in any case: steps look at how their chunks ended */
  graceMs: Readonly<Record<'completed' | 'failed', number>>
}
const KEPT: Kept = { jobs: 5000, graceMs: { completed: 3600_000, failed: 24 * 3600_000 } }
const BATCH = 500
const EVERY_MS = 10 * 60_000

/** The oldest beyond that many, some hundred at a time. */
export async function trimJobs(queues: readonly Queue[], { jobs, graceMs }: Kept = KEPT, signal?: AbortSignal): Promise<void> {
  for (const queue of queues) {
    const counts = await queue.getJobCounts('completed', 'failed')
    for (const state of ['completed', 'failed'] as const) {
      for (let tooMany = (counts[state] ?? 0) - jobs; tooMany > 0;) {
        const gone = await queue.clean(graceMs[state], Math.min(BATCH, tooMany), state)
        if (gone.length === 0 || signal?.aborted) break
        tooMany -= gone.length
      }
    }
  }
}

/** For as long as a worker lives, from its start. @returns its end */
export const trimFromTimeToTime = (queues: readonly Queue[]): (() => Promise<void>) =>
  // a queue that is away is told of by the jobs themselves
  fromTimeToTime(EVERY_MS, (ending) => trimJobs(queues, KEPT, ending), { atOnce: true })
