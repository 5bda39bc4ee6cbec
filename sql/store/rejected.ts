/** sync_rejected: the work list of records that were not delivered, over all runs. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { KINDS } from '../../src/core/model.ts'
import type { Rejection, RejectionCode } from '../../src/core/rejection.ts'
import {
  REJECTED_STATES,
  type RecordKey,
  type RejectedFilter,
  type RejectedGroup,
  type RejectedRecord,
  type Run,
  type Store,
} from './store.ts'

const record = z.object({
  id: z.string(),
  mapping_name: z.string(),
  kind: z.enum(KINDS),
  record_key: z.string(),
  patient_id: z.string().nullable(),
  relation: z.string(),
  rejection: z.unknown(),
  state: z.enum(REJECTED_STATES),
  attempts: z.int(),
  run_id: z.string(),
  first_at: z.date(),
  last_at: z.date(),
  dismissed_by: z.string().nullable(),
  dismissed_reason: z.string().nullable(),
  dismissed_at: z.date().nullable(),
  erased: z.boolean(),
})
const group = z.object({
  cause: z.string(),
  code: z.string(),
  column_name: z.string().nullable(),
  dhis2_name: z.string().nullable(),
  dhis2_code: z.string().nullable(),
  value: z.string().nullable(),
  records: z.int(),
  patients: z.int(),
  kinds: z.array(z.enum(KINDS)),
  mappings: z.array(z.string()),
  attempts: z.int(),
  first_at: z.date(),
  last_at: z.date(),
})

const list = <T extends string>(texts: readonly T[]) => sql.array([...texts], 'text')

/** Columns whose value is no patient's own: one wrong org unit is one cause, however many patients have it. */
const SHARED_COLUMNS = ['OrgUnit', 'program', 'program_stage', 'status']
/** The UID says what is wrong; in other codes it may be a person's. */
const UID_IS_CAUSE = ['field-unknown', 'field-not-in-stage', 'program-unknown', 'stage-unknown'] as const satisfies readonly RejectionCode[]
/** Only DHIS2's own code tells these apart. */
const DHIS2_CODE_IS_CAUSE = ['refused-by-dhis2', 'no-access'] as const satisfies readonly RejectionCode[]

const COLUMN = sql.fragment`j.rejection ->> 'column'`
const NAME = sql.fragment`coalesce(j.rejection ->> 'dhis2Name', case when j.code = any (${list(UID_IS_CAUSE)}) then j.rejection ->> 'dhis2Uid' end)`
const DHIS2_CODE = sql.fragment`case when j.code = any (${list(DHIS2_CODE_IS_CAUSE)}) then j.rejection ->> 'dhis2Code' end`
const VALUE = sql.fragment`
  case when j.code = ${'value-not-an-option' satisfies RejectionCode} or j.rejection ->> 'column' = any (${list(SHARED_COLUMNS)}) then j.rejection ->> 'value' end`
const CAUSE = sql.fragment`left(md5((array[j.code, ${COLUMN}, ${NAME}, ${DHIS2_CODE}, ${VALUE}])::text), 12)`

function matching(filter: RejectedFilter): FragmentSqlToken {
  const { mappingName, code, patientId, runId, state, cause, ids } = filter
  const conditions = [
    ...(mappingName === undefined ? [] : [sql.fragment`j.mapping_name = ${mappingName}`]),
    ...(code === undefined ? [] : [sql.fragment`j.code = ${code}`]),
    ...(patientId === undefined ? [] : [sql.fragment`j.patient_id = ${patientId}`]),
    ...(state === undefined ? [] : [sql.fragment`j.state = ${state}`]),
    ...(cause === undefined ? [] : [sql.fragment`${CAUSE} = ${cause}`]),
    ...(ids === undefined ? [] : [sql.fragment`j.rejected_id = any (${sql.array([...ids], 'int8')})`]),
    // a later run may have rejected it again; a run whose rows are erased is known where it was the last
    ...(runId === undefined
      ? []
      : [
          sql.fragment`(j.run_id = ${runId} or exists (
            select from sync_run o join sync_snapshot_row s on s.run_id = o.run_id and s.kind = j.kind and s.record_key = j.record_key
            where o.run_id = ${runId} and o.mapping_name = j.mapping_name and s.state = 'rejected' and not o.dry_run))`,
        ]),
  ]
  return conditions.length > 0 ? sql.fragment`${sql.join(conditions, sql.fragment` and `)}` : sql.fragment`true`
}

