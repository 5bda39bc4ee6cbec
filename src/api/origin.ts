/** Cross-site request forgery: a browser says where a request comes from. */
import type { IncomingMessage } from 'node:http'
import { ApiProblem } from './api-problem.ts'

/**
 * Browsers send Origin with every request that changes something, scripts and servers do not: a request without one, that no browser marked as another
 * site's, is let through. @param publicUrl as users open it, when a proxy gives us another Host @throws ApiProblem foreign-origin
 */
export function refuseForeignOrigin(request: Pick<IncomingMessage, 'headers'>, publicUrl: string | null): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers
  const own = publicUrl === null ? host : new URL(publicUrl).host
  const foreign =
    origin === undefined
      ? site !== undefined && site !== 'same-origin' && site !== 'none'
      : !URL.canParse(origin) || new URL(origin).host !== own
  if (foreign)
    throw new ApiProblem(
      'foreign-origin',
      'The request comes from another web site. Behind a proxy that changes the Host header, set PUBLIC_URL to the address that users open.',
    )
}
