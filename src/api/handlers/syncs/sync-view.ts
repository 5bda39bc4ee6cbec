/** A run of the store → the contract's sync. */
import type { z } from 'zod'
import { KINDS } from '../../../core/model.ts'
import { progressOf } from '../../../core/progress.ts'
import type { RunProgress } from '../../../../sql/store/sync-lists.ts'
import { hasEnded, type Run, type StepRow } from '../../../../sql/store/store.ts'
import type { SyncDetail, syncSchema } from '../../contract/syncs.ts'

type Sync = z.input<typeof syncSchema>

const iso = (at: Date | null) => at?.toISOString() ?? null

export function syncOf(run: Run): Sync {
  return {
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
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    counts: run.counts,
  }
}

/** As it was when it was asked for: a request that is repeated gets the answer of the first. */
export function syncAsAsked(run: Run): Sync {
  const none = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }
  const counts = { trackedEntity: none, enrollment: none, event: none }
  return syncOf({ ...run, state: 'queued', cancelRequested: false, failure: null, startedAt: null, endedAt: null, counts })
}

export function detailOf({ run, steps, at }: RunProgress): SyncDetail {
  const standing = steps.map((step) => asItStands(run, step))
  const progress = progressOf(
    run,
    standing.map((s) => ({ ...s, chunks: s.chunksTotal, records: recordsOf(s) })),
    at,
  )
  return {
    ...syncOf(run),
    ...progress,
    steps: standing.map((s) => ({
      name: s.step,
      state: s.state,
      chunks: s.chunksTotal,
      chunksDone: s.chunksDone,
      counts: s.counts,
      failure: s.failure,
      startedAt: iso(s.startedAt),
      endedAt: iso(s.endedAt),
    })),
  }
}

const recordsOf = ({ counts }: StepRow) =>
  KINDS.reduce((n, kind) => n + counts[kind].created + counts[kind].updated + counts[kind].unchanged + counts[kind].rejected, 0)

/** A run's end is written before its last step's, and one that was cut off leaves steps that say that they go on. */
function asItStands(run: Run, step: StepRow): StepRow {
  if (!hasEnded(run)) return step
  if (step.state === 'queued') return { ...step, state: 'skipped' }
  if (step.state !== 'running') return step
  if (step.step === 'finish') return { ...step, state: 'succeeded', chunksDone: 1, endedAt: run.endedAt }
  return { ...step, state: 'failed', failure: run.failure, endedAt: run.endedAt }
}
