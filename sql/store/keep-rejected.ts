/** What runs write into the work list, and which of its records they are asked for. */
import { sql, type CommonQueryMethods, type FragmentSqlToken } from 'slonik'
import type { RejectionCode } from '../../src/core/rejection.ts'
import { ANSWER, CAUSE, matching } from './rejected.ts'
import type { RejectedFilter, Run } from './store.ts'

const WAITS = 'parent-rejected' satisfies RejectionCode

/** The relation that a snapshot row of this kind comes from. */
export const relationOf = ({ mapping: { tables } }: Run, kind: FragmentSqlToken) =>
  sql.fragment`case ${kind} when 'trackedEntity' then ${tables.instance} when 'enrollment' then ${tables.enrollments} else ${tables.event} end`

/**
 * `rows`: a select of mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id. One that had passed is a new case. One that was
 * dismissed while the run went on stays so; one that waits for its parent is dismissed with it only.
 */
export const keepRejected = (rows: FragmentSqlToken) => sql.fragment`
  insert into sync_rejected as w (mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id, cause, answer)
  select j.mapping_name, j.kind, j.record_key, j.patient_id, j.relation, j.code, j.rejection, j.hash, j.run_id, ${CAUSE}, ${ANSWER} from (${rows}) as j
  order by j.patient_id, j.kind <> 'trackedEntity', j.kind, j.record_key
  on conflict (mapping_name, kind, record_key) do update set
    patient_id = excluded.patient_id, relation = excluded.relation, code = excluded.code, rejection = excluded.rejection, cause = excluded.cause,
    answer = excluded.answer, hash = excluded.hash, run_id = excluded.run_id, last_at = now(), erased_at = null,
    -- a chunk, or a snapshot, that is tried again within its run is one attempt
    attempts = case when w.run_id = excluded.run_id then greatest(w.attempts, 1) when w.state = 'settled' then 1 else w.attempts + 1 end,
    first_at = case when w.state = 'settled' and w.run_id <> excluded.run_id then now() else w.first_at end,
    state = case when ${STAYS_DISMISSED} then 'dismissed' else 'open' end,
    dismissed_by = case when ${STAYS_DISMISSED} then w.dismissed_by end,
    dismissed_reason = case when ${STAYS_DISMISSED} then w.dismissed_reason end,
    dismissed_at = case when ${STAYS_DISMISSED} then w.dismissed_at end`

const STAYS_DISMISSED = sql.fragment`(w.state = 'dismissed' and w.hash = excluded.hash and w.code <> ${WAITS})`

/** The open records of a run that sends them again, with those that wait for one of them. @returns how many */
export async function chooseRecords(tx: CommonQueryMethods, runId: string, mapping: string, filter: RejectedFilter): Promise<number> {
  const { rowCount } = await tx.query(sql.unsafe`
    with chosen as (
      select kind, record_key, patient_id from sync_rejected j where ${matching(filter)} and j.mapping_name = ${mapping} and j.state = 'open'
    )
    insert into sync_run_record (run_id, kind, record_key)
    select ${runId}::uuid, kind, record_key from chosen
    union
    select ${runId}::uuid, kind, record_key from sync_rejected
    where mapping_name = ${mapping} and state = 'open' and code = ${WAITS} and patient_id in (select patient_id from chosen where kind <> 'event')`)
  return rowCount
}

/**
 * An open record that the run looked for and that is not among its rows has nothing to send any more: its row is gone from the Mart (or has another key
 * now), or is again as DHIS2 has it. A period says nothing of what is outside it.
 */
export async function settleVanished(tx: CommonQueryMethods, run: Run): Promise<void> {
  if (run.from !== null) return
  const looked = run.retry
    ? sql.fragment`exists (select from sync_run_record c where c.run_id = ${run.runId} and c.kind = j.kind and c.record_key = j.record_key)`
    : sql.fragment`true`
  await tx.query(sql.unsafe`
    update sync_rejected j set state = 'settled', last_at = now()
    where mapping_name = ${run.mappingName} and state = 'open' and ${looked}
      and not exists (select from sync_snapshot_row s where s.run_id = ${run.runId} and s.kind = j.kind and s.record_key = j.record_key)`)
}
