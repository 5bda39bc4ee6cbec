import type { SyncDetail } from '../../../src/api/contract/syncs.ts'

/** The step that is being done, or the next one; null before the first and after the last. */
export function stepOfRun({ steps, state }: Pick<SyncDetail, 'steps' | 'state'>): SyncDetail['steps'][number]['name'] | null {
  if (state !== 'running') return null
  const running = steps.findLast((step) => step.state === 'running') ?? steps.find((step) => step.state === 'queued')
  return running?.name ?? null
}
