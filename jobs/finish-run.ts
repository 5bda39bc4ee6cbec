/** The last step: one transaction for the run's state, the log row and the markers. */
import { KINDS, type Kind } from '../src/core/model.ts'
import type { Counts, Run, StepRow } from '../sql/store/store.ts'
import type { JobContext } from './context.ts'

export interface Verdict {
  state: 'succeeded' | 'failed' | 'cancelled'
  failure: string | null
  /** the log's status_info, in the words that users know */
  statusInfo: string
  moveMarkers: boolean
}

/** @returns how the run ended */
export async function finishRun(ctx: Pick<JobContext, 'store'>, run: Run): Promise<Verdict> {
  const [steps, pending] = [await ctx.store.readSteps(run.runId), await ctx.store.countPending(run.runId)]
  const verdict = judge(run, steps, pending)
  if (await ctx.store.finishRun(run.runId, verdict)) return verdict
  // the cancel came while we were at it
  const cancelled = judge({ ...run, cancelRequested: true }, steps, pending)
  await ctx.store.finishRun(run.runId, cancelled)
  return cancelled
}

/** What became of the run: pure, from its steps' ends and the number of records without an outcome. */
export function judge(run: Run, steps: readonly StepRow[], pending: number): Verdict {
  const failed = steps.find((step) => step.state === 'failed')
  const counts = total(steps)
  if (failed) return ended('failed', failed.failure ?? `step ${failed.step} failed`)
  if (run.cancelRequested) return ended('cancelled', 'Cancelled')
  if (counts.rejected > 0 && run.mapping.onRejected === 'stop') return ended('failed', rejectedSentence(counts.rejected))
  if (pending > 0) return ended('failed', `${pending} records have no outcome`)
  // the database was away when it failed, so that not even this could be written down
  const undone = steps.find((step) => step.step !== 'finish' && step.state !== 'succeeded')
  if (undone) return ended('failed', `step ${undone.step} did not come to its end`)
  const nothing = counts.created + counts.updated + counts.rejected === 0
  const statusInfo = counts.rejected > 0 ? rejectedSentence(counts.rejected) : nothing ? 'No delta data to sync.' : ''
  // a period or records that are sent again say nothing about what came after them
  return { state: 'succeeded', failure: null, statusInfo, moveMarkers: !run.dryRun && run.from === null && !run.retry }
}

function ended(state: 'failed' | 'cancelled', failure: string): Verdict {
  return { state, failure, statusInfo: state === 'failed' ? `${failure}, Please contact Admin team.` : failure, moveMarkers: false }
}

const rejectedSentence = (n: number) => `${n} ${n === 1 ? 'record was' : 'records were'} rejected`

/** The sum over the steps and kinds. */
export function total(steps: readonly StepRow[]): Counts {
  const sum: Counts = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }
  for (const step of steps)
    for (const kind of KINDS satisfies readonly Kind[])
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += step.counts[kind][key]
  return sum
}
