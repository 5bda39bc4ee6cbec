/** The originals' export file and mapping rows ↔ Mapping. All generations: 2018 without config, JSON as text, HTML-escaped column names. */
import type { Mapping } from './mapping.ts'

/** The columns of the mapping table, and the properties of an exported mapping. */
export interface MappingParts {
  mapping_name: string
  lookup_table: unknown
  mapping_json: unknown
  config?: unknown
}

export interface FileProblem {
  /** position in the file, from 1; 0: the file itself */
  item: number
  name: string | null
  problem: string
}

const AGAIN = 'Please correct the file and import again'

/** Every problem of every item, in the originals' order and texts; no mapping unless there are none. */
export function parseMappingFile(text: string): { mappings: Mapping[]; problems: FileProblem[] } {
  const whole = (problem: string) => ({ mappings: [], problems: [{ item: 0, name: null, problem }] })
  let items: unknown
  try {
    // Windows' Notepad begins a file with a byte order mark
    items = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return whole('Error while validating json file. Please import valid json file')
  }
  if (!Array.isArray(items)) return whole(`File should contain array of Object. ${AGAIN}`)
  if (items.length === 0) return whole(`Imported file should not be empty. ${AGAIN}`)
  // the originals' import sends each item as text
  const objects = items.map(decoded)
  const names = objects.map(nameOf)
  const problems = objects.flatMap((item, i): FileProblem[] =>
    problemsOf(item, names).map((problem) => ({ item: i + 1, name: names[i] ?? null, problem: `${problem}. ${AGAIN}` })),
  )
  return { mappings: problems.length > 0 ? [] : objects.map((item) => mappingFromParts(item as MappingParts)), problems }
}

const nameOf = (item: unknown): string | null => {
  const name = isObject(item) ? item['mapping_name'] : undefined
  return typeof name === 'string' ? name.trim() : null
}

function problemsOf(item: unknown, names: readonly (string | null)[]): string[] {
  const name = nameOf(item)
  if (!isObject(item) || name === null || name === '') return ['Mapping name should have value']
  const problems: string[] = []
  if (!/^[\p{L}\p{N} ]+$/u.test(name)) problems.push(`${name} is invalid mapping name. Mapping name should be alpha numeric`)
  if (names.filter((n) => n === name).length > 1) problems.push('Mapping Name should be unique')
  const [tables, columns, config] = [decoded(item['lookup_table']), decoded(item['mapping_json']), decoded(item['config'])]
  if (!isObject(tables)) problems.push('Incorrect values provided for lookup_table property')
  if (!isObject(columns)) problems.push('Incorrect values provided for mapping_json property')
  if (isObject(tables)) {
    for (const [key, word] of [
      ['instance', 'Instance'],
      ['enrollments', 'Enrollments'],
      ['event', 'Event'],
    ] as const)
      if (typeof tables[key] !== 'string' || tables[key].trim() === '') problems.push(`${word} table name is missing`)
  }
  if (isObject(columns)) {
    for (const [key, word] of [
      ['instance', 'Instance'],
      ['event', 'Event'],
    ] as const) {
      const part = columns[key]
      if (part === undefined) problems.push(`${word} mapping is missing`)
      else if (!isObject(part) || Object.values(part).some((uid) => typeof uid !== 'string'))
        problems.push(`Incorrect values provided for mapping_json ${key} property`)
      else if (Object.keys(part).length === 0) problems.push(`${word === 'Event' ? 'Events' : word} mappings is missing`)
    }
  }
  // the exports of 2018 have no config
  if (config !== undefined && config !== null && config !== '')
    problems.push(...configProblems(config, isObject(columns) && isObject(columns['instance']) ? columns['instance'] : null))
  return problems
}

