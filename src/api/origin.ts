/** Cross-site request forgery: a browser says where a request comes from. */
import type { IncomingMessage } from 'node:http'
import { ApiProblem } from './api-problem.ts'

export interface Asked extends Pick<IncomingMessage, 'headers'> {
  /** host and port as the caller wrote them; of a trusted proxy, what it was asked for */
  host: string | undefined
}

/**
 * Browsers send Origin with every request that changes something, scripts and servers do not: a request without one, that no browser marked as another
 * site's, is let through. @param publicUrl as users open it, when a proxy gives us another Host @throws ApiProblem foreign-origin
 */
export function refuseForeignOrigin({ headers, host }: Asked, publicUrl: string | null): void {
  const { origin, referer, 'sec-fetch-site': site } = headers
  // older browsers send Origin with some requests only, and no Sec-Fetch-Site
  const from = origin ?? referer
  const foreign = (site !== undefined && site !== 'same-origin' && site !== 'none') || (from !== undefined && !isOwn(from, publicUrl, host))
  if (foreign)
    throw new ApiProblem(
      'foreign-origin',
      publicUrl === null
        ? 'The request comes from another web site. Behind a proxy that changes the Host header, set PUBLIC_URL to the address that users open.'
        : `The request comes from another web site. Open this program at ${publicUrl}, which is PUBLIC_URL.`,
    )
}

/** Without PUBLIC_URL only hosts are compared: not every proxy says that it was asked over https. */
function isOwn(from: string, publicUrl: string | null, host: string | undefined): boolean {
  if (!URL.canParse(from)) return false
  const url = new URL(from)
  if (publicUrl !== null) return url.origin === new URL(publicUrl).origin
  // as a browser writes it: without the port that goes with http or https
  return (
    host !== undefined &&
    /^https?:$/.test(url.protocol) &&
    URL.canParse(`${url.protocol}//${host}`) &&
    url.host === new URL(`${url.protocol}//${host}`).host
  )
}
