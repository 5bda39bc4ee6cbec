/**
 * The originals' export file and mapping rows ↔ Mapping. All generations: 2018 without config, JSON as text, HTML-escaped column names. What the originals
 * did not know stands in `config`: further event relations, constants, translations, the size of a chunk.
 */
import { decoded, record, text, texts, unescapeHtml } from './loose-json.ts'
import { nameOf, problemsOf } from './mapping-file-problems.ts'
import { chunkSizeSchema, type EventRelation, type Mapping } from './mapping.ts'

/** The columns of the mapping table, and the properties of an exported mapping. */
export interface MappingParts {
  mapping_name: string
  lookup_table: unknown
  mapping_json: unknown
  config?: unknown
}

interface FileProblem {
  /** position in the file, from 1; 0: the file itself */
  item: number
  name: string | null
  problem: string
}

interface ParsedFile {
  mappings: Mapping[]
  problems: FileProblem[]
}

const whole = (problem: string): ParsedFile => ({ mappings: [], problems: [{ item: 0, name: null, problem }] })
const AGAIN = 'Please correct the file and import again'

/** Every problem of every item, in the originals' order and texts; no mapping unless there are none. */
export function parseMappingFile(text: string): ParsedFile {
  let items: unknown
  try {
    // Windows' Notepad begins a file with a byte order mark
    items = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return whole('Error while validating json file. Please import valid json file')
  }
  return parseMappings(items)
}

/** As parseMappingFile, of what the JSON says. */
export function parseMappings(items: unknown): ParsedFile {
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
    chunkSize: chunkSizeSchema.nullable().catch(null).parse(config['chunkSize']),
  }
}

const translation = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(value)).flatMap(([from, to]) => (text(from) === '' || typeof to !== 'string' ? [] : [[text(from), to]])),
  )

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
