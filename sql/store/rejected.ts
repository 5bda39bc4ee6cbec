/** sync_rejected, the work list: every record that DHIS2 lacks because of a mistake, over all runs of all mappings. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { KINDS } from '../../src/core/model.ts'
import { REJECTION_CODES, type Rejection } from '../../src/core/rejection.ts'
import type { RejectedFilter, Store } from './store.ts'

/** What a value of these tells is the site's or the mapping's, not the patient's; so it names a cause. */
const CAUSES = ['org-unit-unknown', 'org-unit-not-in-program', 'program-unknown', 'stage-unknown', 'status-unknown', 'value-not-an-option']

const row = z.object({
  mapping_name: z.string(),
  kind: z.enum(KINDS),
  record_key: z.string(),
  patient_id: z.string(),
  relation: z.string(),
  rejection: z.unknown(),
  state: z.enum(['open', 'settled', 'dismissed']),
  attempts: z.int(),
  first_at: z.date(),
  last_at: z.date(),
  dismissed_by: z.string().nullable(),
  dismissed_reason: z.string().nullable(),
})
const group = z.object({
  code: z.enum(REJECTION_CODES),
  column: z.string().nullable(),
  dhis2Name: z.string().nullable(),
  value: z.string().nullable(),
  records: z.int(),
  patients: z.int(),
})

const chosen = ({ mapping, code, patient, run, state }: RejectedFilter) =>
  sql.join(
    [
      sql.fragment`true`,
      ...(mapping === undefined ? [] : [sql.fragment`mapping_name = ${mapping}`]),
      ...(code === undefined ? [] : [sql.fragment`code = ${code}`]),
      ...(patient === undefined ? [] : [sql.fragment`patient_id = ${patient}`]),
      ...(run === undefined ? [] : [sql.fragment`run_id::text = ${run}`]),
      ...(state === undefined ? [] : [sql.fragment`state = ${state}`]),
    ],
    sql.fragment` and `,
  )

export function rejectedMethods(
  pool: DatabasePool,
): Pick<Store, 'listRejected' | 'countRejected' | 'groupRejected' | 'dismissRejected' | 'reopenRejected' | 'eraseOlderThan'> {
  return {
    async listRejected(filter) {
      const rows = await pool.any(sql.type(row)`
        select mapping_name, kind, record_key, patient_id, relation, rejection, state, attempts, first_at, last_at, dismissed_by, dismissed_reason
        from sync_rejected where ${chosen(filter)} order by first_at, mapping_name, kind desc, record_key`)
      return rows.map((r) => ({
        mapping: r.mapping_name,
        kind: r.kind,
        recordKey: r.record_key,
        patientId: r.patient_id,
        relation: r.relation,
        rejection: r.rejection as Rejection,
        state: r.state,
        attempts: r.attempts,
        firstAt: r.first_at,
        lastAt: r.last_at,
        dismissedBy: r.dismissed_by,
        dismissedReason: r.dismissed_reason,
      }))
    },

    groupRejected: (filter) =>
      pool.any(sql.type(group)`
        select code, rejection ->> 'column' as column, rejection ->> 'dhis2Name' as "dhis2Name",
          case when code = any (${sql.array(CAUSES, 'text')}) then rejection ->> 'value' end as value,
          count(*)::int as records, count(distinct patient_id)::int as patients
        from sync_rejected where ${chosen(filter)} group by 1, 2, 3, 4 order by records desc, 1, 2, 3, 4`),

    countRejected: (filter) =>
      pool.oneFirst(sql.type(z.object({ n: z.int() }))`select count(*)::int as n from sync_rejected where ${chosen(filter)}`),

    async dismissRejected(filter, by, reason) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_rejected set state = 'dismissed', dismissed_by = ${by}, dismissed_reason = ${reason}, last_at = now()
        where ${chosen({ ...filter, state: 'open' })}`)
      return rowCount
    },

    async reopenRejected(filter) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_rejected set state = 'open', dismissed_by = null, dismissed_reason = null
        where ${chosen({ ...filter, state: 'dismissed' })}`)
      return rowCount
    },

    async eraseOlderThan(days) {
      const old = sql.fragment`now() - make_interval(days => ${days})`
      // the sentence holds the patient and the value too
      await pool.query(sql.unsafe`
        update sync_rejected set rejection = rejection || '{"value": null, "message": "The details were erased."}'::jsonb
        where state <> 'open' and last_at < ${old} and rejection ->> 'message' <> 'The details were erased.'`)
      const ended = sql.fragment`run_id in (select run_id from sync_run where ended_at < ${old})`
      await pool.query(sql.unsafe`delete from sync_snapshot_row where ${ended}`)
      await pool.query(sql.unsafe`delete from sync_plan where ${ended}`)
      await pool.query(sql.unsafe`delete from sync_patient where ${ended}`)
    },
  }
}
