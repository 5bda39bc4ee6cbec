/** The whole web server on a database, a Mart and a sandbox DHIS2 of its own, in this process; who asks is said by the test. */
import { createAuthenticate } from '../../src/api/authenticate.ts'
import type { Route } from '../../src/api/handler.ts'
import { createApp, listen } from '../../src/api/server.ts'
import type { Authenticate, Principal } from '../../src/api/principal.ts'
import { RIGHTS, type Right } from '../../src/api/contract/operation.ts'
import { readConfig } from '../../src/config.ts'
import { createLog, type Log } from '../../src/log.ts'
import { openService, type Service } from '../../src/service.ts'
import { openSite, type Site, type SiteOptions } from './site.ts'

export interface Answer {
  status: number
  headers: Headers
  /** JSON when it is some */
  body: any // oxlint-disable-line no-explicit-any -- each test knows what it asked for
  text: string
}

export interface Api {
  site: Site
  service: Service
  url: string
  /** `path` below /api/v1, or whole; `as` a user with these rights, or null for nobody */
  call: (method: string, path: string, options?: CallOptions) => Promise<Answer>
  close: () => Promise<void>
}
interface CallOptions {
  as?: readonly Right[] | null
  body?: unknown
  headers?: Record<string, string>
}

export const USER = 'clerk'

/** `Authorization: Test log,upload` stands for a session: the real ones have tests of their own. */
const byHeader: Authenticate = ({ authorization }) => {
  const rights = /^Test ?(.*)$/.exec(authorization ?? '')?.[1]
  if (rights === undefined) return Promise.resolve(null)
  const principal: Principal = { name: USER, rights: new Set(rights.split(',').filter(Boolean) as Right[]), via: 'local', expiresAt: null }
  return Promise.resolve(principal)
}

interface ApiOptions extends SiteOptions {
  /** without them jobs wait in the queue */
  workers?: boolean
  /** `real`: cookies and tokens, as in the program */
  authenticate?: Authenticate | 'real'
  /** instead of the program's own */
  routes?: readonly Route[]
  log?: Log
  /** what the program has between itself and its database */
  through?: { address: { port: number } }
}

export async function openApi(given: ApiOptions = {}): Promise<Api> {
  const { workers = false, authenticate: who = byHeader, routes, log = createLog('silent'), through, ...options } = given
  const site = await openSite(options)
  const { USER: _, ...env } = site.env
  const database = new URL(site.db.url)
  if (through) database.port = String(through.address.port)
  const config = readConfig({ ...env, DATABASE_URL: database.href }, ['database', 'dhis2'])
  const service = await openService(config, log)
  if (workers) await service.startWorkers()
  const authenticate = who === 'real' ? createAuthenticate({ ...service, idleMinutes: config.sessionIdleMinutes }) : who
  const web = await listen(
    createApp({ ...service, config, log, authenticate }, { checkAnswers: true, dearMs: Infinity }, routes),
    '127.0.0.1',
    0,
  )
  return {
    site,
    service,
    url: web.url,
    async call(method, path, { as = RIGHTS, body, headers = {} } = {}) {
      const response = await fetch(
        `${web.url}${/^\/(api|dhis-integration|sync|queues|healthz|readyz|metrics)(\/|$)/.test(path) ? '' : '/api/v1'}${path}`,
        {
          method,
          redirect: 'manual',
          headers: {
            ...(as && { authorization: `Test ${as.join(',')}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        },
      )
      const text = await response.text()
      const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '')
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : null, text }
    },
    async close() {
      await web.close()
      await service.close()
      await site.close()
    },
  }
}
