import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Doorkeeper } from './auth.ts'
import { controlApi } from './control-api.ts'
import { Control, type Fault } from './controls.ts'
import { type Call, htmlPage, notFoundPage, Refusal, type Reply, webMessage } from './http.ts'
import { legacyApi, type LegacyJob, readLegacyJob } from './legacy-api.ts'
import { indexMetadata, type Metadata, type MetadataIndex } from './metadata.ts'
import { metadataGraph, type MetadataGraph, readMetadata } from './metadata-read.ts'
import { REFERENCE_METADATA } from './reference-metadata.ts'
import { TrackerState } from './state.ts'
import { me, systemInfo } from './system-read.ts'
import { importTracker, readJob, type TrackerJob } from './tracker-import.ts'
import { type ReadContext, readTracker } from './tracker-read.ts'
import { type Account, accountOf, REFERENCE_USERS, type SandboxUser } from './users.ts'
import { factsOf, type Version, type VersionFacts } from './versions.ts'

export interface SandboxOptions {
  /** 0 (default): any free one */
  port?: number
  host?: string
  version?: Version
  users?: readonly SandboxUser[]
  metadata?: Metadata
  /** true: the controls are reachable below /sandbox/ too, without login */
  controls?: boolean
  /** milliseconds since 1970; for tests that need to stand still */
  clock?: () => number
}

export interface Sandbox {
  /** http://127.0.0.1:PORT */
  url: string
  control: Control
  setVersion(version: Version): void
  close(): Promise<void>
}

/** The stand-in as a function of requests, without the network. */
class Dhis2 {
  readonly state: TrackerState
  readonly door: Doorkeeper
  facts: VersionFacts
  private graph: MetadataGraph
  private readonly metadata: MetadataIndex
  private readonly users: readonly SandboxUser[]
  private readonly jobs = new Map<string, TrackerJob>()
  private readonly legacyJobs = new Map<string, LegacyJob>()

  constructor(options: SandboxOptions) {
    const clock = options.clock ?? Date.now
    this.users = options.users ?? REFERENCE_USERS
    this.metadata = indexMetadata(options.metadata ?? REFERENCE_METADATA)
    this.state = new TrackerState(clock)
    this.door = new Doorkeeper(
      this.users.map((user) => accountOf(user, this.metadata)),
      clock,
    )
    this.facts = factsOf(options.version ?? '2.41')
    this.graph = metadataGraph(this.metadata, this.facts)
  }

  setVersion(version: Version): void {
    this.facts = factsOf(version)
    this.graph = metadataGraph(this.metadata, this.facts)
    this.door.endSessions()
  }

  reset(): void {
    this.jobs.clear()
    this.legacyJobs.clear()
  }

  answer(call: Call, account: Account): Reply {
    const { facts, state, metadata } = this
    const [first, second, third, fourth] = call.segments
    const context: ReadContext = { state, metadata, facts, account, users: this.users }
    if (facts.legacyApi) {
      const reply = legacyApi(call, context, this.legacyJobs)
      if (reply !== null) return reply
      if (first === 'system' && (second === 'tasks' || second === 'taskSummaries') && fourth !== undefined && call.method === 'GET') {
        return readLegacyJob(second, fourth, this.legacyJobs)
      }
    }
    if (first === 'tracker' && facts.trackerApi) {
      if (second === undefined && call.method === 'POST') return importTracker(call, facts, state, metadata, account, this.jobs)
      if (second === 'jobs' && third !== undefined && call.method === 'GET') return readJob(third, fourth, this.jobs)
      const reply = call.method === 'GET' ? readTracker(call, context) : null
      return reply ?? notFoundPage(facts, call.path)
    }
    const token = this.door.tokenApi(call, account, facts)
    if (token !== null) return token
    if (call.method === 'GET') {
      if (first === 'system' && second === 'info') return systemInfo(call, facts, state)
      if (first === 'me' && second === undefined) return me(call, facts, account, this.graph)
      const reply = readMetadata(call, this.graph, facts)
      if (reply !== null) return reply
    }
    return notFoundPage(facts, call.path)
  }
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('error', reject)
  })
}

