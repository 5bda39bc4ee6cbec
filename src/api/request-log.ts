/** A line for each request: its id, and neither its query nor its body, which may name a patient. */
import type { RequestHandler } from 'express'
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

/** Where a route has been found its pattern, without what was asked of it. */
function routeOf({ baseUrl, route, path }: { baseUrl: string; route?: { path: string | string[] }; path: string }): string {
  return route ? baseUrl + String(route.path) : (baseUrl + path).split('/').slice(0, 3).join('/')
}