/** @param instance null: it is wrong itself, and says nothing of the columns */
function configProblems(config: unknown, instance: Readonly<Record<string, unknown>> | null): string[] {
  if (!isObject(config)) return ['Incorrect values provided for config property']
  const problems: string[] = []
  const mapped = instance && new Set(Object.keys(instance).flatMap((column) => (instance[column] === '' ? [] : [unescapeHtml(column)])))
  for (const key of ['searchable', 'comparable'] as const) {
    // absent is refused too: a misspelt key would switch the search for patients off
    const list = config[key]
    if (!Array.isArray(list)) problems.push(`${key} value should be an array`)
    else if (list.some((column) => typeof column !== 'string' || mapped?.has(unescapeHtml(column)) === false))
      problems.push(`All ${key} values should contain mapping`)
  }
  const open = config['openLatestCompletedEnrollment']
  if (typeof open !== 'string')
    problems.push("OpenLatestCompletedEnrollment config value is missing or it is not of type string. Accepted values are 'yes' and 'no'")
  else if (open !== 'yes' && open !== 'no')
    problems.push("OpenLatestCompletedEnrollment config value is incorrect. Accepted values are 'yes' and 'no'")
  const onRejected = config['onRejected']
  if (onRejected !== undefined && onRejected !== 'stop' && onRejected !== 'continue')
    problems.push("onRejected config value is incorrect. Accepted values are 'stop' and 'continue'")
  return problems
}

/** From a row of the mapping table, or an item of a valid file. What is missing gets the originals' defaults. */
export function mappingFromParts(parts: MappingParts): Mapping {
  const tables = record(decoded(parts.lookup_table))
  const columns = record(decoded(parts.mapping_json))
  const config = record(decoded(parts.config))
  const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '')
  const list = (value: unknown) => (Array.isArray(value) ? value.filter((v) => typeof v === 'string').map(unescapeHtml) : [])
  // a name that was never escaped wins over one that was
  const escapedFirst = ([a]: [string, unknown], [b]: [string, unknown]) => Number(unescapeHtml(a) === a) - Number(unescapeHtml(b) === b)
  const uids = (value: unknown) =>
    Object.fromEntries(
      Object.entries(record(value))
        .toSorted(escapedFirst)
        .map(([column, uid]) => [unescapeHtml(column), text(uid)]),
    )
  return {
    name: parts.mapping_name.trim(),
    tables: { instance: text(tables['instance']), enrollments: text(tables['enrollments']), event: text(tables['event']) },
    instance: uids(columns['instance']),
    event: uids(columns['event']),
    searchable: list(config['searchable']),
    comparable: list(config['comparable']),
    openLatestCompletedEnrollment: config['openLatestCompletedEnrollment'] === 'yes' ? 'yes' : 'no',
    onRejected: config['onRejected'] === 'continue' ? 'continue' : 'stop',
  }
}

/** In the originals' shape, mapped columns only; `onRejected` is written only where it is not their behaviour. */
export function mappingParts(mapping: Mapping): {
  mapping_name: string
  lookup_table: Mapping['tables']
  mapping_json: Pick<Mapping, 'instance' | 'event'>
  config: Record<string, unknown>
} {
  const { name, tables, instance, event, searchable, comparable, openLatestCompletedEnrollment, onRejected } = mapping
  const config = { searchable, comparable, openLatestCompletedEnrollment, ...(onRejected === 'continue' && { onRejected }) }
  return { mapping_name: name, lookup_table: tables, mapping_json: { instance: mappedOnly(instance), event: mappedOnly(event) }, config }
}

const mappedOnly = (columns: Mapping['instance']) => Object.fromEntries(Object.entries(columns).filter(([, uid]) => uid !== ''))

export const formatMappingFile = (mappings: readonly Mapping[]) => `${JSON.stringify(mappings.map(mappingParts), null, 2)}\n`

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const record = (value: unknown) => (isObject(value) ? value : {})

/** Columns of json may hold JSON as text: the import of the last generation sent it so. */
function decoded(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00a0',
}

/** The original form read a column's name from its cell's HTML, so such names never matched the column. */
const unescapeHtml = (text: string) => text.replaceAll(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity]!)
