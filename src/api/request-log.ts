/** A line for each request: its id, and neither its query nor its body, which may name a patient. */
import type { Request, RequestHandler } from 'express'
import type { Log } from '../log.ts'

export const requestLog =
  (log: Log): RequestHandler =>
  (request, response, next) => {
    const began = performance.now()
    // of a request that its caller gave up there is no status
    response.once('close', () => {
      const { method } = request
      const status = response.writableFinished ? response.statusCode : null
      log.debug(
        { requestId: response.locals['requestId'], method, path: routeOf(request), status, ms: Math.round(performance.now() - began) },
        'request',
      )
    })
    next()
  }

/** The pattern of its route, without what was asked of it; of an address that is none only where it begins: the rest may be anything. */
function routeOf({ originalUrl, route }: Request): string {
  const parts = originalUrl.split('?')[0]!.split('/')
  const pattern = (route as { path?: unknown } | undefined)?.path
  if (typeof pattern !== 'string') return parts.slice(0, 2).join('/')
  // where the route is mounted is known no more
  return parts.slice(0, parts.length - (pattern.split('/').length - 1)).join('/') + pattern
}
