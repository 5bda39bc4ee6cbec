/**
 * The originals' export file and mapping rows ↔ Mapping. All generations: 2018 without config, JSON as text, HTML-escaped column names. What the originals
 * did not know stands in `config`: further event relations, constants, translations, the size of a chunk.
 */
import { CONSTANTS, usedTwice, type EventRelation, type Mapping } from './mapping.ts'

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
    problems.push(...configProblems(config, record(tables)['event'], isObject(columns) ? columns : {}))
  return problems
}

/** Columns with a UID; null: they are wrong themselves, and say nothing. */
const mappedNames = (columns: unknown): ReadonlySet<string> | null =>
  isObject(columns) ? new Set(Object.keys(columns).flatMap((column) => (columns[column] === '' ? [] : [unescapeHtml(column)]))) : null

function configProblems(config: unknown, eventTable: unknown, columns: Readonly<Record<string, unknown>>): string[] {
  if (!isObject(config)) return ['Incorrect values provided for config property']
  const problems: string[] = []
  const mapped = mappedNames(columns['instance'])
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
  if (config['chunkSize'] !== undefined && chunkSizeOf(config['chunkSize']) === null)
    problems.push('chunkSize config value is incorrect. Accepted values are whole numbers from 1 to 1000')
  const { constants = {}, translations = {}, events = [] } = config
  if (isObject(constants) && Object.keys(constants).every((part) => Object.hasOwn(CONSTANTS, part))) {
    for (const part of ['instance', 'enrollments', 'event'] as const)
      problems.push(...constantProblems(constants[part], part, `constants ${part}`))
  } else problems.push('Incorrect values provided for config constants property')
  if (isObject(translations) && Object.keys(translations).every((part) => part === 'instance' || part === 'event')) {
    for (const part of ['instance', 'event'] as const)
      problems.push(...translationProblems(translations[part], mappedNames(columns[part]), `translations ${part}`))
  } else problems.push('Incorrect values provided for config translations property')
  problems.push(...(Array.isArray(events) ? eventsProblems(events, eventTable, constants) : ['events value should be an array']))
  return problems
}

/** Those after the first, which stands where the originals have their one. */
function eventsProblems(events: readonly unknown[], firstTable: unknown, constants: unknown): string[] {
  const problems = events.flatMap((event, i) => eventProblems(event, i + 2))
  if (problems.length > 0 || typeof firstTable !== 'string') return problems
  const all = [{ table: firstTable, constants: record(constants)['event'] }, ...events.map(record)]
  const twice = usedTwice(all.map((event) => ({ table: text(event['table']), constants: texts(event['constants']) })))
  if (twice === null) return []
  return [`Event table ${twice} is used more than once. Each use should have another program or program_stage constant`]
}

function eventProblems(event: unknown, number: number): string[] {
  if (!isObject(event)) return [`Incorrect values provided for config events property`]
  const { table, columns } = event
  const problems: string[] = []
  if (typeof table !== 'string' || table.trim() === '') problems.push(`Event ${number} table name is missing`)
  if (columns === undefined) problems.push(`Event ${number} mapping is missing`)
  else if (!isObject(columns) || Object.values(columns).some((uid) => typeof uid !== 'string'))
    problems.push(`Incorrect values provided for config events ${number} columns property`)
  else if (Object.keys(columns).length === 0) problems.push(`Event ${number} mappings is missing`)
  problems.push(...constantProblems(event['constants'], 'event', `events ${number} constants`))
  problems.push(...translationProblems(event['translations'], mappedNames(columns), `events ${number} translations`))
  return problems
}

function constantProblems(constants: unknown, part: keyof typeof CONSTANTS, where: string): string[] {
  if (constants === undefined) return []
  const known: readonly string[] = CONSTANTS[part]
  if (!isObject(constants) || Object.values(constants).some((value) => typeof value !== 'string' || value.trim() === ''))
    return [`Incorrect values provided for config ${where} property`]
  return Object.keys(constants).every((column) => known.includes(column))
    ? []
    : [`config ${where} value is incorrect. Accepted columns are ${known.join(', ')}`]
}

function translationProblems(translations: unknown, mapped: ReadonlySet<string> | null, where: string): string[] {
  if (translations === undefined) return []
  const isTable = (table: unknown) => isObject(table) && Object.values(table).every((value) => typeof value === 'string')
  if (!isObject(translations) || !Object.values(translations).every(isTable))
    return [`Incorrect values provided for config ${where} property`]
  return Object.keys(translations).every((column) => mapped?.has(unescapeHtml(column)) !== false)
    ? []
    : [`All config ${where} columns should contain mapping`]
}

