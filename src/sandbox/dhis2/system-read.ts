import { type Node, parseFields, selectFields } from './fields-filter.ts'
import { type Call, refusal, type Reply } from './http.ts'
import type { MetadataGraph } from './metadata-read.ts'
import type { Account } from './users.ts'
import type { VersionFacts } from './versions.ts'
import type { TrackerState } from './state.ts'

/** GET /api/system/info */
export function systemInfo(call: Call, facts: VersionFacts, state: TrackerState): Reply {
  return {
    status: 200,
    body: {
      contextPath: call.base,
      calendar: 'iso8601',
      dateFormat: 'yyyy-mm-dd',
      serverDate: state.now(),
      ...(facts.minor > 30 ? { serverTimeZoneId: 'UTC', serverTimeZoneDisplayName: 'Coordinated Universal Time' } : {}),
      version: facts.reported,
      revision: facts.revision,
      buildTime: '2026-01-01T00:00:00.000',
      databaseInfo: { spatialSupport: true },
      emailConfigured: false,
      systemName: 'DHIS 2',
      isMetadataVersionEnabled: false,
    },
  }
}

/** GET /api/me. 2.30 never tells the authorities. */
export function me(call: Call, facts: VersionFacts, account: Account, graph: MetadataGraph): Reply {
  // 2.30 believes a header that announces a body
  if (facts.minor === 30 && call.contentType.includes('json') && call.body === '')
    throw refusal(500, 'No content to map due to end-of-input')
  const units = (uids: readonly string[]): Node[] =>
    uids.map((uid) => graph.get('organisationUnits')?.get(uid)).filter((unit) => unit !== undefined)
  const name = `${account.firstName} ${account.surname}`
  const node: Node = {
    id: account.uid,
    ...(facts.minor > 30 ? { username: account.username, authorities: account.authorities } : {}),
    name,
    displayName: name,
    firstName: account.firstName,
    surname: account.surname,
    userCredentials: { username: account.username, name },
    organisationUnits: () => units(account.orgUnits),
    dataViewOrganisationUnits: () => units(account.orgUnits),
    teiSearchOrganisationUnits: () => units(account.searchOrgUnits),
  }
  return { status: 200, body: selectFields(node, parseFields(call.query.getAll('fields').join(',') || '*')) }
}
