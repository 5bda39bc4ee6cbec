/** Are the relations there, with the columns that every one has and those that are mapped? */
import { REQUIRED_COLUMNS } from './fixed-columns.ts'
import { about, type Finding, type Looked } from './mapping-facts.ts'
import { CONSTANTS, usedTwice, type Mapping } from './mapping.ts'

export function relationFindings(relations: readonly Looked[], mapping: Mapping): Finding[] {
  return [...relations.flatMap(ofRelation), ...twice(relations, mapping)]
}

function ofRelation(relation: Looked): Finding[] {
  const { error, warning } = about(relation)
  const { table, facts, kind, columns, constants } = relation
  if (facts.types === null)
    return [
      error({
        field: 'table',
        message: `The Mart has no table or view "${table}".`,
        remedy: 'Choose another one. While Bahmni Mart is rebuilding its tables, wait until it is done.',
      }),
    ]
  const { types } = facts
  const findings = REQUIRED_COLUMNS[kind]
    .filter((column) => constants[column] === undefined && !types.has(column))
    .map((column) =>
      error({
        field: 'column',
        column,
        message: `"${table}" has no column "${column}", which every relation of this kind needs.`,
        remedy: canBeConstant(relation, column)
          ? 'Add the column to the Mart’s SQL, or give a constant for it in the mapping.'
          : 'Add the column to the Mart’s SQL.',
      }),
    )
  for (const [column] of columns) {
    if (types.has(column)) continue
    const like = [...types.keys()].find((name) => sameLetters(name) === sameLetters(column))
    findings.push(
      error({
        field: 'column',
        column,
        message: `"${table}" has no column "${column}".${like === undefined ? '' : ` It has "${like}".`}`,
        remedy: like === undefined ? 'Take the column out of the mapping, or add it to the Mart’s SQL.' : `Map "${like}" instead.`,
      }),
    )
  }
  if (kind !== 'enrollment' && columns.length === 0)
    findings.push(
      error({
        field: 'column',
        message: `No column of "${table}" is mapped.`,
        remedy: 'Give at least one column the UID of what it goes to.',
      }),
    )
  if (facts.problem !== null)
    findings.push(
      warning({
        field: 'table',
        message: `"${table}" ${facts.problem}`,
        remedy: 'Its programs, org units and values were not looked at. Validate again later.',
      }),
    )
  else if (facts.content?.places.length === 0)
    findings.push(
      warning({
        field: 'table',
        message: `"${table}" has no rows, so its programs, org units and values could not be looked at.`,
        remedy: 'Validate again when Bahmni Mart has filled it.',
      }),
    )
  return findings
}

const PART_OF = { trackedEntity: 'instance', enrollment: 'enrollments', event: 'event' } as const
const canBeConstant = ({ kind }: Looked, column: string) => (CONSTANTS[PART_OF[kind]] as readonly string[]).includes(column)

/** Names that differ in case, blanks and signs are easily taken for one another. */
const sameLetters = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')

function twice(relations: readonly Looked[], mapping: Mapping): Finding[] {
  const table = usedTwice(mapping.events)
  const last = relations.findLast((relation) => relation.kind === 'event' && relation.table === table)
  if (!last) return []
  return [
    about(last).error({
      field: 'table',
      message: `"${last.table}" is used more than once, and nothing keeps its records apart.`,
      remedy: 'Give each use another program or program_stage constant, or use it once.',
    }),
  ]
}
