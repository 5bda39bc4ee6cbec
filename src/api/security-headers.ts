/** What a browser may do with our pages. */
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** Everything from here and nothing from elsewhere: clinics have no Internet, and nobody else's code is run. */
const DIRECTIVES = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  scriptSrcAttr: ["'none'"],
  baseUri: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'self'"],
}
const policy = (more: Record<string, string[] | null>) =>
  helmet.contentSecurityPolicy({ useDefaults: false, directives: { ...DIRECTIVES, ...more } })
const HALF_A_YEAR = 180 * 24 * 3600

/** @param publicUrl when it is https, users come over https whatever the proxy says */
export function securityHeaders(publicUrl: string | null): RequestHandler {
  const rest = { contentSecurityPolicy: false }
  // over http nothing can be upgraded, and a browser would ask for our own scripts over https
  const [plain, plainPolicy] = [helmet({ ...rest, strictTransportSecurity: false }), policy({})]
  const [tls, tlsPolicy] = [
    // other servers of the hospital's domain may have no https
    helmet({ ...rest, strictTransportSecurity: { maxAge: HALF_A_YEAR, includeSubDomains: false } }),
    policy({ upgradeInsecureRequests: [] }),
  ]
  return (request, response, next) => {
    const secure = isHttps(request.secure, publicUrl)
    ;(secure ? tls : plain)(request, response, (error?: unknown) => {
      if (error) next(error)
      else (secure ? tlsPolicy : plainPolicy)(request, response, next)
    })
  }
}

/** Do users come over https? */
export const isHttps = (secure: boolean, publicUrl: string | null) => secure || (publicUrl?.startsWith('https:') ?? false)

/** For pages of others that have styles in their HTML: Bull Board, Swagger UI. Their scripts are files all the same. */
export const inlineStyles: RequestHandler = (_request, response, next) => {
  const said = String(response.getHeader('content-security-policy'))
  response.setHeader('content-security-policy', `${said};style-src 'self' 'unsafe-inline'`)
  next()
}
