import type { Rejection } from '../src/core/rejection.ts'
import type { RequestRefused } from '../src/dhis2/errors.ts'
import type { Outcome, Run, Step } from '../sql/store/store.ts'
import type { JobContext } from './context.ts'

/** The outcome of a record that was not delivered. */
export function rejected(rowId: string, rejection: Rejection): Outcome {
  return { rowId, state: 'rejected', uid: null, trackedEntity: null, status: null, adopted: false, sent: [], rejection, warnings: [] }
}

/**
 * How a chunk ended that was sent. When DHIS2 refuses everything the step fails, rather than that a server which is out of order makes a mistake of every record. But
 * what was refused so before is the records' own fault, or nothing would ever go past them. @throws RequestRefused
 */
export async function recordDelivered(
  ctx: Pick<JobContext, 'store'>,
  run: Run,
  step: Step,
  outcomes: readonly Outcome[],
  refusesEverything: RequestRefused | null,
): Promise<void> {
  const isNew =
    refusesEverything !== null &&
    (await ctx.store.anyDigestible(
      run.runId,
      outcomes.map(({ rowId }) => rowId),
    ))
  await ctx.store.recordOutcomes(run.runId, step, outcomes)
  if (isNew) throw refusesEverything
}
