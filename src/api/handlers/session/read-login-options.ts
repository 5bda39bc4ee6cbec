import type { sessionOperations } from '../../contract/session.ts'
import type { Handler } from '../../handler.ts'

export const FIRST_USER = 'Add the first user on the server: bahmni-dhis2-sync users add NAME --right all'

export const readLoginOptions: Handler<typeof sessionOperations.readLoginOptions> = async (_call, { store, openmrs, config }) => {
  const local = await store.hasAccounts()
  return {
    status: 200,
    body: {
      local,
      openmrsLoginUrl: openmrs && config.openmrsLoginUrl,
      setup: local || openmrs ? null : `Nobody can sign in yet. ${FIRST_USER}`,
    },
  }
}
