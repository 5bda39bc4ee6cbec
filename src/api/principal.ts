import type { IncomingHttpHeaders } from 'node:http'
import { PRIVILEGES, type Right } from './contract/operation.ts'
import { ApiProblem } from './api-problem.ts'

/** Who asks, as the session says and never as the request's body does. */
export interface Principal {
  name: string
  rights: ReadonlySet<Right>
  via: 'openmrs' | 'local' | 'token'
  expiresAt: Date | null
}

/** @returns null: nobody is signed in. @throws ApiProblem not-signed-in (a wrong token), forbidden (may not enter), openmrs-unavailable */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Principal | null>

/** Any one of the rights that are named; none named: whoever may enter. */
export const may = (principal: Principal, rights: readonly Right[]) =>
  rights.length === 0 || rights.some((right) => principal.rights.has(right))

/** @throws ApiProblem not-signed-in, forbidden */
export function refuseStrangers(principal: Principal | null, rights: readonly Right[]): asserts principal is Principal {
  if (!principal)
    throw new ApiProblem('not-signed-in', 'Nobody is signed in, or the session has ended. Sign in, and try again.', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  if (!may(principal, rights)) {
    const needed = rights.map((right) => PRIVILEGES[right]).join(' or ')
    throw new ApiProblem('forbidden', `This needs the privilege ${needed}. Ask an administrator to give it to ${principal.name}.`)
  }
}
