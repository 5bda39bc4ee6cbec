/**
 * "Retry" of a failed sync: a new one that was asked for the same. Not the old one once more: since it failed, the Mart has changed and other syncs may have
 * brought newer values to DHIS2, which its snapshot would overwrite. What the old one got confirmed is unchanged in the new one, and not sent again.
 */
import { hasEnded, RunActiveError, type Run, type RunRequest, type Store } from '../sql/store/store.ts'

/** Written for users. */
export class NothingToRetryError extends Error {}

const AGAIN = 'Again: '

export async function retryRun(
  { store, enqueue }: { store: Pick<Store, 'readRun'>; enqueue: (request: RunRequest) => Promise<Run> },
  runId: string,
  user: string,
): Promise<Run> {
  const run = await store.readRun(runId)
  if (!run) throw new NothingToRetryError('The sync of this job is not in the database any more. Start a new one.')
  if (!hasEnded(run)) throw new RunActiveError(run.mappingName, runId)
  if (run.state === 'succeeded') throw new NothingToRetryError('This sync has succeeded: there is nothing to do again.')
  return enqueue({
    mappingName: run.mappingName,
    requestedBy: user,
    comment: run.comment.startsWith(AGAIN) ? run.comment : `${AGAIN}${run.comment}`,
    dryRun: run.dryRun,
    from: run.from,
    to: run.to,
    resync: run.resync,
    ...(run.retry && { rejected: { retriedIn: runId } }),
  })
}
