/**
 * A DHIS2 that costs next to nothing, in a process of its own: it takes every import, reports each object, and remembers no more than which it has. Metadata
 * are the sandbox's. Answers come at once, or after LATENCY_MS and MS_PER_OBJECT for each object of an import.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { startSandbox } from '../src/sandbox/start.ts'

interface RawEnrollment {
  enrollment: string
  trackedEntity: string
}
interface Import {
  trackedEntities?: { trackedEntity: string; trackedEntityType: string; orgUnit: string }[]
  enrollments?: RawEnrollment[]
  events?: { event: string }[]
}

export interface SinkFigures {
  imports: number
  objects: number
}

const latency = Number(process.env['LATENCY_MS'] ?? 0)
const msPerObject = Number(process.env['MS_PER_OBJECT'] ?? 0)
const sandbox = await startSandbox({ version: '2.41' })
const metadata = new Map<string, Promise<{ status: number; body: string }>>()
const persons = new Map<string, { trackedEntityType: string; orgUnit: string }>()
const enrollments = new Map<string, RawEnrollment[]>()
const known = new Set<string>()
const figures: SinkFigures = { imports: 0, objects: 0 }

function importReport(body: Import): { answer: unknown; objects: number } {
  const lists: [type: string, uids: string[]][] = [
    ['TRACKED_ENTITY', (body.trackedEntities ?? []).map((o) => o.trackedEntity)],
    ['ENROLLMENT', (body.enrollments ?? []).map((o) => o.enrollment)],
    ['EVENT', (body.events ?? []).map((o) => o.event)],
  ]
  const typeReportMap = Object.fromEntries(
    lists.map(([trackerType, uids]) => {
      const created = uids.filter((uid) => !known.has(uid)).length
      return [
        trackerType,
        {
          trackerType,
          stats: { created, updated: uids.length - created, deleted: 0, ignored: 0, total: uids.length },
          objectReports: uids.map((uid, index) => ({ trackerType, uid, index, errorReports: [] })),
        },
      ]
    }),
  )
  for (const { trackedEntity, trackedEntityType, orgUnit } of body.trackedEntities ?? [])
    persons.set(trackedEntity, { trackedEntityType, orgUnit })
  for (const enrollment of body.enrollments ?? [])
    if (!known.has(enrollment.enrollment))
      enrollments.set(enrollment.trackedEntity, [...(enrollments.get(enrollment.trackedEntity) ?? []), enrollment])
  for (const [, uids] of lists) for (const uid of uids) known.add(uid)
  const objects = lists.reduce((sum, [, uids]) => sum + uids.length, 0)
  const answer = { status: 'OK', validationReport: { errorReports: [], warningReports: [] }, bundleReport: { typeReportMap } }
  return { answer, objects }
}

function readPersons(query: URLSearchParams): unknown {
  // a search: nobody has been here before
  const uids = query.get('trackedEntities')?.split(',') ?? []
  const withEnrollments = query.get('fields')?.includes('enrollments[') ?? false
  return {
    trackedEntities: uids.flatMap((trackedEntity) => {
      const person = persons.get(trackedEntity)
      if (!person) return []
      return [{ trackedEntity, ...person, attributes: [], ...(withEnrollments && { enrollments: enrollments.get(trackedEntity) ?? [] }) }]
    }),
  }
}

async function ofSandbox(request: IncomingMessage): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${sandbox.url}${request.url}`, { headers: { authorization: request.headers.authorization ?? '' } })
  return { status: answer.status, body: await answer.text() }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, sandbox.url)
  const say = (body: string, status = 200) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  if (pathname === '/figures') return void say(JSON.stringify(figures))
  const sent = request.method === 'POST' ? await text(request) : ''
  if (pathname === '/api/tracker' && sent !== '') {
    const { answer, objects } = importReport(JSON.parse(sent) as Import)
    figures.imports++
    figures.objects += objects
    const pause = latency + objects * msPerObject
    if (pause > 0) await wait(pause)
    return void say(JSON.stringify(answer))
  }
  if (latency > 0) await wait(latency)
  if (pathname === '/api/tracker/trackedEntities') return void say(JSON.stringify(readPersons(searchParams)))
  const known = metadata.get(request.url!) ?? ofSandbox(request)
  metadata.set(request.url!, known)
  const { status, body } = await known
  say(body, status)
}

const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
// whoever started it waits for this
process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
// and it ends with them
process.once('disconnect', () => process.exit())
