/** Step 1: the delta of the three relations is copied, its programs' metadata read, doubtful patients flagged, and the patients cut into chunks. */
import type { Run, SnapshotSummary } from '../sql/store/store.ts'
import type { JobContext } from './context.ts'

export async function takeSnapshot(ctx: JobContext, run: Run): Promise<SnapshotSummary & { chunks: number }> {
  const summary = await ctx.store.takeSnapshot(run)
  const metadata = await ctx.metadata({ ...run, programs: summary.programs })
  const unique = Object.entries(run.mapping.instance.columns).flatMap(([column, uid]) =>
    metadata.attributes.get(uid)?.unique ? [column] : [],
  )
  await ctx.store.flagSameValues(run.runId, { searchable: run.mapping.searchable, unique })
  return { ...summary, chunks: await ctx.store.assignChunks(run.runId, run.mapping.chunkSize ?? ctx.settings.chunkSize) }
}
