import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { detailOf, syncOf } from './sync-view.ts'

export const readLastSyncs: Handler<typeof syncOperations.readLastSyncs> = async (_call, { store }) => {
  const rows = await store.readLastRuns()
  const body = await Promise.all(
    rows.map(async ({ mapping, active, last, lastSuccessAt }) => {
      const progress = active && (await store.readProgress(active.runId))
      return {
        mapping,
        active: progress && detailOf(progress),
        last: last && syncOf(last),
        lastSuccessAt: lastSuccessAt?.toISOString() ?? null,
      }
    }),
  )
  return { status: 200, body: { rows: body } }
}