/** From a row of the mapping table, or an item of a valid file. What is missing gets the originals' defaults. */
export function mappingFromParts(parts: MappingParts): Mapping {
  const tables = record(decoded(parts.lookup_table))
  const columns = record(decoded(parts.mapping_json))
  const config = record(decoded(parts.config))
  const constants = record(config['constants'])
  const translations = record(config['translations'])
  const list = (value: unknown) => (Array.isArray(value) ? value.filter((v) => typeof v === 'string').map(unescapeHtml) : [])
  const further = Array.isArray(config['events']) ? config['events'].map(record) : []
  const first = {
    table: tables['event'],
    columns: columns['event'],
    constants: constants['event'],
    translations: translations['event'],
  }
  return {
    name: parts.mapping_name.trim(),
    instance: {
      table: text(tables['instance']),
      columns: byColumn(columns['instance'], text),
      constants: texts(constants['instance']),
      translations: byColumn(translations['instance'], translation),
    },
    enrollments: { table: text(tables['enrollments']), constants: texts(constants['enrollments']) },
    events: [first, ...further].map((event) => ({
      table: text(event['table']),
      columns: byColumn(event['columns'], text),
      constants: texts(event['constants']),
      translations: byColumn(event['translations'], translation),
    })),
    searchable: list(config['searchable']),
    comparable: list(config['comparable']),
    openLatestCompletedEnrollment: config['openLatestCompletedEnrollment'] === 'yes' ? 'yes' : 'no',
    onRejected: config['onRejected'] === 'continue' ? 'continue' : 'stop',
    chunkSize: chunkSizeOf(config['chunkSize']),
  }
}

const chunkSizeOf = (value: unknown) => (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1000 ? value : null)
const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '')
const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).flatMap(([name, given]) => (text(given) === '' ? [] : [[name, text(given)]])))
const translation = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).map(([from, to]) => [from.trim(), typeof to === 'string' ? to : '']))

function byColumn<T>(value: unknown, read: (value: unknown) => T): Record<string, T> {
  // a name that was never escaped wins over one that was
  const escapedFirst = ([a]: [string, unknown], [b]: [string, unknown]) => Number(unescapeHtml(a) === a) - Number(unescapeHtml(b) === b)
  return Object.fromEntries(
    Object.entries(record(value))
      .toSorted(escapedFirst)
      .map(([column, of]) => [unescapeHtml(column), read(of)]),
  )
}

/** In the originals' shape, mapped columns only; what they did not know is written only where it is not their behaviour. */
export function mappingParts(mapping: Mapping): {
  mapping_name: string
  lookup_table: { instance: string; enrollments: string; event: string }
  mapping_json: { instance: Record<string, string>; event: Record<string, string> }
  config: Record<string, unknown>
} {
  const { name, instance, enrollments, events, searchable, comparable, openLatestCompletedEnrollment, onRejected, chunkSize } = mapping
  const [event, ...further] = events as [EventRelation, ...EventRelation[]]
  const [columns, eventColumns] = [mappedOnly(instance), mappedOnly(event)]
  return {
    mapping_name: name,
    lookup_table: { instance: instance.table, enrollments: enrollments.table, event: event.table },
    mapping_json: { instance: columns.columns, event: eventColumns.columns },
    config: {
      searchable,
      comparable,
      openLatestCompletedEnrollment,
      ...(onRejected === 'continue' && { onRejected }),
      ...(chunkSize !== null && { chunkSize }),
      ...filled({
        constants: filled({ instance: instance.constants, enrollments: enrollments.constants, event: event.constants }),
        translations: filled({ instance: columns.translations, event: eventColumns.translations }),
      }),
      ...(further.length > 0 && { events: further.map(furtherEvent) }),
    },
  }
}

function furtherEvent(event: EventRelation): Record<string, unknown> {
  const { columns, translations } = mappedOnly(event)
  return { table: event.table, columns, ...filled({ constants: event.constants, translations }) }
}

/** Columns that are not mapped, and translations that translate nothing, are not written. */
function mappedOnly({ columns, translations }: Pick<EventRelation, 'columns' | 'translations'>) {
  const mapped = Object.fromEntries(Object.entries(columns).filter(([, uid]) => uid !== ''))
  return {
    columns: mapped,
    translations: filled(Object.fromEntries(Object.entries(translations).filter(([c]) => Object.hasOwn(mapped, c)))),
  }
}

const filled = <T extends object>(parts: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0))

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
