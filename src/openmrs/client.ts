/** Everything that we ask of OpenMRS. */
import { openAuditLog, type WriteOpenmrsAudit } from './audit-log.ts'
import { openHttp, type OpenmrsAccount } from './http.ts'
import { rememberSessions } from './known-sessions.ts'
import { askForUser, sessionOf, type OpenmrsUser } from './session.ts'

export interface Openmrs {
  /** Who is signed in with this JSESSIONID; null: nobody. @throws OpenmrsUnavailable */
  userOf: (session: string) => Promise<OpenmrsUser | null>
  /** Ends the session in OpenMRS, as Bahmni's own "Logout" does. @throws OpenmrsUnavailable */
  signOut: (session: string) => Promise<void>
  /** null: there is no account for it */
  writeAudit: WriteOpenmrsAudit | null
  /** Does it answer as OpenMRS does? @throws OpenmrsUnavailable */
  check: () => Promise<true>
  close: () => Promise<void>
}

export interface OpenmrsOptions {
  url: string
  timeoutMs: number
  account: OpenmrsAccount | null
  /** milliseconds that only grow; for tests */
  now?: () => number
}

export function openOpenmrs({ url, timeoutMs, account, now }: OpenmrsOptions): Openmrs {
  const http = openHttp(url, timeoutMs)
  const known = rememberSessions((session) => askForUser(http, session), now)
  return {
    userOf: (session) => known.userOf(session),
    async signOut(session) {
      await http.request('DELETE', 'session', { session })
      known.forget(session)
    },
    writeAudit: account && openAuditLog(http, account),
    async check() {
      sessionOf((await http.request('GET', 'session', {})).body)
      return true
    },
    close: () => http.close(),
  }
}
