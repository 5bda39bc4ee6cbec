/** Will DHIS2 take the values, by the column's type and by those that the newest rows have? */
import { fieldsOf } from './fit-fields.ts'
import { about, counted, type Dhis2Facts, type Finding, type Looked } from './mapping-facts.ts'
import { translated, type MappedColumns } from './mapping.ts'
import type { Field } from './model.ts'
import { quoted } from './rejection.ts'
import { ATTRIBUTE_LENGTH, convertValue, DATA_ELEMENT_LENGTH, type ConvertOptions, type Converted } from './value.ts'

export interface ValueOptions {
  /** IANA */
  timeZone: string
  /** values of patients may be named */
  examples: boolean
}
type Problem = Extract<Converted, { problem: string }>

export function valueFindings(relations: readonly Looked[], dhis2: Dhis2Facts, options: ValueOptions): Finding[] {
  return relations.flatMap((relation) =>
    relation.columns.flatMap((column, i) => {
      const field = fieldsOf(relation, dhis2).get(column[1])
      if (!field) return []
      const how = { timeZone: options.timeZone, maxLength: relation.kind === 'event' ? DATA_ELEMENT_LENGTH : ATTRIBUTE_LENGTH }
      const never = neverFits(relation, column, field, how)
      return [
        ...wrongTranslations(relation, column, field, how),
        ...(never ? [never] : ofSample(relation, column, i, field, dhis2, how, options)),
      ]
    }),
  )
}

/** As PostgreSQL prints values of its types; texts may be anything. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false'],
  date: ['2024-03-01'],
  'timestamp without time zone': ['2024-03-01 10:11:12'],
  'timestamp with time zone': ['2024-03-01 10:11:12+02'],
  'time without time zone': ['10:11:12'],
  smallint: ['0', '1', '-1'],
  integer: ['0', '1', '-1'],
  bigint: ['0', '1', '-1'],
  numeric: ['0', '1', '-1', '0.50'],
  real: ['0', '1', '-1', '0.5'],
  'double precision': ['0', '1', '-1', '0.5'],
}

function neverFits(relation: Looked, [column, , translation]: MappedColumns[number], field: Field, how: ConvertOptions): Finding | null {
  const told = { field: 'column', column } as const
  if (['FILE_RESOURCE', 'IMAGE', 'TRACKER_ASSOCIATE'].includes(field.valueType))
    return about(relation).error({
      ...told,
      message: `"${field.name}" is of type ${field.valueType}, which a column of the Mart cannot give.`,
      remedy: 'Take the column out of the mapping.',
    })
  const type = relation.facts.types?.get(column)
  const printed = PRINTED[type ?? '']
  // an option's code, and a translation, may be anything
  if (!printed || field.options || Object.keys(translation).length > 0) return null
  if (printed.some((text) => 'value' in convertValue(text, field, how))) return null
  return about(relation).error({
    ...told,
    message: `"${column}" is of type ${type}, and no value of it fits "${field.name}", which is of type ${field.valueType}.`,
    remedy: 'Choose another field of DHIS2 for this column, or translate its values.',
  })
}

function wrongTranslations(relation: Looked, [column, , translation]: MappedColumns[number], field: Field, how: ConvertOptions): Finding[] {
  return Object.entries(translation).flatMap(([from, to]) => {
    const made = convertValue(to, field, how)
    if ('value' in made) return []
    return [
      about(relation).error({
        field: 'translation',
        column,
        message: `"${column}": the translation of ${quoted(from)} to ${quoted(to)} ${made.because} for "${field.name}"${hinted(made)}.`,
        remedy: 'Correct the translation.',
      }),
    ]
  })
}

const hinted = ({ hint }: Problem) => (hint === null ? '' : ` (${hint})`)

function ofSample(
  relation: Looked,
  [column, uid, translation]: MappedColumns[number],
  position: number,
  field: Field,
  { metadata }: Dhis2Facts,
  how: ConvertOptions,
  { examples }: ValueOptions,
): Finding[] {
  const sample = relation.facts.content?.sample ?? []
  const { warning } = about(relation)
  const refused: { text: string; problem: Problem }[] = []
  let elsewhere = 0
  for (const { program, stage, values } of sample) {
    const own = values[position] ?? null
    const made = convertValue(translated(own, translation), field, how)
    if ('value' in made && made.value === null) continue
    const there = metadata.programs.get(program ?? '')?.stages.get(stage ?? '')
    if (relation.kind === 'event' && there && !there.dataElements.has(uid)) elsewhere++
    else if ('problem' in made) refused.push({ text: own ?? '', problem: made })
  }
  const findings: Finding[] = []
  const [first] = refused
  if (first) {
    const reasons = [
      ...new Set(refused.map(({ problem }) => `${problem.because}${problem.problem === 'value-too-long' ? '' : hinted(problem)}`)),
    ]
    const example = examples ? `, for example ${quoted(first.text)}` : ''
    findings.push(
      warning({
        field: 'value',
        column,
        message: `${share(refused.length, sample.length)} have a value in "${column}" that DHIS2 refuses for "${field.name}": it ${reasons.join('; it ')}${example}.`,
        remedy:
          first.problem.problem === 'value-not-an-option'
            ? 'Translate the values, add them to the option set in DHIS2, or correct the answers in Bahmni.'
            : 'Correct the values in Bahmni, translate them, or map the column to a field of the right type.',
      }),
    )
  }
  if (elsewhere > 0)
    findings.push(
      warning({
        field: 'value',
        column,
        message: `${share(elsewhere, sample.length)} have a value in "${column}" and a program stage that "${field.name}" does not belong to.`,
        remedy: 'Add the data element to those stages in DHIS2, or keep the column empty for them in the Mart’s SQL.',
      }),
    )
  return findings
}

function share(n: number, of: number): string {
  const percent = (100 * n) / of
  const rounded = percent < 1 ? 'less than 1' : Math.round(percent)
  return `${n} of the newest ${counted(of, 'row')} (${rounded} %)`
}
