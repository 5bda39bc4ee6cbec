/** What is dismissed is not sent while its content stays, and takes along what belongs to it: DHIS2 cannot have a record without its patient and enrollment. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { reject, type RejectionCode } from '../../src/core/rejection.ts'
import { relationOf } from './keep-rejected.ts'
import { BELONGS } from './links.ts'
import { ANSWER, CAUSE } from './rejected.ts'
import type { Run } from './store.ts'

/** One that waits for its parent is not among them: it is held back with the parent only. */
const dismissed = (mappingName: string) => sql.fragment`
  select * from sync_rejected where mapping_name = ${mappingName} and state = 'dismissed' and code <> ${'parent-rejected' satisfies RejectionCode}`

/** Is a row (as d) as it was when it was dismissed, or one of several that differed then? */
export const isDismissed = (mappingName: string, kind: Kind) => sql.fragment`exists (
  select from (${dismissed(mappingName)}) as j
  where j.kind = ${kind} and j.record_key = d.record_key and d.hash = any (string_to_array(j.hash, ' ')))`

/** Not in DHIS2, or not known to be this patient's, whatever a tracker table says: nothing may be added to it. */
const NOBODYS = ['gone', 'tracked-entity-shared', 'belongs-to-other-patient'] as const satisfies readonly RejectionCode[]
export const isDismissedAsNobodys = (mappingName: string, kind: Kind) => sql.fragment`exists (
  select from (${dismissed(mappingName)}) as j
  where j.kind = ${kind} and j.code = any (${sql.array([...NOBODYS], 'text')}) and j.record_key = d.record_key and d.hash = any (string_to_array(j.hash, ' ')))`

type PerKind = Readonly<Record<Kind, number>>

/** Takes the rows that are dismissed out of a snapshot. Those that differ for one record are dismissed together: when one goes or changes, it is another case. */
export async function leaveOutDismissed(tx: CommonQueryMethods, run: Run): Promise<PerKind> {
  const asDismissed =
    run.from === null
      ? sql.fragment`string_agg(distinct s.hash, ' ' order by s.hash) = j.hash`
      : // a period may show a part of them
        sql.fragment`array_agg(s.hash) <@ string_to_array(j.hash, ' ')`
  return perKind(
    tx,
    sql.fragment`
    with held as (
      select s.kind, s.record_key
      from (${dismissed(run.mappingName)}) as j
      join sync_snapshot_row s on s.run_id = ${run.runId} and s.kind = j.kind and s.record_key = j.record_key
      group by s.kind, s.record_key, j.hash having ${asDismissed}
    ), found as (
      delete from sync_snapshot_row s using held
      where s.run_id = ${run.runId} and s.kind = held.kind and s.record_key = held.record_key returning s.kind
    )`,
  )
}

/**
 * Of a patient or an enrollment that came into the snapshot as dismissed, because DHIS2 does not have it: its pending rows are dismissed with it, new ones
 * too. An event that fits another enrollment as well goes there.
 */
export async function holdChildren(tx: CommonQueryMethods, run: Run): Promise<PerKind> {
  const inRun = (row: 'e' | 'p' | 'o') =>
    sql.fragment`${sql.identifier([row])}.run_id = ${run.runId} and ${sql.identifier([row])}.patient_id = r.patient_id`
  const kept = run.dryRun
    ? sql.fragment``
    : sql.fragment`, kept as (
      insert into sync_rejected as w (mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id, cause, answer, attempts, state,
        dismissed_by, dismissed_reason, dismissed_at)
      select ${run.mappingName}, j.kind, j.record_key, j.patient_id, ${relationOf(run, sql.fragment`j.kind`)}, j.code, j.rejection, j.hash, ${run.runId},
        ${CAUSE}, ${ANSWER}, 0, 'dismissed', p.dismissed_by, p.dismissed_reason, p.dismissed_at
      from (select *, rejection ->> 'code' as code from children) as j
      join sync_rejected p on p.mapping_name = ${run.mappingName} and p.kind = j.parent_kind and p.record_key = j.parent_key
      on conflict (mapping_name, kind, record_key) do update set
        patient_id = excluded.patient_id, code = excluded.code, rejection = excluded.rejection, cause = excluded.cause, answer = excluded.answer,
        hash = excluded.hash, last_at = now(), erased_at = null, state = 'dismissed', dismissed_by = excluded.dismissed_by,
        dismissed_reason = excluded.dismissed_reason, dismissed_at = excluded.dismissed_at
      where w.state <> 'dismissed' or w.hash <> excluded.hash
    )`
  return perKind(
    tx,
    sql.fragment`
    with children as (
      select distinct on (r.row_id) r.row_id, r.kind, r.record_key, r.patient_id, r.hash, e.kind as parent_kind, e.record_key as parent_key,
        ${sql.jsonb(reject('parent-rejected', '') as never)} || jsonb_build_object('message', 'Patient ' || r.patient_id || ': not sent, because '
          || case e.kind when 'trackedEntity' then 'the patient''s own record' else 'its enrollment' end || ' was rejected and dismissed.') as rejection
      from sync_snapshot_row r join sync_snapshot_row e on ${inRun('e')} and e.state = 'dismissed'
      where r.run_id = ${run.runId} and r.state = 'pending' and r.kind <> 'trackedEntity' and exists (${dismissed(run.mappingName)})
        and case e.kind when 'trackedEntity' then true else r.kind = 'event' and ${BELONGS} and not exists (
          select from sync_snapshot_row o where ${inRun('o')} and o.kind = 'enrollment' and o.state in ('pending', 'context')
            and exists (select from (select o.*) as e where ${BELONGS})) end
      order by r.row_id, e.kind desc, e.record_key
    ), found as (
      update sync_snapshot_row s set state = 'dismissed' from children where s.run_id = ${run.runId} and s.row_id = children.row_id returning s.kind
    )${kept}`,
  )
}

/** How many rows of each kind the common table expression "found" has. */
async function perKind(tx: CommonQueryMethods, found: ReturnType<typeof dismissed>): Promise<PerKind> {
  const rows = await tx.any(
    sql.type(z.object({ kind: z.enum(KINDS), n: z.int() }))`${found} select kind, count(*)::int as n from found group by kind`,
  )
  const none: Record<Kind, number> = { trackedEntity: 0, enrollment: 0, event: 0 }
  return { ...none, ...Object.fromEntries(rows.map(({ kind, n }) => [kind, n])) }
}
