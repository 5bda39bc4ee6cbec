import { PRIVILEGES } from '../contract/operation.ts'
import type { OriginalRoute } from './original-route.ts'

/** The privileges are one text, as Java prints a list. */
export const session: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/session',
  access: [],
  handler: ({ principal }) => {
    const privileges = [PRIVILEGES.enter, ...[...principal.rights].toSorted().map((right) => PRIVILEGES[right])]
    return Promise.resolve({ user: principal.name, privileges: `[${privileges.join(', ')}]` })
  },
}
