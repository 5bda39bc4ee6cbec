import type { Mapping } from '../../../core/mapping.ts'
import { validateMapping } from '../../../validate-mapping.ts'
import type { ApiContext } from '../../handler.ts'
import type { Principal } from '../../principal.ts'

/** Validation needs no right to see patients' data: only who has it is shown examples of values. */
export async function findingsFor(mapping: Mapping, principal: Principal, { store, ask, config }: ApiContext) {
  const { findings, dhis2Problem } = await validateMapping(mapping, {
    store,
    connect: ask,
    trackedEntityType: config.trackedEntityType,
    timeZone: config.timeZone,
    examples: principal.rights.has('upload'),
  })
  return { findings, checkedAgainstDhis2: dhis2Problem === null, dhis2Problem }
}