function callOf(request: IncomingMessage, body: string, prefix: string): Call {
  const url = new URL(request.url ?? '/', 'http://sandbox')
  const segments = url.pathname
    .slice(prefix.length)
    .split('/')
    .filter((part) => part !== '')
    // /api/29/me and the like name a version of the API: there is only one
    .filter((part, i) => i > 0 || !/^\d+$/.test(part))
  return {
    method: request.method ?? 'GET',
    segments: segments.map((part) => decodeURIComponent(part).replace(/\.json$/, '')),
    path: url.pathname,
    query: url.searchParams,
    body,
    contentType: request.headers['content-type'] ?? '',
    base: `http://${request.headers.host ?? 'localhost'}`,
  }
}

function send(response: ServerResponse, reply: Reply, cut = false): void {
  const text = reply.body === undefined ? '' : typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
  const type = reply.html === true ? 'text/html;charset=utf-8' : 'application/json;charset=UTF-8'
  response.writeHead(reply.status, {
    ...(text === '' ? {} : { 'Content-Type': type }),
    'Content-Length': Buffer.byteLength(text),
    ...reply.headers,
  })
  if (cut) {
    response.write(Buffer.from(text).subarray(0, Math.floor(Buffer.byteLength(text) / 2)), () => response.destroy())
  } else response.end(text)
}

/** Spoils an answer as the fault says. */
function spoil(response: ServerResponse, fault: Fault, reply: Reply | null): void {
  const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) }
  switch (fault.kind) {
    case 'reset':
      response.destroy()
      break
    case 'timeout':
      // never answered: the client has to give up
      break
    case 'html':
      send(response, { ...htmlPage(fault.status ?? 502, 'Bad Gateway'), headers })
      break
    case 'truncated':
      send(response, reply ?? webMessage(200, 'cut short'), true)
      break
    case 'status':
      send(response, {
        ...(fault.body === undefined ? webMessage(fault.status ?? 503, 'injected') : { status: fault.status ?? 503, body: fault.body }),
        headers,
      })
  }
}

/** Starts a sandbox; it listens on 127.0.0.1 unless told otherwise. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const dhis2 = new Dhis2(options)
  const control = new Control(dhis2.state, () => dhis2.reset())
  const setVersion = (version: Version): void => dhis2.setVersion(version)

  const serve = (request: IncomingMessage, body: string): { reply: Reply; username: string | null } => {
    let username: string | null = null
    try {
      const { account, cookie } = dhis2.door.enter(request, dhis2.facts)
      username = account.username
      const reply = dhis2.answer(callOf(request, body, '/api'), account)
      if (cookie === null) return { reply, username }
      return {
        reply: { ...reply, headers: { ...reply.headers, 'Set-Cookie': `JSESSIONID=${cookie}; Path=/; HttpOnly; SameSite=Lax` } },
        username,
      }
    } catch (error) {
      if (error instanceof Refusal) return { reply: error.reply, username }
      return { reply: webMessage(500, error instanceof Error ? error.message : String(error)), username }
    }
  }

  /** requests that write: those on their way, and all */
  const writes = { going: 0, all: 0 }
  const tooMuch = (bytes: number): Fault | null => {
    const { atATime = Infinity, bytes: most = Infinity } = control.capacity(writes.all++)
    if (writes.going > atATime) return { kind: 'status', status: 429 }
    return bytes > most ? { kind: 'html', status: 504 } : null
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'POST') writes.going++
    try {
      await answerTo(request, response)
    } finally {
      if (request.method === 'POST') writes.going--
    }
  }

  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    const path = request.url ?? '/'
    if (options.controls === true && path.startsWith('/sandbox/')) {
      send(response, controlApi(callOf(request, body, '/sandbox'), control, setVersion))
      return
    }
    const method = request.method ?? 'GET'
    if (!path.startsWith('/api/')) {
      send(response, notFoundPage(dhis2.facts, path))
      return
    }
    const bytes = Buffer.byteLength(body)
    const fault = control.nextFault(method, path) ?? (method === 'POST' ? tooMuch(bytes) : null)
    const done = fault === null || fault.processed === true || fault.kind === 'truncated' ? serve(request, body) : null
    control.record({
      method,
      path,
      username: done?.username ?? null,
      status: fault === null ? (done?.reply.status ?? 0) : (fault.status ?? 0),
      bytes,
      atATime: writes.going,
    })
    if (control.latency > 0) await wait(control.latency)
    if (fault !== null) spoil(response, fault, done?.reply ?? null)
    else if (done !== null) send(response, done.reply)
  }

  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    control,
    setVersion,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}
