/** What is looked at to tell whether a mapping fits the Mart and DHIS2, and what is found. */
import type { MappedRelation } from './mapping.ts'
import type { Metadata, TrackedEntityType } from './model.ts'

/** What the Mart has of one of the mapping's relations. */
export interface RelationFacts {
  /** column → PostgreSQL's type; null: the Mart has no such relation */
  types: ReadonlyMap<string, string> | null
  /** null: not to be had, and `problem` says why */
  content: RelationContent | null
  /** goes on from 'The relation "x" '; null: there is none */
  problem: string | null
}

export interface RelationContent {
  /** each combination of program, stage and org unit code that its rows name, constants included */
  places: readonly Place[]
  /** its newest rows; `values` are in the order of the mapped columns, null for one that the relation does not have */
  sample: readonly SampleRow[]
}
export interface Place {
  program: string | null
  stage: string | null
  orgUnit: string | null
  rows: number
}
export interface SampleRow {
  program: string | null
  stage: string | null
  values: readonly (string | null)[]
}

/** What DHIS2 has. */
export interface Dhis2Facts {
  /** with the programs that the relations name */
  metadata: Metadata
  /** null: not known */
  trackedEntityType: TrackedEntityType | null
  /** mapped UIDs that are none of the metadata's, by what they are, in words: 'the program "HTS"' */
  others: ReadonlyMap<string, string>
}

export interface Finding {
  /** error: records will be refused, or a run fails; warning: it may be meant so */
  severity: 'error' | 'warning'
  part: 'instance' | 'enrollments' | 'events' | 'config'
  /** which of the event relations, from 0 */
  index: number | null
  relation: string | null
  field: 'table' | 'column' | 'uid' | 'constant' | 'translation' | 'searchable' | 'comparable' | 'value'
  column: string | null
  /** one sentence without patient data, unless examples were asked for */
  message: string
  remedy: string
}

/** A relation of the mapping with what the Mart has of it. */
export interface Looked extends MappedRelation {
  facts: RelationFacts
}

const PARTS = { trackedEntity: 'instance', enrollment: 'enrollments', event: 'events' } as const

type Told = Pick<Finding, 'field' | 'message' | 'remedy'> & { column?: string | null }

/** Findings about one relation. */
export function about({ kind, source, table }: MappedRelation) {
  const finding = (severity: Finding['severity'], { column = null, ...told }: Told): Finding => ({
    severity,
    part: PARTS[kind],
    index: kind === 'event' ? source : null,
    relation: table,
    column,
    ...told,
  })
  return {
    error: (told: Told) => finding('error', told),
    warning: (told: Told) => finding('warning', told),
  }
}

/** "1 row", "37 rows" */
export const counted = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`

const NAMED = 5
/** The first few of a list, in quotes. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMED
  return `${names
    .slice(0, NAMED)
    .map((name) => `"${name}"`)
    .join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
