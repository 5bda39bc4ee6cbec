/** Says in the database, for as long as this process works on a run, that somebody does: a run without such a sign is taken for abandoned. */
import type { Store } from '../sql/store/store.ts'

const BEAT_MS = 5000
/** Six signs missing: longer than a database takes to restart, and than a job waits between its tries. */
export const SILENT_SECONDS = 30

export interface Heartbeat {
  during: <T>(runId: string, work: () => Promise<T>) => Promise<T>
  stop: () => void
}

export function startHeartbeat(store: Pick<Store, 'sayAlive'>): Heartbeat {
  /** how many jobs of a run are being worked on here; zero: there were some since the last sign */
  const jobs = new Map<string, number>()
  const timer = setInterval(() => {
    const runs = [...jobs.keys()]
    for (const [run, going] of jobs) if (going === 0) jobs.delete(run)
    // a database that is away is told of by the jobs themselves
    if (runs.length > 0) store.sayAlive(runs).catch(() => {})
  }, BEAT_MS).unref()
  return {
    async during(runId, work) {
      jobs.set(runId, (jobs.get(runId) ?? 0) + 1)
      try {
        return await work()
      } finally {
        jobs.set(runId, jobs.get(runId)! - 1)
      }
    },
    stop: () => clearInterval(timer),
  }
}
