/** Asks a run to end. */
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import type { StepData } from './jobs.ts'
import { isAbandoned } from './settle-runs.ts'

/** @returns false: it has ended already */
export async function cancelRun({ store, steps }: { store: Store; steps: Queue<StepData> }, runId: string): Promise<boolean> {
  if (!(await store.requestCancel(runId))) return false
  // otherwise its jobs see it, after the requests that are on their way
  if (await isAbandoned(store, steps, runId))
    await store.finishRun(runId, { state: 'cancelled', failure: 'Cancelled', statusInfo: 'Cancelled', moveMarkers: false })
  return true
}
