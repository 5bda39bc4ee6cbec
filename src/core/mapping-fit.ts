/** Does a mapping fit the Mart and DHIS2? All that does not, each with a remedy. */
import { fieldFindings } from './fit-fields.ts'
import { placeFindings } from './fit-places.ts'
import { relationFindings } from './fit-relations.ts'
import { searchFindings } from './fit-search.ts'
import { valueFindings, type ValueOptions } from './fit-values.ts'
import type { Dhis2Facts, Finding, RelationFacts } from './mapping-facts.ts'
import { relationsOf, type Mapping } from './mapping.ts'

/** @param facts in the order of relationsOf @param dhis2 null: it did not answer, and only the Mart is looked at */
export function findingsOf(mapping: Mapping, facts: readonly RelationFacts[], dhis2: Dhis2Facts | null, options: ValueOptions): Finding[] {
  const relations = relationsOf(mapping).map((relation, i) => ({ ...relation, facts: facts[i]! }))
  const findings = [
    ...relationFindings(relations, mapping),
    ...(dhis2 ? [...fieldFindings(relations, dhis2), ...placeFindings(relations, dhis2), ...valueFindings(relations, dhis2, options)] : []),
    ...searchFindings(relations, mapping, dhis2),
  ]
  // errors first, otherwise in the order of the form
  return findings.toSorted((a, b) => rank(a) - rank(b))
}

const PARTS = ['instance', 'enrollments', 'events', 'config'] as const
const rank = ({ severity, part, index }: Finding) => (severity === 'error' ? 0 : 10_000) + PARTS.indexOf(part) * 1000 + (index ?? 0)
