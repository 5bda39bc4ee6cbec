import type { sessionOperations } from '../../contract/session.ts'
import type { Handler } from '../../handler.ts'
import { sessionOf } from './session-of.ts'

/** The web pages ask when they are opened, and again when a user comes back to them. */
const ONE_VISIT_MINUTES = 30

export const readSession: Handler<typeof sessionOperations.readSession> = async ({ principal, requestId }, { store }) => {
  if (principal.via !== 'token')
    await store.recordAudit({
      user: principal.name,
      type: 'OPEN_DHIS_SYNC_APP',
      message: 'Opened the DHIS2 sync',
      requestId,
      unlessWithinMinutes: ONE_VISIT_MINUTES,
    })
  return { status: 200, body: sessionOf(principal) }
}
