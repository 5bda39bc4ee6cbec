import { hashOf } from '../../../accounts/secret.ts'
import { OpenmrsUnavailable } from '../../../openmrs/errors.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { sessionOperations } from '../../contract/session.ts'
import { noSessionCookie, openmrsSessions, ownSessions } from '../../cookies.ts'
import type { Handler } from '../../handler.ts'
import { isHttps } from '../../security-headers.ts'

/** Every session that the browser has: whoever signs out of one would else be found signed in with the other. */
export const signOut: Handler<typeof sessionOperations.signOut> = async ({ principal, cookie, secure, requestId }, ctx) => {
  const { store, openmrs, config } = ctx
  if (principal.via === 'token') return { status: 204 }
  for (const secret of ownSessions(cookie)) await store.endSession(hashOf(secret))
  try {
    for (const session of openmrsSessions(cookie)) await openmrs?.signOut(session)
  } catch (error) {
    if (!(error instanceof OpenmrsUnavailable)) throw error
    // who was signed in with us is signed out now; who is signed in there is not
    if (principal.via === 'openmrs') throw new ApiProblem('openmrs-unavailable', error.message)
  }
  await store.recordAudit({ user: principal.name, type: 'SIGN_OUT', message: 'Signed out', requestId })
  return { status: 204, headers: { 'set-cookie': noSessionCookie(isHttps(secure, config.publicUrl)) } }
}
