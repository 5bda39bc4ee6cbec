/** What is wrong with an item of a mapping file. */
import { decoded, isObject, isStorable, record, text, texts, unescapeHtml } from './loose-json.ts'
import { chunkSizeSchema, CONSTANTS, usedTwice } from './mapping.ts'

export const nameOf = (item: unknown): string | null => {
  const name = isObject(item) ? item['mapping_name'] : undefined
  return typeof name === 'string' ? name.trim() : null
}

/** In the originals' order and words, and then what they did not know in the same manner. */
export function problemsOf(item: unknown, names: readonly (string | null)[]): string[] {
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
  if (!isStorable([name, tables, columns, config])) problems.push('It has a character that no database stores (NUL, or half of one)')
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
  const size = config['chunkSize']
  if (size !== undefined && !chunkSizeSchema.safeParse(size).success)
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
  const isTable = (table: unknown) =>
    isObject(table) && Object.entries(table).every(([from, to]) => text(from) !== '' && typeof to === 'string')
  if (!isObject(translations) || !Object.values(translations).every(isTable))
    return [`Incorrect values provided for config ${where} property`]
  return Object.keys(translations).every((column) => mapped?.has(unescapeHtml(column)) !== false)
    ? []
    : [`All config ${where} columns should contain mapping`]
}
