/** OpenMRS's own audit log (Bahmni's module "auditlog"), written with an account of ours. */
import { z } from 'zod'
import { OpenmrsUnavailable } from './errors.ts'
import type { OpenmrsAccount, OpenmrsHttp } from './http.ts'
import { sessionOf } from './session.ts'

/** as the original named itself; Bahmni's page translates it */
const MODULE = 'MODULE_LABEL_DHIS_SYNC_KEY'
const LOOKED_BACK_MS = 8 * 24 * 3600 * 1000

export interface OpenmrsEntry {
  type: string
  message: string
}
/** @param unanswered an earlier try of the same message may have arrived: it is looked for first @throws OpenmrsUnavailable */
export type WriteOpenmrsAudit = (entry: OpenmrsEntry, unanswered: boolean) => Promise<void>

export const openAuditLog =
  (http: OpenmrsHttp, account: OpenmrsAccount, now = Date.now): WriteOpenmrsAudit =>
  async (entry, unanswered) => {
    // OpenMRS lets a request with a wrong password through as nobody's, and the audit log takes nobody's entries: so we ask first
    const login = await http.request('GET', 'session', { account })
    const user = login.status < 400 ? sessionOf(login.body).user : null
    if (!user)
      throw new OpenmrsUnavailable('OpenMRS does not accept OPENMRS_USERNAME and OPENMRS_PASSWORD. (It takes no password with a colon.)', {
        mayHaveArrived: false,
      })
    const session = login.session ?? undefined
    if (unanswered && (await isThere(http, { account, session, username: user.username, since: now() - LOOKED_BACK_MS }, entry))) return
    const { status } = await http.request('POST', 'auditlog', {
      account,
      session,
      body: { patientUuid: null, eventType: entry.type, message: entry.message, module: MODULE },
    })
    if (status >= 400) throw new OpenmrsUnavailable(`OpenMRS’s audit log refuses the entry with HTTP ${status}.`, { mayHaveArrived: false })
  }

/** Without the privilege app:admin it may not be read, and answers 500 (1.4.0); then an entry that is there twice is better than none. */
async function isThere(
  http: OpenmrsHttp,
  {
    account,
    session,
    username,
    since,
  }: { account: OpenmrsAccount; session: string | undefined; username: string | null | undefined; since: number },
  entry: OpenmrsEntry,
): Promise<boolean> {
  const query = new URLSearchParams({ startFrom: new Date(since).toISOString(), defaultView: 'true', ...(username && { username }) })
  const { body } = await http.request('GET', `auditlog?${query}`, { account, session }).catch((error: unknown) => {
    if (error instanceof OpenmrsUnavailable && error.status === 500) return { body: undefined }
    throw error
  })
  return rows.safeParse(body).data?.some(({ message }) => message === entry.message) ?? false
}

const rows = z.array(z.object({ message: z.string().nullish() }))
