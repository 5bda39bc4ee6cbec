/** What the Mart has now: its relations are dropped and rebuilt while we run, so names are looked up before each use, and only names found here get into SQL. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { RunFailure } from '../../src/errors.ts'
import { eventColumns, instanceColumns, type Mapping } from '../../src/core/mapping.ts'
import { KIND_WORDS } from '../../src/core/rejection.ts'
import type { Kind } from '../../src/core/model.ts'

export interface Relation {
  name: string
  /** column → PostgreSQL's type */
  columns: ReadonlyMap<string, string>
}
export type Relations = Readonly<Record<Kind, Relation>>

export const PATIENT = 'Patient_Identifier'
export const ORG_UNIT = 'OrgUnit'

const REQUIRED: Readonly<Record<Kind, readonly string[]>> = {
  trackedEntity: [PATIENT, ORG_UNIT, 'date_created'],
  enrollment: [PATIENT, ORG_UNIT, 'date_created', 'program', 'program_unique_id', 'enrollment_date', 'status'],
  event: [PATIENT, ORG_UNIT, 'date_created', 'program', 'program_stage', 'event_unique_id', 'enrollment_date', 'event_date'],
}

/** Bahmni Mart rebuilt a relation while it was read: the rows of the new one are none of our transaction's. The same passes when the Mart is done. */
export class MartRebuiltError extends RunFailure {
  constructor(mappingName: string) {
    super(`Mapping "${mappingName}": the Mart was being rebuilt while it was read. Sync again when Bahmni Mart is done.`, {
      transient: true,
    })
  }
}

/**
 * To be asked in a repeatable-read transaction after its reads, whose locks keep the relations from then on: its own view of the catalogue is as old as
 * its view of the rows, while a name leads to what is there now. @throws MartRebuiltError
 */
export async function refuseRebuilt(tx: CommonQueryMethods, martSchema: string, mapping: Mapping): Promise<void> {
  const names = Object.values(mapping.tables)
  const rebuilt = await tx.anyFirst(sql.type(z.object({ relname: z.string() }))`
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${martSchema} and c.relname = any (${sql.array(names, 'text')})
      and (c.oid is distinct from to_regclass(quote_ident(n.nspname) || '.' || quote_ident(c.relname))::oid
        or c.relfilenode is distinct from coalesce(pg_relation_filenode(c.oid), 0))`)
  if (rebuilt.length > 0) throw new MartRebuiltError(mapping.name)
}

/** The mapping's three relations with their columns. @throws RunFailure naming the relation or the column */
export async function readRelations(tx: CommonQueryMethods, martSchema: string, mapping: Mapping): Promise<Relations> {
  const names: Readonly<Record<Kind, string>> = {
    trackedEntity: mapping.tables.instance,
    enrollment: mapping.tables.enrollments,
    event: mapping.tables.event,
  }
  const mapped: Readonly<Record<Kind, readonly string[]>> = {
    trackedEntity: instanceColumns(mapping).map(([column]) => column),
    enrollment: [],
    event: eventColumns(mapping).map(([column]) => column),
  }
  const rows = await tx.any(sql.type(z.object({ relation: z.string(), column_name: z.string(), type: z.string() }))`
    select c.relname as relation, a.attname as column_name, format_type(a.atttypid, null) as type
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = ${martSchema} and c.relname = any (${sql.array(Object.values(names), 'text')}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and a.attnum > 0 and not a.attisdropped`)
  const read = (kind: Kind): Relation => {
    const columns = new Map(rows.filter((row) => row.relation === names[kind]).map((row) => [row.column_name, row.type]))
    const word = KIND_WORDS[kind]
    if (columns.size === 0)
      throw new RunFailure(
        `Mapping "${mapping.name}": the ${word} relation "${names[kind]}" is not in the Mart (schema ${martSchema}). Is Bahmni Mart being rebuilt? Otherwise correct the mapping.`,
      )
    const missing = [...REQUIRED[kind], ...mapped[kind]].find((column) => !columns.has(column))
    if (missing !== undefined)
      throw new RunFailure(
        `Mapping "${mapping.name}": column "${missing}" is not in the ${word} relation "${names[kind]}". Correct the mapping or the Mart's SQL.`,
      )
    return { name: names[kind], columns }
  }
  return { trackedEntity: read('trackedEntity'), enrollment: read('enrollment'), event: read('event') }
}
