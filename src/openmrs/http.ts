/** HTTP to the site's OpenMRS: one answer in a limited time, or OpenmrsUnavailable. Nothing is tried again: a user waits. */
import { Pool } from 'undici'
import { OpenmrsUnavailable } from './errors.ts'

export interface OpenmrsHttp {
  /** @param path below /ws/rest/v1 @returns the status, and the body when it is JSON @throws OpenmrsUnavailable for everything that is no answer of OpenMRS */
  request: (method: 'GET' | 'POST' | 'DELETE', path: string, options: RequestOptions) => Promise<OpenmrsAnswer>
  close: () => Promise<void>
}
interface RequestOptions {
  /** JSESSIONID's value */
  session?: string | undefined
  account?: OpenmrsAccount
  body?: unknown
}
export interface OpenmrsAccount {
  username: string
  password: string
}
interface OpenmrsAnswer {
  status: number
  body: unknown
  /** of the session that OpenMRS began */
  session: string | null
}

const CONNECTIONS = 8
/** A user with every role has some 100 kB of privileges. */
const LARGEST_ANSWER = 4 * 1024 * 1024

/** @param url as OPENMRS_URL: .../openmrs */
export function openHttp(url: string, timeoutMs: number): OpenmrsHttp {
  const base = new URL(url)
  // the original's setting had the whole address
  const prefix = `${base.pathname.replace(/\/+$/, '').replace(/\/ws\/rest\/v1$/, '')}/ws/rest/v1`
  const pool = new Pool(base.origin, {
    connections: CONNECTIONS,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: LARGEST_ANSWER,
  })
  return {
    async request(method, path, { session, account, body }) {
      try {
        const response = await pool.request({
          method,
          path: `${prefix}/${path}`,
          // also for an answer that trickles
          signal: AbortSignal.timeout(timeoutMs),
          body: body === undefined ? null : JSON.stringify(body),
          headers: {
            accept: 'application/json',
            ...(session !== undefined && { cookie: `JSESSIONID=${session}` }),
            ...(account && { authorization: `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
        })
        const text = await response.body.text()
        const { statusCode: status } = response
        if (status >= 500 || status === 429 || status === 408)
          throw new OpenmrsUnavailable(`OpenMRS at ${base.origin} answers HTTP ${status}.`, { status })
        // never followed: a proxy's login page is no answer of OpenMRS
        if (status >= 300 && status < 400)
          throw new OpenmrsUnavailable(`${base.origin} redirects to another page. Is OPENMRS_URL the address of OpenMRS itself?`)
        return { status, body: jsonOf(text), session: sessionOf(response.headers['set-cookie']) }
      } catch (error) {
        throw error instanceof OpenmrsUnavailable ? error : unreachable(base.origin, error)
      }
    },
    // whoever still waits is told so
    close: () => pool.destroy(),
  }
}

/** undefined: it is no JSON */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function sessionOf(header: string | string[] | undefined): string | null {
  for (const cookie of [header ?? []].flat()) {
    const value = /^JSESSIONID=([^;]+)/.exec(cookie)?.[1]
    if (value !== undefined) return value
  }
  return null
}

const UNCONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

function unreachable(origin: string, error: unknown): OpenmrsUnavailable {
  const { code = '', name = '' } = error as { code?: string; name?: string }
  const how =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? 'is not found under this name'
      : name === 'TimeoutError' || /TIMEOUT|TIMEDOUT/.test(code)
        ? 'does not answer in time'
        : code === 'ECONNREFUSED'
          ? 'refuses the connection'
          : 'breaks the connection'
  return new OpenmrsUnavailable(`OpenMRS at ${origin} ${how}. Check that it runs, and OPENMRS_URL.`, {
    mayHaveArrived: !UNCONNECTED.has(code),
    cause: error,
  })
}
