/** The same session and rights for pages that are no operation of the API: Bull Board, metrics. */
import type { Request, RequestHandler } from 'express'
import { ApiProblem } from './api-problem.ts'
import type { Right } from './contract/operation.ts'
import type { ApiContext } from './handler.ts'
import { refuseForeignOrigin } from './origin.ts'
import { refuseStrangers } from './principal.ts'
import { publicPath } from './public-path.ts'

/**
 * Lets through whoever has one of the rights; with none named, whoever may enter. Whoever opens such a page without being signed in gets to the page where
 * one signs in, and from there back. Who it is, is in response.locals.principal.
 */
export function requireRight(
  { authenticate, config }: Pick<ApiContext, 'authenticate' | 'config'>,
  rights: readonly Right[],
): RequestHandler {
  // below what a proxy takes away
  const base = publicPath(config.publicUrl)
  return async (request, response, next) => {
    try {
      const principal = await authenticate(request.headers)
      refuseStrangers(principal, rights)
      response.locals['principal'] = principal
      if (!['GET', 'HEAD'].includes(request.method) && principal.via !== 'token') refuseForeignOrigin(request, config.publicUrl)
    } catch (error) {
      if (!(error instanceof ApiProblem && error.code === 'not-signed-in' && isOpenedByUser(request))) throw error
      response.setHeader('cache-control', 'no-store')
      const { pathname, search } = new URL(request.originalUrl, 'http://here')
      // the way back is one within the program, wherever a proxy has put it
      response.redirect(303, `${base}/login?next=${encodeURIComponent(pathname + search)}`)
      return
    }
    next()
  }
}

/** A link or the address bar: not a script of a page, and not a program. */
const isOpenedByUser = ({ method, headers }: Request) =>
  ['GET', 'HEAD'].includes(method) &&
  (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate' &&
  /\btext\/html\b/.test(headers.accept ?? '')
