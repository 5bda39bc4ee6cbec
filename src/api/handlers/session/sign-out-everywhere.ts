import type { sessionOperations } from '../../contract/session.ts'
import { noSessionCookie } from '../../cookies.ts'
import type { Handler } from '../../handler.ts'
import { isHttps } from '../../security-headers.ts'

/** OpenMRS's sessions are its own, and a token has none: nothing to end. */
export const signOutEverywhere: Handler<typeof sessionOperations.signOutEverywhere> = async ({ principal, secure, requestId }, ctx) => {
  if (principal.via !== 'local') return { status: 204 }
  await ctx.store.endSessionsOf(principal.name)
  await ctx.store.recordAudit({ user: principal.name, type: 'SIGN_OUT', message: 'Signed out everywhere', requestId })
  return { status: 204, headers: { 'set-cookie': noSessionCookie(isHttps(secure, ctx.config.publicUrl)) } }
}
