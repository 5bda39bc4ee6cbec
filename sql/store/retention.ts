/**
 * Patient data is kept no longer than it is needed: values go, the fact stays. Some thousand rows a statement: a run that writes into the same tables never
 * waits for a million. Runs go too, when they are old or many; never the log, the trackers, the markers, and what is still on the work list.
 */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { ANSWER, CAUSE } from './rejected.ts'

const ROWS = 5000

/** Of each mapping. A site that syncs every five minutes has them for a week; the copies for eight hours. */
const KEPT: KeptRuns = { runs: 2000, copies: 100 }

export interface KeptRuns {
  runs: number
  /** those of them whose copies of the Mart are there too */
  copies: number
}

/** Open records keep their values: they are the work list. */
export async function eraseOlderThan(pool: DatabasePool, days: number, signal?: AbortSignal): Promise<{ records: number; runs: number }> {
  // the chunk locks look at an ended run's patients for an hour
  const before = sql.fragment`now() - greatest(make_interval(days => ${days}), interval '1 hour')`
  const erased = { records: 0, runs: 0 }
  for (;;) {
    const n = await eraseRecords(pool, before)
    erased.records += n
    if (n < ROWS || signal?.aborted) break
  }
  const runs = await pool.anyFirst(sql.type(z.object({ run_id: z.string() }))`
    select run_id::text from sync_run where ended_at < ${before} and erased_at is null order by ended_at`)
  for (const runId of runs) if (await eraseCopies(pool, runId, signal)) erased.runs++
  return erased
}

/**
 * The sentence holds the patient and the value too, and the key of a patient's record is the patient. One that is dismissed is known again by its key and
 * hash. One that somebody works on now is left for the next time.
 */
async function eraseRecords(pool: CommonQueryMethods, before: FragmentSqlToken): Promise<number> {
  const { rowCount } = await pool.query(sql.unsafe`
    with old as (
      select rejected_id, code, rejection || '{"message": "The details were erased.", "value": null, "dhis2Uid": null}' as rejection
      from sync_rejected where state <> 'open' and erased_at is null and last_at < ${before} and coalesce(dismissed_at < ${before}, true)
      order by last_at limit ${ROWS} for update skip locked
    )
    update sync_rejected r set erased_at = now(), patient_id = null, rejection = j.rejection, cause = ${CAUSE}, answer = ${ANSWER},
      record_key = case r.state when 'settled' then 'erased ' || r.rejected_id else r.record_key end, hash = case r.state when 'settled' then '' else r.hash end
    from old as j where r.rejected_id = j.rejected_id`)
  return rowCount
}

const RUNS = sql.fragment`
  select run_id, ended_at, erased_at, row_number() over (partition by mapping_name order by created_at desc, run_id desc) as nth,
    -- the last that succeeded, the last that did not, and the last rehearsals of both kinds: what is said of a mapping is said of these
    row_number() over (partition by mapping_name, dry_run, state = 'succeeded' order by created_at desc, run_id desc) = 1 as is_last
  from sync_run`

/** Runs that ended so many days ago, and the oldest where there are very many. @returns how many went, and of how many the copies */
export async function pruneRuns(
  pool: DatabasePool,
  days: number,
  signal?: AbortSignal,
  kept: KeptRuns = KEPT,
): Promise<{ runs: number; copies: number }> {
  const pruned = { runs: 0, copies: 0 }
  const isTooMuch = sql.fragment`ended_at < now() - make_interval(days => ${days}) or nth > ${kept.runs}`
  const withCopies = await idsOf(
    pool,
    sql.fragment`erased_at is null and ended_at < now() - interval '1 hour' and (nth > ${kept.copies} or ${isTooMuch})`,
  )
  for (const runId of withCopies) if (await eraseCopies(pool, runId, signal)) pruned.copies++
  for (const runId of await idsOf(
    pool,
    sql.fragment`erased_at is not null and ended_at < now() - interval '1 day' and not is_last and (${isTooMuch})`,
  )) {
    if (!(await deleteInBatches(pool, runId, CHUNKS_DONE, signal))) break
    const { rowCount } = await pool.query(sql.unsafe`delete from sync_run where run_id = ${runId}`)
    pruned.runs += rowCount
  }
  // what was settled before the runs that are left is a fact about runs that nobody knows any more
  for (;;) {
    if (signal?.aborted) break
    const { rowCount } = await pool.query(sql.unsafe`
      delete from sync_rejected where rejected_id in (
        select rejected_id from sync_rejected
        where state = 'settled' and erased_at < now() - make_interval(days => ${days}) limit ${ROWS} for update skip locked)`)
    if (rowCount < ROWS) break
  }
  return pruned
}

const idsOf = (pool: CommonQueryMethods, which: FragmentSqlToken) =>
  pool.anyFirst(sql.type(z.object({ run_id: z.string() }))`select run_id::text from (${RUNS}) as r where ${which} order by ended_at`)

/** Tables with what a run copied, by a column in whose order they are deleted, and how many of its values make some thousand rows. */
const COPIES = [
  { table: 'sync_snapshot_row', key: 'row_id', type: 'int8', values: ROWS },
  { table: 'sync_plan', key: 'chunk', type: 'int4', values: 20 },
  { table: 'sync_patient', key: 'chunk', type: 'int4', values: 20 },
  { table: 'sync_run_record', key: 'record_key', type: 'text', values: ROWS },
] as const
const CHUNKS_DONE = { table: 'sync_chunk_done', key: 'chunk', type: 'int4', values: 500 } as const

/** @returns false: ended before the end */
async function eraseCopies(pool: CommonQueryMethods, runId: string, signal?: AbortSignal): Promise<boolean> {
  for (const copies of COPIES) if (!(await deleteInBatches(pool, runId, copies, signal))) return false
  await pool.query(sql.unsafe`update sync_run set erased_at = now() where run_id = ${runId}`)
  return true
}

/** @returns false: ended before the end */
async function deleteInBatches(
  pool: CommonQueryMethods,
  runId: string,
  { table, key, type, values }: (typeof COPIES)[number] | typeof CHUNKS_DONE,
  signal?: AbortSignal,
): Promise<boolean> {
  const [rows, column] = [sql.identifier([table]), sql.identifier([key])]
  for (let last: string | null = null; ;) {
    if (signal?.aborted) return false
    // onward from the last one: what was deleted just now is not passed again
    const left: FragmentSqlToken = sql.fragment`run_id = ${runId} ${last === null ? sql.fragment`` : sql.fragment`and ${column} > ${last}::${sql.identifier([type])}`}`
    last = await pool.oneFirst(sql.type(z.object({ last: z.string().nullable() }))`
      with batch as (
        select distinct ${column} as key from ${rows} where ${left} order by 1 limit ${values}
      ), gone as (
        delete from ${rows} where ${left} and ${column} <= (select max(key) from batch)
      )
      select max(key)::text as last from batch`)
    if (last === null) return true
  }
}
