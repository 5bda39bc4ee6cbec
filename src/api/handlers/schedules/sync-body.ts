/** A sync as the API shows it. */
import type { z } from 'zod'
import type { Run } from '../../../../sql/store/store.ts'
import type { syncSchema } from '../../contract/syncs.ts'

export const syncBody = (run: Run): z.infer<typeof syncSchema> => ({
  id: run.runId,
  mapping: run.mappingName,
  state: run.state,
  user: run.requestedBy,
  comment: run.comment,
  dryRun: run.dryRun,
  resync: run.resync,
  retry: run.retry,
  from: run.from,
  to: run.to,
  cancelRequested: run.cancelRequested,
  failure: run.failure,
  createdAt: run.createdAt.toISOString(),
  startedAt: run.startedAt?.toISOString() ?? null,
  endedAt: run.endedAt?.toISOString() ?? null,
  counts: run.counts,
})
