/** Who names a mapping, and what becomes of it when the mapping gets another name or goes. The tracker tables name none. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'

interface Named {
  table: string
  column: string
  /**
   * When the mapping goes, too: it is of use to this mapping alone. What stays says what was done, and by whom. A mapping of the same name that is made
   * later begins anew, and finds again what the tracker tables name.
   */
  gone: 'too' | 'stays'
}

/** All that does; a test looks for others. */
export const NAMED: readonly Named[] = [
  { table: 'marker', column: 'program_name', gone: 'too' },
  { table: 'log', column: 'program', gone: 'stays' },
  { table: 'sync_run', column: 'mapping_name', gone: 'stays' },
  { table: 'sync_confirmed', column: 'mapping_name', gone: 'too' },
  { table: 'sync_doubt', column: 'mapping_name', gone: 'too' },
  { table: 'sync_rejected', column: 'mapping_name', gone: 'too' },
  { table: 'sync_schedule', column: 'mapping_name', gone: 'too' },
]

/** What the runs of a mapping copied of the Mart: patients' data that nobody needs any more. */
const COPIES = ['sync_snapshot_row', 'sync_plan', 'sync_patient', 'sync_run_record']

/** All that names it follows. Nothing has the new name but what was left of a mapping that is no more. */
export async function renameMapping(tx: CommonQueryMethods, from: string, to: string): Promise<void> {
  await forgetMapping(tx, to)
  for (const { table, column } of NAMED)
    await tx.query(
      sql.unsafe`update ${sql.identifier([table])} set ${sql.identifier([column])} = ${to} where ${sql.identifier([column])} = ${from}`,
    )
}

/** Did it ever sync, or try to? */
export function hasHistory(tx: CommonQueryMethods, name: string): Promise<boolean> {
  // what will be is no history
  const rows = NAMED.filter(({ table }) => table !== 'sync_schedule').map(({ table, column }) => {
    // a new mapping has its markers already, without a date
    const used = table === 'marker' ? sql.fragment`and last_synced_date is not null` : sql.fragment``
    return sql.fragment`exists (select from ${sql.identifier([table])} where ${sql.identifier([column])} = ${name} ${used})`
  })
  return tx.oneFirst(sql.type(z.object({ has: z.boolean() }))`select ${sql.join(rows, sql.fragment` or `)} as has`)
}

export async function forgetMapping(tx: CommonQueryMethods, name: string): Promise<void> {
  for (const table of COPIES)
    await tx.query(sql.unsafe`
      delete from ${sql.identifier([table])} where run_id in (select run_id from sync_run where mapping_name = ${name})`)
  for (const { table, column } of NAMED.filter(({ gone }) => gone === 'too'))
    await tx.query(sql.unsafe`delete from ${sql.identifier([table])} where ${sql.identifier([column])} = ${name}`)
}
