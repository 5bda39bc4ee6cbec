/** Can patients be found in DHIS2 by the searchable and comparable columns? */
import { about, type Dhis2Facts, type Finding, type Looked } from './mapping-facts.ts'
import type { Mapping } from './mapping.ts'

/** @param dhis2 null: it did not answer */
export function searchFindings(relations: readonly Looked[], mapping: Mapping, dhis2: Dhis2Facts | null): Finding[] {
  const instance = relations.find(({ kind }) => kind === 'trackedEntity')!
  const { error, warning } = about(instance)
  const findings: Finding[] = []
  for (const field of ['searchable', 'comparable'] as const) {
    for (const column of mapping[field]) {
      const uid = instance.columns.find(([name]) => name === column)?.[1]
      if (uid === undefined)
        findings.push(
          error({
            field,
            column,
            message: `"${column}" is ${field}, but is not mapped.`,
            remedy: `Map the column, or take it out of the ${field} ones.`,
          }),
        )
      else if (field === 'searchable' && dhis2 && !canBeSearched(uid, dhis2))
        findings.push(
          warning({
            field,
            column,
            message: `"${column}" is searchable, but "${dhis2.metadata.attributes.get(uid)?.name ?? uid}" is neither unique nor searchable in DHIS2: people of org units that our account does not work in are not found, and are made anew.`,
            remedy: 'Make the attribute searchable in the tracked entity type or the program in DHIS2.',
          }),
        )
    }
  }
  if (mapping.comparable.length > 0 && mapping.searchable.length === 0)
    findings.push(
      warning({
        field: 'comparable',
        message: 'Comparable columns narrow down what a search has found, and there is no searchable column: nobody is searched.',
        remedy: 'Make a column searchable, or none comparable.',
      }),
    )
  return findings.map((finding) => ({ ...finding, part: 'config' }))
}

function canBeSearched(uid: string, { metadata, trackedEntityType }: Dhis2Facts): boolean {
  const field = metadata.attributes.get(uid)
  // one that DHIS2 does not have is told elsewhere
  if (!field || field.unique) return true
  const users = [...(trackedEntityType ? [trackedEntityType] : []), ...metadata.programs.values()]
  return users.length === 0 || users.some((user) => user.attributes.get(uid)?.searchable === true)
}
