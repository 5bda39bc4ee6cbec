/**
 * A stand-in for a site's OpenMRS, in the shapes of its REST module (SessionController1_9) and of Bahmni's module "auditlog": sessions, and the audit log.
 * It fails as a test says.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface OpenmrsUserSeed {
  username: string
  /** as OpenMRS shows the user; by default the username */
  display?: string
  password?: string
  privileges?: readonly string[]
}

/** What becomes of the next requests, until it is said otherwise. `late`: it is carried out, and the answer never comes. */
export type OpenmrsFailure = 'none' | 'down' | 'slow' | 'late' | 'html' | 'redirect' | 'other-json' | number

interface AuditedInOpenmrs {
  user: string | null
  patientUuid: string | null
  eventType: string
  message: string
  module: string
}

export interface StandInOpenmrs {
  /** for OPENMRS_URL */
  url: string
  /** a user who can sign in there */
  addUser: (user: OpenmrsUserSeed) => void
  /** as if the user had signed in: @returns the JSESSIONID */
  signIn: (username: string) => string
  /** OpenMRS has forgotten the session: the user signed out, or was away for too long */
  signOut: (session: string) => void
  /** @param only requests whose "METHOD path" is like that */
  fail: (failure: OpenmrsFailure, only?: RegExp) => void
  /** METHOD path, of every request so far */
  requests: string[]
  audited: AuditedInOpenmrs[]
  close: () => Promise<void>
}

const REST = '/openmrs/ws/rest/v1'
const HTML = '<!doctype html><html><body><h1>Service Unavailable</h1></body></html>'

export async function startOpenmrs(users: readonly OpenmrsUserSeed[] = [], port = 0): Promise<StandInOpenmrs> {
  const known = new Map(users.map((user) => [user.username, user]))
  const sessions = new Map<string, string>()
  const requests: string[] = []
  const audited: AuditedInOpenmrs[] = []
  let failing: { failure: OpenmrsFailure; only: RegExp } = { failure: 'none', only: /^/ }
  const signIn = (username: string) => {
    const session = randomBytes(16).toString('hex').toUpperCase()
    sessions.set(session, username)
    return session
  }

  /** The session's user, or the one whom a Basic header names: a wrong one is let through as nobody, as OpenMRS does. */
  const enter = (request: IncomingMessage, response: ServerResponse): string | null => {
    const session = /\bJSESSIONID=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
    const user = session === undefined ? undefined : sessions.get(session)
    if (user !== undefined) return user
    const [name = '', password] = Buffer.from(/^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '', 'base64')
      .toString()
      .split(':')
    const right = password !== undefined && known.get(name)?.password === password
    const begun = right ? signIn(name) : randomBytes(16).toString('hex').toUpperCase()
    response.setHeader('set-cookie', `JSESSIONID=${begun}; Path=/openmrs; HttpOnly`)
    return right ? name : null
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://openmrs')
    requests.push(`${request.method} ${pathname}`)
    const failure = failing.only.test(`${request.method} ${pathname}`) ? failing.failure : 'none'
    if (failure === 'slow') return
    if (failure === 'down') return void response.destroy()
    if (failure === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end(HTML)
    if (failure === 'redirect') return void response.writeHead(302, { location: '/login' }).end()
    if (failure === 'other-json') return json(response, 200, { status: 'UP', authenticated: 'yes' })
    if (typeof failure === 'number') return void response.writeHead(failure, { 'content-type': 'text/html' }).end(HTML)
    const user = enter(request, response)
    const call = `${request.method} ${pathname.replace(REST, '')}`
    const send = failure === 'late' ? () => {} : (status: number, content: unknown) => json(response, status, content)
    if (call === 'GET /session') send(200, sessionAnswer(user === null ? null : known.get(user)!))
    else if (call === 'DELETE /session') {
      sessions.delete(/\bJSESSIONID=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '')
      send(204, null)
    } else if (call === 'POST /auditlog') {
      const { patientUuid, eventType, message, module } = JSON.parse(body) as AuditedInOpenmrs
      audited.push({ user, patientUuid, eventType, message, module })
      send(200, null)
    } else if (call === 'GET /auditlog') {
      if (user === null || !known.get(user)?.privileges?.includes('app:admin'))
        return send(500, { error: { message: 'insufficient privileges' } })
      const rows = audited.map((entry, i) => ({
        patientId: null,
        auditLogId: i + 1,
        dateCreated: 1511250000000,
        eventType: entry.eventType,
        userId: entry.user,
        message: entry.message,
        module: entry.module,
      }))
      const of = searchParams.get('username')
      send(
        200,
        rows
          .filter((row) => of === null || row.userId === of)
          .toReversed()
          .slice(0, 50),
      )
    } else send(404, { error: { message: 'Unknown resource' } })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/openmrs`,
    addUser: (user) => void known.set(user.username, user),
    signIn,
    signOut: (session) => void sessions.delete(session),
    fail: (failure, only = /^/) => (failing = { failure, only }),
    requests,
    audited,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function json(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(content === null ? '' : JSON.stringify(content))
}

function sessionAnswer(user: OpenmrsUserSeed | null): object {
  const locales = { locale: 'en', allowedLocales: ['en', 'fr'] }
  if (!user) return { authenticated: false, ...locales }
  const { username, display = username, privileges = [] } = user
  const named = (name: string) => ({ uuid: `${name}-uuid`, display: name, name })
  return {
    authenticated: true,
    ...locales,
    user: {
      uuid: 'c1c21e11-3f10-11e4-adec-0800271c1b75',
      display,
      username,
      systemId: 'admin-1',
      userProperties: { loginAttempts: '0' },
      person: { uuid: 'c1bc22a5-3f10-11e4-adec-0800271c1b75', display: 'Super Man' },
      privileges: privileges.map(named),
      roles: [named('DHIS_Sync')],
      links: [],
    },
    sessionLocation: null,
    currentProvider: { uuid: 'c1c26908-3f10-11e4-adec-0800271c1b75', display: 'superman - Super Man' },
  }
}
