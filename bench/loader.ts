/** The fastest that anyone could send these requests: nothing read, nothing decided, nothing written down. */
import type { Config } from '../src/config.ts'
import { groupBy } from '../src/core/group-by.ts'
import { openHttp } from '../src/dhis2/http.ts'

export interface ReadyRequest {
  /** below /api/ */
  path: string
  query: [string, string][]
  /** persons by themselves (the two APIs have two names for them), or enrollments with their events */
  body: {
    trackedEntities?: unknown[]
    trackedEntityInstances?: unknown[]
    enrollments?: { enrollment: string }[]
    events?: { enrollment: string }[]
  }
}

const isOfPersons = ({ body }: ReadyRequest) => body.trackedEntities !== undefined || body.trackedEntityInstances !== undefined

/** Persons first, then their enrollments with events. @returns seconds */
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
  // one that runs has a session with DHIS2
  await http.get('system/info')
  const started = performance.now()
  for (const persons of [true, false]) {
    const todo = requests.filter((request) => isOfPersons(request) === persons)
    const sendRest = async () => {
      for (let request = todo.shift(); request; request = todo.shift()) {
        const { status } = await http.post(request.path, request.query, request.body)
        // 2.41's legacy API says 201 of enrollments
        if (status >= 300) throw new Error(`DHIS2 answers the loader HTTP ${status}`)
      }
    }
    await Promise.all(Array.from({ length: config.concurrency ?? 2 }, sendRest))
  }
  const seconds = (performance.now() - started) / 1000
  await http.close()
  return seconds
}

/** The same objects, so many patients in a request. Each of them has one enrollment. */
export function repacked(requests: readonly ReadyRequest[], chunk: number): ReadyRequest[] {
  const parts = <T>(items: readonly T[]) =>
    Array.from({ length: Math.ceil(items.length / chunk) }, (_, i) => items.slice(i * chunk, (i + 1) * chunk))
  const ofPersons = requests.filter(isOfPersons)
  const ofEnrollments = requests.filter((request) => !isOfPersons(request))
  const events = groupBy(
    ofEnrollments.flatMap(({ body }) => body.events ?? []),
    (event) => event.enrollment,
  )
  const list = ofPersons[0]?.body.trackedEntities ? 'trackedEntities' : 'trackedEntityInstances'
  return [
    ...parts(ofPersons.flatMap(({ body }) => body[list] ?? [])).map((persons) => ({ ...ofPersons[0]!, body: { [list]: persons } })),
    ...parts(ofEnrollments.flatMap(({ body }) => body.enrollments ?? [])).map((enrollments) => ({
      ...ofEnrollments[0]!,
      body: { enrollments, ...(events.size > 0 && { events: enrollments.flatMap((e) => events.get(e.enrollment) ?? []) }) },
    })),
  ]
}