export function rejectedMethods(pool: DatabasePool): Pick<Store, 'listRejected' | 'groupRejected' | 'dismissRejected' | 'reopenRejected'> {
  return {
    async listRejected(filter, { after, limit }) {
      const rows = await pool.any(sql.type(record)`
        select rejected_id::text as id, mapping_name, kind, record_key, patient_id, relation, rejection, state, attempts, run_id::text, first_at, last_at,
          dismissed_by, dismissed_reason, dismissed_at, erased_at is not null as erased
        from sync_rejected j where ${matching(filter)} and (${after}::bigint is null or rejected_id > ${after}::bigint)
        order by rejected_id limit ${limit}`)
      return rows.map((row): RejectedRecord => ({
        id: row.id,
        mappingName: row.mapping_name,
        kind: row.kind,
        recordKey: row.record_key,
        patientId: row.patient_id,
        relation: row.relation,
        rejection: row.rejection as Rejection,
        state: row.state,
        attempts: row.attempts,
        runId: row.run_id,
        firstAt: row.first_at,
        lastAt: row.last_at,
        dismissed: row.dismissed_at && { by: row.dismissed_by ?? '', reason: row.dismissed_reason ?? '', at: row.dismissed_at },
        erased: row.erased,
      }))
    },

    async groupRejected(filter) {
      const rows = await pool.any(sql.type(group)`
        select cause, code, column_name, dhis2_name, dhis2_code, value, count(*)::int as records, count(distinct patient_id)::int as patients,
          array_agg(distinct kind) as kinds, array_agg(distinct mapping_name) as mappings, max(attempts) as attempts, min(first_at) as first_at, max(last_at) as last_at
        from (
          select j.*, ${CAUSE} as cause, ${COLUMN} as column_name, ${NAME} as dhis2_name, ${DHIS2_CODE} as dhis2_code, ${VALUE} as value
          from sync_rejected j where ${matching(filter)}
        ) as j
        group by cause, code, column_name, dhis2_name, dhis2_code, value
        order by records desc, cause`)
      return rows.map((row): RejectedGroup => ({
        cause: row.cause,
        code: row.code as RejectionCode,
        column: row.column_name,
        dhis2Name: row.dhis2_name,
        dhis2Code: row.dhis2_code,
        value: row.value,
        records: row.records,
        patients: row.patients,
        kinds: KINDS.filter((kind) => row.kinds.includes(kind)),
        mappings: row.mappings,
        attempts: row.attempts,
        firstAt: row.first_at,
        lastAt: row.last_at,
      }))
    },

    async dismissRejected(filter, by, reason) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_rejected j set state = 'dismissed', dismissed_by = ${by}, dismissed_reason = ${reason}, dismissed_at = now()
        where ${matching(filter)} and j.state = 'open'`)
      return rowCount
    },

    async reopenRejected(filter) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_rejected j set state = 'open', dismissed_by = null, dismissed_reason = null, dismissed_at = null
        where ${matching(filter)} and j.state = 'dismissed'`)
      return rowCount
    },
  }
}

/**
 * `rows`: a select of mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id. One that had passed is a new case. One that is
 * dismissed stays so while it has the same content; one that waits for its parent is dismissed with it only.
 */
export const keepRejected = (rows: FragmentSqlToken) => sql.fragment`
  insert into sync_rejected as j (mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, run_id)
  ${rows}
  on conflict (mapping_name, kind, record_key) do update set
    patient_id = excluded.patient_id, relation = excluded.relation, code = excluded.code, rejection = excluded.rejection, hash = excluded.hash,
    run_id = excluded.run_id, last_at = now(), erased_at = null,
    -- a chunk, or a snapshot, that is tried again within its run is one attempt
    attempts = case when j.run_id = excluded.run_id then j.attempts when j.state = 'settled' then 1 else j.attempts + 1 end,
    first_at = case when j.state = 'settled' and j.run_id <> excluded.run_id then now() else j.first_at end,
    state = case when ${STAYS_DISMISSED} then 'dismissed' else 'open' end,
    dismissed_by = case when ${STAYS_DISMISSED} then j.dismissed_by end,
    dismissed_reason = case when ${STAYS_DISMISSED} then j.dismissed_reason end,
    dismissed_at = case when ${STAYS_DISMISSED} then j.dismissed_at end`

const STAYS_DISMISSED = sql.fragment`(j.state = 'dismissed' and j.hash = excluded.hash and j.code <> ${'parent-rejected' satisfies RejectionCode})`

