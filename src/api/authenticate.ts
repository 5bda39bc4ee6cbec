/** Who asks: a token, a session of ours, or a session of OpenMRS, in this order. */
import type { SessionStore } from '../../sql/store/sessions.ts'
import type { TokenStore } from '../../sql/store/tokens.ts'
import { hashOf } from '../accounts/secret.ts'
import type { Openmrs } from '../openmrs/client.ts'
import { OpenmrsUnavailable } from '../openmrs/errors.ts'
import type { OpenmrsUser } from '../openmrs/session.ts'
import { ApiProblem } from './api-problem.ts'
import { PRIVILEGES, RIGHTS } from './contract/operation.ts'
import { openmrsSessions, ownSessions } from './cookies.ts'
import type { Authenticate, Principal } from './principal.ts'

export interface AuthenticateParts {
  store: Pick<SessionStore, 'useSession'> & Pick<TokenStore, 'useToken'>
  /** null: it is not asked */
  openmrs: Pick<Openmrs, 'userOf'> | null
  idleMinutes: number
}

export function createAuthenticate({ store, openmrs, idleMinutes }: AuthenticateParts): Authenticate {
  return async ({ authorization, cookie }) => {
    // whoever shows a token means to be it: a good cookie beside it counts for nothing
    const bearer = /^Bearer(?:\s+(.*))?$/i.exec(authorization ?? '')
    if (bearer) return ofToken(store, bearer[1] ?? '')
    return (await ofSession(store, ownSessions(cookie), idleMinutes)) ?? (await ofOpenmrs(openmrs, openmrsSessions(cookie)))
  }
}

/** @throws ApiProblem not-signed-in */
async function ofToken(store: AuthenticateParts['store'], secret: string): Promise<Principal> {
  const token = await store.useToken(hashOf(secret))
  if (!token)
    throw new ApiProblem('not-signed-in', 'The token is unknown, has expired, or was revoked. Ask an administrator for another one.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
  // nobody can be taken for the user of the same name
  return { name: `${token.name} (token)`, rights: new Set(token.rights), via: 'token', expiresAt: token.expiresAt }
}

async function ofSession(store: AuthenticateParts['store'], secrets: readonly string[], idleMinutes: number): Promise<Principal | null> {
  for (const secret of secrets) {
    const session = await store.useSession(hashOf(secret), idleMinutes)
    if (session) return { name: session.account, rights: new Set(session.rights), via: 'local', expiresAt: session.expiresAt }
  }
  return null
}

/** @throws ApiProblem forbidden, openmrs-unavailable */
async function ofOpenmrs(openmrs: AuthenticateParts['openmrs'], sessions: readonly string[]): Promise<Principal | null> {
  if (!openmrs) return null
  for (const session of sessions) {
    const user = await openmrs.userOf(session).catch((error: unknown) => {
      throw error instanceof OpenmrsUnavailable ? new ApiProblem('openmrs-unavailable', error.message) : error
    })
    if (user) return principalOf(user)
  }
  return null
}

function principalOf({ name, privileges }: OpenmrsUser): Principal {
  // the original's words
  if (!privileges.has(PRIVILEGES.enter)) throw new ApiProblem('forbidden', 'Privileges is required to access DHIS2 sync')
  return { name, rights: new Set(RIGHTS.filter((right) => privileges.has(PRIVILEGES[right]))), via: 'openmrs', expiresAt: null }
}
