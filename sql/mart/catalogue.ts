/** What the Mart has now: its relations are dropped and rebuilt while we run, so names are looked up before each use, and only names found here get into SQL. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { REQUIRED_COLUMNS } from '../../src/core/fixed-columns.ts'
import { groupBy } from '../../src/core/group-by.ts'
import { relationsOf, type MappedRelation, type Mapping } from '../../src/core/mapping.ts'
import { KIND_WORDS } from '../../src/core/rejection.ts'
import { MartMisfitError } from './mart-error.ts'

/** A mapping's relation that the Mart has. */
export interface Relation extends MappedRelation {
  /** column → PostgreSQL's type */
  types: ReadonlyMap<string, string>
}

/** Bahmni Mart rebuilt a relation while it was read: the rows of the new one are none of our transaction's. The same passes when the Mart is done. */
export class MartRebuiltError extends MartMisfitError {
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
  const names = relationsOf(mapping).map(({ table }) => table)
  const rebuilt = await tx.anyFirst(sql.type(z.object({ relname: z.string() }))`
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${martSchema} and c.relname = any (${sql.array(names, 'text')})
      and (c.oid is distinct from to_regclass(quote_ident(n.nspname) || '.' || quote_ident(c.relname))::oid
        or c.relfilenode is distinct from coalesce(pg_relation_filenode(c.oid), 0))`)
  if (rebuilt.length > 0) throw new MartRebuiltError(mapping.name)
}

/** Of those that the Mart has: column → PostgreSQL's type. */
export async function readTypes(
  tx: CommonQueryMethods,
  martSchema: string,
  names: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const rows = await tx.any(sql.type(z.object({ relation: z.string(), column_name: z.string(), type: z.string() }))`
    select c.relname as relation, a.attname as column_name, format_type(a.atttypid, null) as type
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = ${martSchema} and c.relname = any (${sql.array([...names], 'text')}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and a.attnum > 0 and not a.attisdropped`)
  return new Map(
    [...groupBy(rows, (row) => row.relation)].map(([name, columns]) => [name, new Map(columns.map((c) => [c.column_name, c.type]))]),
  )
}

/** The mapping's relations with their columns: patients, enrollments, then events. @throws MartMisfitError naming the relation or the column */
export async function readRelations(tx: CommonQueryMethods, martSchema: string, mapping: Mapping): Promise<Relation[]> {
  const relations = relationsOf(mapping)
  const there = await readTypes(
    tx,
    martSchema,
    relations.map(({ table }) => table),
  )
  return relations.map((relation): Relation => {
    const { kind, table, columns, constants } = relation
    const types = there.get(table)
    const word = KIND_WORDS[kind]
    if (types === undefined)
      throw new MartMisfitError(
        `Mapping "${mapping.name}": the ${word} relation "${table}" is not in the Mart (schema ${martSchema}). Is Bahmni Mart being rebuilt? Otherwise correct the mapping.`,
      )
    const required = [...REQUIRED_COLUMNS[kind].filter((column) => constants[column] === undefined), ...columns.map(([column]) => column)]
    const missing = required.find((column) => !types.has(column))
    if (missing !== undefined)
      throw new MartMisfitError(
        `Mapping "${mapping.name}": column "${missing}" is not in the ${word} relation "${table}". Correct the mapping or the Mart's SQL.`,
      )
    return { ...relation, types }
  })
}
