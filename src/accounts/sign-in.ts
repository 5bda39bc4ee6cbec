/** Name and password → a session of ours. */
import type { LoginAttempts } from '../../sql/store/login-attempts.ts'
import type { AccountStore } from '../../sql/store/accounts.ts'
import type { SessionStore } from '../../sql/store/sessions.ts'
import { DUMMY_HASH, verifyPassword } from './password.ts'
import { hashOf, newSecret } from './secret.ts'

export interface SignInParts {
  store: Pick<AccountStore, 'readAccount'> & Pick<SessionStore, 'addSession'>
  attempts: Pick<LoginAttempts, 'begin' | 'succeeded'>
  sessionHours: number
  verify?: typeof verifyPassword
}
export type SignIn = (name: string, password: string, address: string) => Promise<SignedIn>
type SignedIn =
  /** `secret` is the cookie's, and is nowhere else */
  | { state: 'in'; account: string; secret: string }
  /** null: there is no such account. For the audit, never for the answer. */
  | { state: 'wrong'; account: string | null }
  | { state: 'too-many'; seconds: number }

export function createSignIn({ store, attempts, sessionHours, verify = verifyPassword }: SignInParts): SignIn {
  return async (name, password, address) => {
    const seconds = await attempts.begin(name, address)
    if (seconds !== null) return { state: 'too-many', seconds }
    const account = await store.readAccount(name)
    // an unknown name takes as long as a known one
    const right = await verify(password, account?.password ?? DUMMY_HASH)
    if (!account || !right) return { state: 'wrong', account: account?.name ?? null }
    const secret = newSecret()
    if (!(await store.addSession(hashOf(secret), account, sessionHours))) return { state: 'wrong', account: account.name }
    await attempts.succeeded(name, address)
    return { state: 'in', account: account.name, secret }
  }
}
