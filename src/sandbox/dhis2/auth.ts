import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Call, Refusal, refusal, type Reply, webMessage } from './http.ts'
import { isObject, type Json } from './json.ts'
import { randomUid } from './uid.ts'
import type { Account } from './users.ts'
import type { VersionFacts } from './versions.ts'

interface Token {
  uid: string
  key: string
  username: string
  /** milliseconds; null never */
  expires: number | null
  deleted: boolean
}

const THIRTY_DAYS = 30 * 86_400_000

function loginPage(facts: VersionFacts): string {
  if (facts.minor === 30) return '/dhis-web-commons/security/login.action'
  return facts.minor <= 41 ? '/dhis-web-login' : '/login/'
}

/** Who may come in: passwords, personal access tokens, and the sessions that a password opens. */
export class Doorkeeper {
  private readonly accounts: ReadonlyMap<string, Account>
  private readonly tokens = new Map<string, Token>()
  private readonly sessions = new Map<string, string>()
  private readonly clock: () => number

  constructor(accounts: readonly Account[], clock: () => number) {
    this.accounts = new Map(accounts.map((account) => [account.username, account]))
    this.clock = clock
    for (const account of accounts) for (const key of account.tokens ?? []) this.addToken(key, account.username, null)
  }

  private addToken(key: string, username: string, expires: number | null): Token {
    const token = { uid: randomUid(), key, username, expires, deleted: false }
    this.tokens.set(key, token)
    return token
  }

  /** Ends all sessions, as a restart of the server does. */
  endSessions(): void {
    this.sessions.clear()
  }

  /** The account of a request and the session cookie to set; refuses as DHIS2 does. */
  enter(request: IncomingMessage, facts: VersionFacts): { account: Account; cookie: string | null } {
    const header = request.headers.authorization ?? ''
    const session = /(?:^|;\s*)JSESSIONID=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
    const inSession = session === undefined ? undefined : this.accounts.get(this.sessions.get(session) ?? '')
    if (header.startsWith('ApiToken ') && facts.minor >= 37) return { account: this.byToken(header.slice(9).trim()), cookie: null }
    if (header.startsWith('Basic ')) {
      const [username = '', ...rest] = Buffer.from(header.slice(6), 'base64').toString('utf8').split(':')
      const account = this.accounts.get(username)
      if (account === undefined || account.password !== rest.join(':')) throw refusal(401, 'Unauthorized')
      return { account, cookie: inSession === account ? null : this.openSession(account) }
    }
    if (inSession !== undefined) return { account: inSession, cookie: null }
    // a browser is sent to the login page, and so is everybody else
    throw new Refusal({ status: 302, headers: { Location: `http://${request.headers.host ?? 'localhost'}${loginPage(facts)}` } })
  }

  private openSession(account: Account): string {
    const id = randomBytes(16).toString('hex').toUpperCase()
    this.sessions.set(id, account.username)
    return id
  }

  private byToken(key: string): Account {
    const token = this.tokens.get(key)
    if (token === undefined) throw refusal(400, 'Checksum validation failed')
    const account = this.accounts.get(token.username)
    if (token.deleted || account === undefined) throw refusal(401, 'The API token does not exists')
    if (token.expires !== null && token.expires < this.clock()) throw refusal(401, 'Failed to authenticate API token, token has expired.')
    return account
  }

  /** POST /api/apiToken[s] and DELETE /api/apiToken[s]/{uid}; null for other paths. */
  tokenApi(call: Call, account: Account, facts: VersionFacts): Reply | null {
    const [collection, uid, ...rest] = call.segments
    if (facts.minor < 37 || rest.length > 0 || (collection !== 'apiToken' && collection !== 'apiTokens')) return null
    if (call.method === 'POST' && uid === undefined) {
      const body = JSON.parse(call.body || '{}') as Json
      const expire = isObject(body) && typeof body['expire'] === 'number' ? body['expire'] : this.clock() + THIRTY_DAYS
      const token = this.addToken(`d2p_${randomBytes(24).toString('hex').slice(0, 44)}`, account.username, expire)
      const response = {
        responseType: facts.minor <= 41 ? 'ApiTokenCreationResponse' : 'ObjectReport',
        key: token.key,
        uid: token.uid,
        klass: 'org.hisp.dhis.security.apikey.ApiToken',
        errorReports: [],
      }
      return { ...webMessage(201, undefined, { response }), headers: { Location: `${call.base}/api/apiToken/${token.uid}` } }
    }
    if (call.method === 'DELETE' && uid !== undefined) {
      const token = [...this.tokens.values()].find((candidate) => candidate.uid === uid && candidate.username === account.username)
      if (token === undefined) throw refusal(404, `ApiToken with id ${uid} could not be found.`, 'E1005')
      token.deleted = true
      return webMessage(200, undefined, { response: { uid } })
    }
    return null
  }
}