/** The records of a run that tries them again, with those that wait for one of them. @returns how many */
export async function chooseRecords(
  tx: CommonQueryMethods,
  runId: string,
  mappingName: string,
  records: readonly RecordKey[],
): Promise<number> {
  const chosen = records.map(({ kind, recordKey }) => ({ kind, record_key: recordKey }))
  await tx.query(sql.unsafe`
    with chosen as (select * from jsonb_to_recordset(${sql.jsonb(chosen)}) as c (kind text, record_key text))
    insert into sync_run_record (run_id, kind, record_key)
    select ${runId}::uuid, kind, record_key from chosen
    union
    select ${runId}::uuid, w.kind, w.record_key from sync_rejected w
    where w.mapping_name = ${mappingName} and w.state = 'open' and w.code = ${'parent-rejected' satisfies RejectionCode} and w.patient_id in (
      select j.patient_id from chosen c join sync_rejected j on j.mapping_name = ${mappingName} and j.kind = c.kind and j.record_key = c.record_key
      where j.kind <> 'event')`)
  return tx.oneFirst(sql.type(z.object({ n: z.int() }))`
    update sync_run set chosen = (select count(*) from sync_run_record where run_id = ${runId}) where run_id = ${runId} returning chosen as n`)
}

/**
 * An open record of the run's delta that is not among its rows has nothing to send any more: its row is gone from the Mart (or has another key now), or
 * is again as DHIS2 has it.
 */
export async function settleVanished(tx: CommonQueryMethods, run: Run): Promise<void> {
  const looked =
    run.chosen === null
      ? sql.fragment`true`
      : sql.fragment`exists (select from sync_run_record c where c.run_id = ${run.runId} and c.kind = j.kind and c.record_key = j.record_key)`
  await tx.query(sql.unsafe`
    update sync_rejected j set state = 'settled', last_at = now()
    where mapping_name = ${run.mappingName} and state = 'open' and ${looked}
      and not exists (select from sync_snapshot_row s where s.run_id = ${run.runId} and s.kind = j.kind and s.record_key = j.record_key)`)
}

/**
 * What is dismissed of a kind: record_key and the content's hashes. One that waits for its parent is not among them: it is held back with the parent only.
 */
export const dismissedOf = (mappingName: string, kind: string) => sql.fragment`
  select record_key, hash from sync_rejected
  where mapping_name = ${mappingName} and kind = ${kind} and state = 'dismissed' and code <> ${'parent-rejected' satisfies RejectionCode}`

/** Is a row (as d) as it was when it was dismissed? */
export const isDismissed = (mappingName: string, kind: string) => sql.fragment`
  exists (select from (${dismissedOf(mappingName, kind)}) as j where j.record_key = d.record_key and d.hash = any (string_to_array(j.hash, ' ')))`

/** Not in DHIS2, or not known to be this patient's, whatever a tracker table says: nothing may be added to it. */
const NOBODYS = ['gone', 'tracked-entity-shared', 'belongs-to-other-patient'] as const satisfies readonly RejectionCode[]
export const isDismissedAsNobodys = (mappingName: string, kind: string) => sql.fragment`
  exists (select from (${dismissedOf(mappingName, kind)} and code = any (${list(NOBODYS)})) as j
    where j.record_key = d.record_key and d.hash = any (string_to_array(j.hash, ' ')))`

/** Records that are not sent because what they belong to is dismissed. */
export async function dismissWithParents(
  tx: CommonQueryMethods,
  run: Run,
  children: readonly { rowId: string; relation: string; parent: RecordKey; rejection: Rejection }[],
): Promise<void> {
  const rows = children.map((c) => ({
    row_id: c.rowId,
    relation: c.relation,
    rejection: c.rejection,
    parent_kind: c.parent.kind,
    parent_key: c.parent.recordKey,
  }))
  await tx.query(sql.unsafe`
    insert into sync_rejected as j (mapping_name, kind, record_key, patient_id, relation, code, rejection, hash, attempts, run_id, state,
      dismissed_by, dismissed_reason, dismissed_at)
    select ${run.mappingName}, s.kind, s.record_key, s.patient_id, r.relation, r.rejection ->> 'code', r.rejection, s.hash, 0, s.run_id, 'dismissed',
      p.dismissed_by, p.dismissed_reason, p.dismissed_at
    from jsonb_to_recordset(${sql.jsonb(rows as never)}) as r (row_id bigint, relation text, rejection jsonb, parent_kind text, parent_key text)
    join sync_snapshot_row s on s.run_id = ${run.runId} and s.row_id = r.row_id
    join sync_rejected p on p.mapping_name = ${run.mappingName} and p.kind = r.parent_kind and p.record_key = r.parent_key
    on conflict (mapping_name, kind, record_key) do update set
      patient_id = excluded.patient_id, code = excluded.code, rejection = excluded.rejection, hash = excluded.hash, last_at = now(), erased_at = null,
      state = 'dismissed', dismissed_by = excluded.dismissed_by, dismissed_reason = excluded.dismissed_reason, dismissed_at = excluded.dismissed_at
    where j.state <> 'dismissed' or j.hash <> excluded.hash`)
}
