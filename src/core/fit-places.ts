/** Does DHIS2 have the programs, stages and org units that the rows name? */
import { groupBy } from './group-by.ts'
import { about, counted, listed, type Dhis2Facts, type Finding, type Looked, type Place } from './mapping-facts.ts'

export function placeFindings(relations: readonly Looked[], dhis2: Dhis2Facts): Finding[] {
  return relations.flatMap((relation) => {
    const places = relation.facts.content?.places ?? constantPlaces(relation)
    return [...programs(relation, places, dhis2), ...stages(relation, places, dhis2), ...orgUnits(relation, places, dhis2)]
  })
}

/** Constants are known without any row. */
function constantPlaces({ constants }: Looked): Place[] {
  const place = { program: constants['program'] ?? null, stage: constants['program_stage'] ?? null, orgUnit: constants['OrgUnit'] ?? null }
  return [{ ...place, rows: 0 }]
}

const rowsOf = (places: readonly Place[]) => places.reduce((sum, place) => sum + place.rows, 0)
/** Where a name stands: in so many rows, or in the mapping itself. */
const standing = ({ constants, table }: Looked, column: string, places: readonly Place[]) =>
  constants[column] === undefined
    ? { field: 'column' as const, of: ` of "${table}" (${counted(rowsOf(places), 'row')})` }
    : { field: 'constant' as const, of: ` (the mapping’s constant for "${table}")` }

function lacking(relation: Looked, column: string, word: string, places: readonly Place[], remedy: string): Finding[] {
  const rows = rowsOf(places)
  if (rows === 0) return []
  const message = `"${relation.table}" has ${counted(rows, 'row')} without ${word}: ${rows === 1 ? 'it is' : 'they are'} rejected.`
  return [about(relation).warning({ field: 'column', column, message, remedy })]
}

function programs(relation: Looked, places: readonly Place[], { metadata }: Dhis2Facts): Finding[] {
  if (relation.kind === 'trackedEntity') return []
  const without = places.filter(({ program }) => program === null)
  const unknown = groupBy(
    places.filter(({ program }) => program !== null && !metadata.programs.has(program)),
    ({ program }) => program!,
  )
  return [
    ...lacking(relation, 'program', 'a program', without, 'Correct the program in the Mart’s SQL.'),
    ...[...unknown].map(([uid, at]) => {
      const { field, of } = standing(relation, 'program', at)
      return about(relation).error({
        field,
        column: 'program',
        message: `Program ${uid}${of} is not in DHIS2, or not for our account.`,
        remedy: 'Correct the UID, or give our account access to the program in DHIS2.',
      })
    }),
  ]
}

function stages(relation: Looked, places: readonly Place[], { metadata }: Dhis2Facts): Finding[] {
  if (relation.kind !== 'event') return []
  const without = places.filter(({ stage }) => stage === null)
  const unknown = groupBy(
    places.filter(({ program, stage }) => {
      if (stage === null) return false
      if (program === null) return ![...metadata.programs.values()].some((p) => p.stages.has(stage))
      return metadata.programs.get(program)?.stages.has(stage) === false
    }),
    ({ program, stage }) => `${stage} ${program ?? ''}`,
  )
  return [
    ...lacking(relation, 'program_stage', 'a program stage', without, 'Correct the program stage in the Mart’s SQL.'),
    ...[...unknown.values()].map((at) => {
      const { program, stage } = at[0]!
      const { field, of } = standing(relation, 'program_stage', at)
      const whose = program === null ? 'any program that the rows name' : `program "${metadata.programs.get(program)!.name}"`
      return about(relation).error({
        field,
        column: 'program_stage',
        message: `Stage ${stage}${of} is no stage of ${whose}.`,
        remedy: 'Correct the UID of the program stage.',
      })
    }),
  ]
}

function orgUnits(relation: Looked, places: readonly Place[], { metadata }: Dhis2Facts): Finding[] {
  const { error } = about(relation)
  const column = 'OrgUnit'
  const codeOf = ({ orgUnit }: Place) => orgUnit?.trim() ?? ''
  const given = places.filter((place) => codeOf(place) !== '')
  const findings: Finding[] = []
  // an event without one takes its enrollment's
  if (relation.kind !== 'event') {
    const without = places.filter((place) => codeOf(place) === '')
    const remedy = 'Set the patients’ facility in Bahmni, or give a constant for OrgUnit in the mapping.'
    findings.push(...lacking(relation, column, 'an org unit', without, remedy))
  }
  const unknown = given.filter((place) => !metadata.orgUnitsByCode.has(codeOf(place)))
  if (unknown.length > 0) {
    const codes = [...new Set(unknown.map(codeOf))]
    const { field, of } = standing(relation, column, unknown)
    findings.push(
      error({
        field,
        column,
        message: `DHIS2 does not know ${counted(codes.length, 'org unit code')}${of}: ${listed(codes)}.`,
        remedy: 'Correct the facility in Bahmni or the code in the Mart’s SQL, or give the org unit this code in DHIS2.',
      }),
    )
  }
  for (const [uid, ofProgram] of groupBy(given, ({ program }) => program ?? '')) {
    const program = metadata.programs.get(uid)
    const outside = ofProgram.filter((place) => {
      const orgUnit = metadata.orgUnitsByCode.get(codeOf(place))
      return program !== undefined && orgUnit !== undefined && !program.orgUnits.has(orgUnit.uid)
    })
    if (!program || outside.length === 0) continue
    const codes = [...new Set(outside.map(codeOf))]
    const { field, of } = standing(relation, column, outside)
    findings.push(
      error({
        field,
        column,
        message: `Program "${program.name}" is not assigned to ${counted(codes.length, 'org unit')}${of}: ${listed(codes)}.`,
        remedy: 'Ask the DHIS2 administrator to assign the program to these org units, or correct the facility in Bahmni.',
      }),
    )
  }
  return findings
}
