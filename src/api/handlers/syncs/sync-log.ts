/** What the jobs of a step said, and what the database knows of it, in one story. */
import type { JobLogs } from '../../../../queues/job-logs.ts'
import { total } from '../../../../jobs/finish-run.ts'
import type { Step, StepRow } from '../../../../sql/store/store.ts'

export interface Line {
  at: string | null
  step: Step
  /** the first is 1 */
  chunk: number | null
  text: string
}

/** @param hidden how many chunks before these are not told of @param said null: the queue does not answer */
export function linesOf(
  step: StepRow,
  chunks: readonly { chunk: number; at: Date | null }[],
  hidden: number,
  said: JobLogs | null,
): Line[] {
  if (step.startedAt === null && step.endedAt === null) return []
  const line = (at: Date | null, text: string, chunk: number | null = null): Line => ({
    at: at?.toISOString() ?? null,
    step: step.step,
    chunk: chunk === null ? null : chunk + 1,
    text,
  })
  const times = new Map(chunks.map(({ chunk, at }) => [chunk, at]))
  const told = said?.chunks ?? []
  const silent = chunks.filter(({ chunk }) => !told.some((t) => t.chunk === chunk)).map(({ chunk }) => ({ chunk, text: 'done' }))
  const ofChunks = [...told, ...silent].map(({ chunk, text }) => ({ at: times.get(chunk) ?? step.endedAt, chunk, text }))
  ofChunks.sort((a, b) => (a.at?.getTime() ?? 0) - (b.at?.getTime() ?? 0) || a.chunk - b.chunk)
  return [
    ...(step.startedAt === null ? [] : [line(step.startedAt, beginning(step))]),
    ...(hidden > 0 ? [line(null, `${hidden.toLocaleString('en')} chunks before these are not shown`)] : []),
    ...ofChunks.map(({ at, chunk, text }) => line(at, text, chunk)),
    ...(said?.step ?? []).map((text) => line(step.endedAt, text)),
    ...(step.endedAt === null ? [] : [line(step.endedAt, ending(step))]),
  ]
}

const beginning = ({ chunksTotal }: StepRow) => (chunksTotal > 1 ? `begins, ${chunksTotal.toLocaleString('en')} chunks` : 'begins')

function ending(step: StepRow): string {
  if (step.state === 'failed') return `failed: ${step.failure ?? 'no reason is known'}`
  if (step.state === 'skipped') return 'not done'
  if (step.state !== 'succeeded') return step.state
  const counts = total([step])
  const parts = (['created', 'updated', 'unchanged', 'rejected'] as const).flatMap((key) =>
    counts[key] > 0 ? [`${counts[key].toLocaleString('en')} ${key}`] : [],
  )
  return parts.length > 0 ? `done: ${parts.join(', ')}` : 'done'
}
