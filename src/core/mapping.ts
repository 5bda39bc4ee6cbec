/** A mapping: which Mart relations belong to a service, and which of their columns go to which DHIS2 attributes and data elements. */
import { z } from 'zod'
import type { Kind } from './model.ts'

const tableName = z.string().trim().min(1, 'A table name is missing.')
/** column → UID; "" = not mapped */
const columns = z.record(z.string(), z.string())
/** column → Mart text, without blanks around → the text that is converted for DHIS2 instead */
const translations = z.record(z.string(), z.record(z.string().trim().min(1), z.string()))
/** stands in every row for a column that the relation need not have then */
const constant = z.string().trim().min(1).optional()

export const chunkSizeSchema = z.int().min(1).max(1000)

/** The columns that a constant can stand for. */
export const CONSTANTS = {
  instance: ['OrgUnit'],
  enrollments: ['OrgUnit', 'program'],
  event: ['OrgUnit', 'program', 'program_stage'],
} as const

const eventRelation = z.object({
  table: tableName,
  columns,
  constants: z.object({ OrgUnit: constant, program: constant, program_stage: constant }),
  translations,
})
export type EventRelation = z.infer<typeof eventRelation>

export const mappingSchema = z.object({
  name: z.string().trim().min(1),
  instance: z.object({ table: tableName, columns, constants: z.object({ OrgUnit: constant }), translations }),
  enrollments: z.object({ table: tableName, constants: z.object({ OrgUnit: constant, program: constant }) }),
  events: z
    .array(eventRelation)
    .min(1)
    .refine(
      (events) => usedTwice(events) === null,
      'An event table can be used again only with another program or program_stage constant.',
    ),
  searchable: z.array(z.string()),
  comparable: z.array(z.string()),
  openLatestCompletedEnrollment: z.enum(['yes', 'no']),
  /** what a run does when a record was rejected: end after the step, as the document says, or go on */
  onRejected: z.enum(['stop', 'continue']),
  /** patients in a request; null: as the setting says */
  chunkSize: chunkSizeSchema.nullable(),
})
export type Mapping = z.infer<typeof mappingSchema>

type Translation = Readonly<Record<string, string>>
/** In the order of a row's `values`; the SQL that reads the Mart uses the same list. */
export type MappedColumns = readonly (readonly [column: string, uid: string, translation: Translation])[]

export function mappedColumns(relation: Pick<EventRelation, 'columns' | 'translations'>): MappedColumns {
  const known = listed.get(relation)
  if (known) return known
  const { columns, translations } = relation
  // sorted: the order of keys in a JSON column must not change a record's hash
  const list = Object.entries(columns)
    .filter(([, uid]) => uid.trim() !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([column, uid]) => [column, uid, Object.hasOwn(translations, column) ? translations[column]! : {}] as const)
  listed.set(relation, list)
  return list
}

/** They are asked for with every row. */
const listed = new WeakMap<object, MappedColumns>()

/** A text that is not in the table goes as it is; an empty one is never in it. */
export function translated(text: string | null, translation: Translation): string | null {
  const key = text?.trim() ?? ''
  return key !== '' && Object.hasOwn(translation, key) ? translation[key]! : text
}

/** A relation of a mapping, whatever its kind. */
export interface MappedRelation {
  kind: Kind
  /** among the mapping's event relations; 0 for the others */
  source: number
  table: string
  columns: MappedColumns
  constants: Readonly<Record<string, string | undefined>>
}

/** Patients, enrollments, then events. */
export function relationsOf({ instance, enrollments, events }: Mapping): MappedRelation[] {
  const { table, constants } = enrollments
  return [
    { kind: 'trackedEntity', source: 0, table: instance.table, columns: mappedColumns(instance), constants: instance.constants },
    { kind: 'enrollment', source: 0, table, columns: [], constants },
    ...events.map((event, source): MappedRelation => ({
      kind: 'event',
      source,
      table: event.table,
      columns: mappedColumns(event),
      constants: event.constants,
    })),
  ]
}

/** An event table that would deliver every record twice: nothing keeps the keys of its two uses apart. */
export function usedTwice(events: readonly Pick<EventRelation, 'table' | 'constants'>[]): string | null {
  const apart = (a: EventRelation['constants'], b: EventRelation['constants']) =>
    (['program', 'program_stage'] as const).some((name) => a[name] !== undefined && b[name] !== undefined && a[name] !== b[name])
  const twice = events.find(({ table, constants }, i) =>
    events.slice(0, i).some((earlier) => earlier.table === table && !apart(earlier.constants, constants)),
  )
  return twice?.table ?? null
}
