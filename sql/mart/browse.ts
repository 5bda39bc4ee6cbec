/** What the Mart has, to choose from in a mapping: its relations, their columns, and a few values of each. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import type { MartColumn, MartOptions, Store } from '../store/store.ts'

/** The originals' tables; all others of ours begin with sync_. */
const OURS = ['mapping', 'marker', 'log', 'instance_tracker', 'enrollment_tracker', 'event_tracker', 'orgunit_tracker']
/** Of Liquibase and Spring Batch, which the Java services and Bahmni Mart itself keep their books with. */
const BOOKKEEPING = '^(databasechangelog(lock)?|batch_(job|step)_(instance|execution(_params|_context)?))$'

const SAMPLE_ROWS = 200
const SAMPLE_VALUES = 5
const SAMPLE_LENGTH = 60
/** A view of a thousand lines may take minutes for its first row, and a Mart that is being rebuilt locks its tables: nobody waits for samples. */
const SAMPLE_MS = 2000

export function browseMethods(
  pool: DatabasePool,
  options: Pick<MartOptions, 'martSchema' | 'storeSchema'>,
): Pick<Store, 'listMartRelations' | 'readMartColumns'> {
  return {
    listMartRelations: (search) =>
      pool.any(sql.type(z.object({ name: z.string(), type: z.enum(['table', 'view']) }))`
        select c.relname as name, case when c.relkind in ('v', 'm') then 'view' else 'table' end as type
        from ${relations(options)} and position(lower(${search}) in lower(c.relname)) > 0
        order by c.relname`),

    async readMartColumns(relation, withSamples) {
      const columns = await pool.any(sql.type(z.object({ name: z.string(), type: z.string() }))`
        select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
        from ${relations(options)} and c.relname = ${relation} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`)
      if (columns.length === 0) return null
      const names = columns.map(({ name }) => name)
      const samples = withSamples ? await readSamples(pool, options.martSchema, relation, names).catch(() => null) : null
      return columns.map((column, i): MartColumn => ({ ...column, samples: samples?.[i] ?? null }))
    },
  }
}

/**
 * from …, as c: tables, views, materialized views, foreign and partitioned tables that are the Mart's own. In the same schema, as the Java services
 * had it, ours stand among them.
 */
function relations(options: Pick<MartOptions, 'martSchema' | 'storeSchema'>): FragmentSqlToken {
  return sql.fragment`
    pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = ${options.martSchema}
      and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and c.relname !~* ${BOOKKEEPING} and ${notOurs(options, sql.fragment`c.relname`)}
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`
}

/** Our accounts and sessions are in no Mart. */
export const notOurs = ({ martSchema, storeSchema }: Pick<MartOptions, 'martSchema' | 'storeSchema'>, name: FragmentSqlToken) =>
  martSchema === storeSchema
    ? sql.fragment`(${name} <> all (${sql.array(OURS, 'text')}) and not starts_with(${name}, 'sync_'))`
    : sql.fragment`true`

/** Different values of each column among the first rows, shortened. @throws when it takes too long, or our account may not read it */
async function readSamples(pool: DatabasePool, martSchema: string, relation: string, columns: readonly string[]): Promise<string[][]> {
  const rows = await withinTime(pool, SAMPLE_MS, (tx) => {
    const texts = sql.join(
      columns.map((name) => sql.fragment`left(m.${sql.identifier([name])}::text, ${SAMPLE_LENGTH})`),
      sql.fragment`, `,
    )
    return tx.any(sql.type(z.object({ texts: z.array(z.string().nullable()) }))`
      select array[${texts}]::text[] as texts from ${sql.identifier([martSchema, relation])} as m limit ${SAMPLE_ROWS}`)
  })
  return columns.map((_, i) => {
    const values = new Set(rows.map(({ texts }) => texts[i]?.trim() ?? ''))
    values.delete('')
    return [...values].slice(0, SAMPLE_VALUES)
  })
}

/** Reads only, and no longer than that, waiting for locks included. @throws StatementTimeoutError */
export function withinTime<T>(pool: DatabasePool, ms: number, read: (tx: CommonQueryMethods) => Promise<T>): Promise<T> {
  return pool.transaction(async (tx) => {
    await tx.query(sql.unsafe`set transaction read only`)
    await tx.query(sql.unsafe`select set_config('statement_timeout', ${String(ms)}, true)`)
    return read(tx)
  })
}
