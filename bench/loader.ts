/** The fastest that anyone could send these requests: nothing read, nothing decided, nothing written down. */
import { openHttp } from '../src/dhis2/http.ts'
import type { Config } from '../src/config.ts'

export interface ReadyRequest {
  /** below /api/ */
  path: string
  query: [string, string][]
  body: { trackedEntities?: unknown[] }
}

/** Persons first, then their enrollments with events, as many at a time as a sync sends. @returns seconds */
export async function load(config: Config, requests: readonly ReadyRequest[]): Promise<number> {
  const http = openHttp({
    url: config.dhis2Url!,
    credentials: config.dhis2Token
      ? { token: config.dhis2Token }
      : { username: config.dhis2Username ?? '', password: config.dhis2Password ?? '' },
    connections: config.concurrency ?? 2,
    timeoutMs: config.timeoutSeconds * 1000,
    retryBudgetMs: 0,
  })
  const started = performance.now()
  for (const persons of [true, false]) {
    const todo = requests.filter(({ body }) => (body.trackedEntities !== undefined) === persons)
    const sendRest = async () => {
      for (let request = todo.shift(); request; request = todo.shift()) {
        const { status } = await http.post(request.path, request.query, request.body)
        if (status !== 200) throw new Error(`DHIS2 answers the loader HTTP ${status}`)
      }
    }
    await Promise.all(Array.from({ length: config.concurrency ?? 2 }, sendRest))
  }
  const seconds = (performance.now() - started) / 1000
  await http.close()
  return seconds
}
