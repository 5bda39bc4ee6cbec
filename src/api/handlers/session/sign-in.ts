import { hashOf } from '../../../accounts/secret.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { sessionOperations } from '../../contract/session.ts'
import { ownSessions, sessionCookie } from '../../cookies.ts'
import type { Handler } from '../../handler.ts'
import { isHttps } from '../../security-headers.ts'
import { sessionOf } from './session-of.ts'

export const signIn: Handler<typeof sessionOperations.signIn> = async ({ body, address, secure, cookie, requestId }, ctx) => {
  const { store, config, log } = ctx
  const signedIn = await ctx.signIn(body.name, body.password, address)
  if (signedIn.state === 'too-many') {
    const minutes = Math.ceil(signedIn.seconds / 60)
    throw new ApiProblem(
      'too-many-requests',
      `There were too many attempts to sign in. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
      {
        headers: { 'retry-after': String(signedIn.seconds) },
      },
    )
  }
  if (signedIn.state === 'wrong') {
    log.warn({ requestId, address }, 'a sign-in was refused')
    // what is no account's name may be a password in the wrong field
    if (signedIn.account !== null)
      await store.recordAudit({ user: signedIn.account, type: 'SIGN_IN_REFUSED', message: `Wrong password, from ${address}`, requestId })
    throw new ApiProblem('wrong-password', 'The user name or the password is wrong.')
  }
  // another user at the same browser
  for (const before of ownSessions(cookie)) await store.endSession(hashOf(before))
  await store.recordAudit({ user: signedIn.account, type: 'SIGN_IN', message: `Signed in, from ${address}`, requestId })
  const session = await store.useSession(hashOf(signedIn.secret), config.sessionIdleMinutes)
  if (!session) throw new ApiProblem('wrong-password', 'The account was changed just now. Sign in again.')
  return {
    status: 200,
    headers: { 'set-cookie': sessionCookie(signedIn.secret, isHttps(secure, config.publicUrl)) },
    body: sessionOf({ name: session.account, rights: new Set(session.rights), via: 'local', expiresAt: session.expiresAt }),
  }
}
