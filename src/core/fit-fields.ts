/** Do the mapped UIDs exist in DHIS2, are they of the right kind, and do they belong where the rows go? */
import { about, listed, type Dhis2Facts, type Finding, type Looked } from './mapping-facts.ts'
import type { Field, Program } from './model.ts'

const WORDS = { trackedEntity: 'attribute', enrollment: 'attribute', event: 'data element' } as const

/** Attributes or data elements, whatever the relation's values go to. */
export const fieldsOf = ({ kind }: Looked, { metadata }: Dhis2Facts): ReadonlyMap<string, Field> =>
  kind === 'event' ? metadata.dataElements : metadata.attributes

export function fieldFindings(relations: readonly Looked[], dhis2: Dhis2Facts): Finding[] {
  return relations.flatMap((relation) => [
    ...relation.columns.flatMap(([column, uid]) => ofColumn(relation, column, uid, dhis2)),
    ...mappedTwice(relation, dhis2),
    ...(relation.kind === 'trackedEntity' ? [...typeUnknown(relation, dhis2), ...mandatoryAttributes(relation, dhis2)] : []),
    ...(relation.kind === 'event' ? compulsoryElements(relation, dhis2) : []),
  ])
}

function ofColumn(relation: Looked, column: string, uid: string, dhis2: Dhis2Facts): Finding[] {
  const { error, warning } = about(relation)
  const word = WORDS[relation.kind]
  const remedy = `Choose the ${word} that "${column}" goes to.`
  const field = fieldsOf(relation, dhis2).get(uid)
  const told = { field: 'uid', column } as const
  if (!field) {
    const other = dhis2.others.get(uid)
    // a data element is known only as part of a program that the rows name
    if (other?.startsWith(`the ${word} `))
      return [
        error({
          ...told,
          message: `"${column}" is mapped to ${uid}, ${other}, which belongs to no program that the Mart’s rows name.`,
          remedy: 'Add it to the program stage in DHIS2, or choose another one.',
        }),
      ]
    const what = other === undefined ? `which DHIS2 does not have, or does not show to our account` : `which is ${other} and no ${word}`
    return [error({ ...told, message: `"${column}" is mapped to ${word} ${uid}, ${what}.`, remedy })]
  }
  if (relation.kind === 'event') {
    const stages = stagesOf(relation, dhis2)
    if (stages.length === 0 || stages.some((stage) => stage.dataElements.has(uid))) return []
    return [
      error({
        ...told,
        message: `"${column}" is mapped to "${field.name}", which belongs to none of the stages that the rows of "${relation.table}" name: ${listed(stages.map((s) => s.name))}.`,
        remedy: 'Add the data element to the program stage in DHIS2, or choose another one.',
      }),
    ]
  }
  // of a type that is not known it cannot be told
  if (dhis2.trackedEntityType === null) return []
  const users = [dhis2.trackedEntityType, ...dhis2.metadata.programs.values()]
  if (users.some((user) => user.attributes.has(uid))) return []
  return [
    warning({
      ...told,
      message: `"${column}" is mapped to "${field.name}", which belongs to neither the tracked entity type nor a program that the rows name: ${listed(users.map((u) => u.name))}. Nobody sees it in DHIS2.`,
      remedy: 'Add the attribute to the program in DHIS2, or choose another one.',
    }),
  ]
}

/** Those that the relation's rows name and DHIS2 has. */
function stagesOf(relation: Looked, { metadata }: Dhis2Facts) {
  const stages = (relation.facts.content?.places ?? []).flatMap(({ program, stage }) => {
    const found = metadata.programs.get(program ?? '')?.stages.get(stage ?? '')
    return found ? [found] : []
  })
  return [...new Map(stages.map((stage) => [stage.uid, stage])).values()]
}

function mappedTwice(relation: Looked, dhis2: Dhis2Facts): Finding[] {
  return relation.columns.flatMap(([column, uid], i) => {
    const first = relation.columns.slice(0, i).find((earlier) => earlier[1] === uid)
    if (!first) return []
    const name = fieldsOf(relation, dhis2).get(uid)?.name ?? uid
    return [
      about(relation).warning({
        field: 'uid',
        column,
        message: `"${column}" and "${first[0]}" are both mapped to "${name}": rows that have different values in them are rejected.`,
        remedy: 'Map one of them, unless a row never has both.',
      }),
    ]
  })
}

function typeUnknown(relation: Looked, { trackedEntityType, metadata }: Dhis2Facts): Finding[] {
  if (trackedEntityType !== null) return []
  const types = new Set([...metadata.programs.values()].map((program) => program.trackedEntityType))
  return [
    about(relation).error({
      field: 'uid',
      message:
        types.size > 1
          ? 'The programs that the Mart’s rows name have different tracked entity types, so it is not known which one patients have.'
          : 'It is not known which tracked entity type patients have in DHIS2.',
      remedy: 'Set DHIS2_TRACKED_ENTITY_TYPE to its UID.',
    }),
  ]
}

function mandatoryAttributes(relation: Looked, { metadata, trackedEntityType }: Dhis2Facts): Finding[] {
  const mapped = new Set(relation.columns.map(([, uid]) => uid))
  const users = [...(trackedEntityType ? [trackedEntityType] : []), ...metadata.programs.values()]
  const missing = new Map(
    users.flatMap((user) =>
      [...user.attributes].flatMap(([uid, use]) => (use.mandatory && !mapped.has(uid) ? [[uid, user] as const] : [])),
    ),
  )
  return [...missing].map(([uid, user]) =>
    about(relation).error({
      field: 'uid',
      message: `"${user.name}" requires "${metadata.attributes.get(uid)?.name ?? uid}" (${uid}), and no column of "${relation.table}" is mapped to it: every new patient is rejected.`,
      remedy: 'Map a column to it, or make it optional in DHIS2.',
    }),
  )
}

function compulsoryElements(relation: Looked, dhis2: Dhis2Facts): Finding[] {
  const mapped = new Set(relation.columns.map(([, uid]) => uid))
  const programOf = (stage: string): Program | undefined => [...dhis2.metadata.programs.values()].find((p) => p.stages.has(stage))
  return stagesOf(relation, dhis2).flatMap((stage) =>
    [...stage.dataElements].flatMap(([uid, { compulsory }]) => {
      if (!compulsory || mapped.has(uid)) return []
      const name = dhis2.metadata.dataElements.get(uid)?.name ?? uid
      return [
        about(relation).error({
          field: 'uid',
          message: `Stage "${stage.name}" of "${programOf(stage.uid)?.name ?? ''}" requires "${name}" (${uid}), and no column of "${relation.table}" is mapped to it: new completed events are rejected.`,
          remedy: 'Map a column to it, or make it optional in DHIS2.',
        }),
      ]
    }),
  )
}
