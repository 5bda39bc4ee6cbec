/** Patient data is kept no longer than it is needed: values go, the fact stays. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'

/** Open records keep their values: they are the work list. A run that goes on is left alone, and so is `exceptRun`, whose report is about to be read. */
export async function eraseOld(pool: DatabasePool, days: number, exceptRun: string | null): Promise<{ records: number; runs: number }> {
  const before = sql.fragment`now() - make_interval(days => ${days})`
  const { rowCount: records } = await pool.query(sql.unsafe`
    update sync_rejected set erased_at = now(), patient_id = null, rejection = jsonb_build_object('code', code, 'message', '', 'dhis2Code', rejection -> 'dhis2Code',
      'column', rejection -> 'column', 'dhis2Uid', null, 'dhis2Name', rejection -> 'dhis2Name', 'value', null)
    where state <> 'open' and erased_at is null and greatest(last_at, dismissed_at) < ${before}`)
  const runs = await pool.anyFirst(sql.type(z.object({ run_id: z.string() }))`
    select run_id::text from sync_run where ended_at < ${before} and erased_at is null and run_id is distinct from ${exceptRun}::uuid order by ended_at`)
  // one run at a time: each may be a million rows
  for (const runId of runs)
    await pool.transaction(async (tx) => {
      for (const table of ['sync_snapshot_row', 'sync_plan', 'sync_patient', 'sync_run_record'])
        await tx.query(sql.unsafe`delete from ${sql.identifier([table])} where run_id = ${runId}`)
      await tx.query(sql.unsafe`update sync_run set erased_at = now() where run_id = ${runId}`)
    })
  return { records, runs: runs.length }
}
