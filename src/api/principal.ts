import type { IncomingHttpHeaders } from 'node:http'
import type { Right } from './contract/operation.ts'

/** Who asks, as the session says and never as the request's body does. */
export interface Principal {
  name: string
  rights: ReadonlySet<Right>
  via: 'openmrs' | 'local' | 'token'
  expiresAt: Date | null
}

/** @returns null: nobody is signed in. @throws ApiProblem forbidden (signed in, but may not enter), openmrs-unavailable */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Principal | null>

/** Anyone of the rights that are named; none named: whoever may enter. */
export const may = (principal: Principal, rights: readonly Right[]) =>
  rights.length === 0 || rights.some((right) => principal.rights.has(right))
