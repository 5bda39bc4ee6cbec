import { settingsInForce } from '../../../config.ts'
import { VERSION } from '../../../version.ts'
import { within } from '../../../within.ts'
import type { statusOperations } from '../../contract/status.ts'
import type { Handler } from '../../handler.ts'

const LIMIT_MS = 3000

export const readSettings: Handler<typeof statusOperations.readSettings> = async (_call, { config, store, checkDhis2 }) => {
  const [database, dhis2] = await Promise.all([
    within(LIMIT_MS, store.readServer()).then(
      ({ version }) => version,
      () => 'does not answer',
    ),
    within(LIMIT_MS, checkDhis2()).then(
      ({ version }) => version ?? 'does not answer',
      () => 'does not answer',
    ),
  ])
  const versions = [
    { name: 'bahmni-dhis2-sync', version: VERSION },
    { name: 'Node', version: process.versions.node },
    { name: 'PostgreSQL', version: database },
    { name: 'DHIS2', version: dhis2 },
  ]
  return { status: 200, body: { settings: settingsInForce(config), versions } }
}
