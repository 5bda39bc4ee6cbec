import { EXIT, UsageError } from './exit.ts'
import { withStore, type Env } from './with-store.ts'

/** Asks a run to end: the requests under way are finished, and the markers stay. */
export function runCancel(env: Env, runId: string): Promise<number> {
  return withStore(env, async (store) => {
    const active = await store.listActiveRuns()
    if (!active.some((run) => run.runId === runId)) {
      const others = active.map((run) => `${run.runId} (${run.mappingName})`).join(', ') || 'none'
      throw new UsageError(`No sync with the run id ${runId} is going on. Going on: ${others}.`)
    }
    await store.requestCancel(runId)
    process.stdout.write('The sync ends when the requests that are under way are done. What it has sent stays sent.\n')
    return EXIT.ok
  })
}
