/** sync_rejected, the work list: every record that DHIS2 lacks because of a mistake, over all runs of all mappings. */
import { sql, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { KINDS } from '../../src/core/model.ts'
import { REJECTION_CODES, type Rejection, type RejectionCode } from '../../src/core/rejection.ts'
import { REJECTED_STATES, type RejectedFilter, type RejectedGroup, type RejectedRecord, type Store } from './store.ts'

const record = z.object({
  id: z.string(),
  mapping_name: z.string(),
  kind: z.enum(KINDS),
  record_key: z.string().nullable(),
  patient_id: z.string().nullable(),
  relation: z.string(),
  rejection: z.unknown(),
  cause: z.string(),
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
  code: z.enum(REJECTION_CODES),
  column: z.string().nullable(),
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

const count = z.object({ n: z.int() })

type Columns = readonly string[]
type Codes = readonly RejectionCode[]
const list = (texts: readonly string[]) => sql.array([...texts], 'text')

/** A value of these codes in these columns is the site's or the mapping's: one wrong org unit is one cause, however many patients have it. */
const SITES_CODES: Codes = [
  'org-unit-unknown',
  'org-unit-not-in-program',
  'no-access',
  'program-unknown',
  'stage-unknown',
  'status-unknown',
]
const SITES_COLUMNS: Columns = ['OrgUnit', 'program', 'program_stage', 'status']
/** Nearly always a word of Bahmni's, but a column that is mapped by mistake has anything. */
const ANSWER_CODES: Codes = ['value-not-an-option']
/** DHIS2 has no name for these; in other codes the UID may be a person's. */
const UID_CODES: Codes = ['field-unknown']
/** Only DHIS2's own code tells these apart. */
const DHIS2_CODE_CODES: Codes = ['refused-by-dhis2', 'no-access']

/** What a cause consists of, of a rejection as j.code and j.rejection. */
const COLUMN = sql.fragment`j.rejection ->> 'column'`
const NAME = sql.fragment`coalesce(j.rejection ->> 'dhis2Name', case when j.code = any (${list(UID_CODES)}) then j.rejection ->> 'dhis2Uid' end)`
const DHIS2_CODE = sql.fragment`case when j.code = any (${list(DHIS2_CODE_CODES)}) then j.rejection ->> 'dhis2Code' end`
const VALUE = sql.fragment`j.rejection ->> 'value'`
const SITES_VALUE = sql.fragment`case when j.code = any (${list(SITES_CODES)}) and ${COLUMN} = any (${list(SITES_COLUMNS)}) then ${VALUE} end`

const named = (value: FragmentSqlToken) =>
  sql.fragment`left(md5(jsonb_build_array(j.code, ${COLUMN}, ${NAME}, ${DHIS2_CODE}, ${value})::text), 12)`
/** The columns cause and answer, of a rejection as j.code and j.rejection. */
export const CAUSE = named(SITES_VALUE)
export const ANSWER = sql.fragment`case when j.code = any (${list(ANSWER_CODES)}) and ${VALUE} is not null then ${named(VALUE)} end`

/** A family may share a telephone. */
const MANY_PATIENTS = 5
/** Answers that so many have are nobody's own; the others of a column are one cause together, without a value. */
const sharedAnswers = (where: FragmentSqlToken) =>
  sql.fragment`select answer from sync_rejected where ${where} group by answer having count(distinct patient_id) >= ${MANY_PATIENTS}`
/** The same for a record, which is quicker for a page of them: it looks at some of those with its answer only. */
const IS_SHARED = sql.fragment`(j.answer is not null and ${MANY_PATIENTS} = (
  select count(*) from (select distinct o.patient_id from sync_rejected o where o.answer = j.answer limit ${MANY_PATIENTS}) as p))`

const inGroup = (cause: string) => sql.fragment`(
  j.answer = ${cause} and exists (${sharedAnswers(sql.fragment`answer = ${cause}`)})
  or j.cause = ${cause} and coalesce(j.answer <> all (array(${sharedAnswers(sql.fragment`cause = ${cause} and answer is not null`)})), true))`

export function matching({ mapping, code, cause, patient, run, state, kind, ids, retriedIn }: RejectedFilter): FragmentSqlToken {
  return sql.fragment`${sql.join(
    [
      sql.fragment`true`,
      ...(mapping === undefined ? [] : [sql.fragment`j.mapping_name = ${mapping}`]),
      ...(code === undefined ? [] : [sql.fragment`j.code = ${code}`]),
      ...(cause === undefined ? [] : [inGroup(cause)]),
      ...(patient === undefined ? [] : [sql.fragment`j.patient_id = ${patient}`]),
      ...(run === undefined ? [] : [rejectedIn(run)]),
      ...(state === undefined ? [] : [sql.fragment`j.state = ${state}`]),
      ...(kind === undefined ? [] : [sql.fragment`j.kind = ${kind}`]),
      ...(retriedIn === undefined ? [] : [askedFor(retriedIn)]),
      ...(ids === undefined ? [] : [sql.fragment`j.rejected_id = any (${sql.array([...ids], 'int8')})`]),
    ],
    sql.fragment` and `,
  )}`
}

const askedFor = (run: string) =>
  sql.fragment`(j.kind, j.record_key) in (select kind, record_key from sync_run_record where run_id = ${run}::uuid)`

/** A later run may have rejected it again. */
const rejectedIn = (run: string) => sql.fragment`(j.run_id = ${run}::uuid or exists (
  select from sync_run o join sync_snapshot_row s on s.run_id = o.run_id and s.record_key = j.record_key and s.kind = j.kind
  where o.run_id = ${run}::uuid and o.mapping_name = j.mapping_name and not o.dry_run and s.state = 'rejected'))`

const RECORD = sql.fragment`
  rejected_id::text as id, mapping_name, kind, case when erased_at is null then record_key end as record_key, patient_id, relation, rejection,
  case when ${IS_SHARED} then j.answer else j.cause end as cause,
  state, attempts, run_id::text, first_at, last_at, dismissed_by, dismissed_reason, dismissed_at, erased_at is not null as erased`

const toRecord = (row: z.infer<typeof record>): RejectedRecord => ({
  id: row.id,
  mapping: row.mapping_name,
  kind: row.kind,
  recordKey: row.record_key,
  patientId: row.patient_id,
  relation: row.relation,
  rejection: row.rejection as Rejection,
  cause: row.cause,
  state: row.state,
  attempts: row.attempts,
  runId: row.run_id,
  firstAt: row.first_at,
  lastAt: row.last_at,
  dismissed: row.dismissed_at && { by: row.dismissed_by ?? '', reason: row.dismissed_reason ?? '', at: row.dismissed_at },
  erased: row.erased,
})

type RejectedMethods = Pick<
  Store,
  'listRejected' | 'readRejectedRecord' | 'countRejected' | 'countOpenByMapping' | 'groupRejected' | 'dismissRejected' | 'reopenRejected'
>

export function rejectedMethods(pool: DatabasePool): RejectedMethods {
  return {
    async listRejected(filter, { after, limit }) {
      const rows = await pool.any(sql.type(record)`
        select ${RECORD} from sync_rejected j where ${matching(filter)} and (${after}::bigint is null or rejected_id > ${after}::bigint)
        order by rejected_id limit ${limit}`)
      return rows.map(toRecord)
    },

    async readRejectedRecord(id) {
      const row = await pool.maybeOne(sql.type(record)`select ${RECORD} from sync_rejected j where rejected_id = ${id}::bigint`)
      return row && toRecord(row)
    },

    countRejected: (filter) => pool.oneFirst(sql.type(count)`select count(*)::int as n from sync_rejected j where ${matching(filter)}`),

    countOpenByMapping: (filter) =>
      pool.any(sql.type(z.object({ mapping: z.string(), records: z.int() }))`
        select mapping_name as mapping, count(*)::int as records from sync_rejected j where ${matching(filter)} and j.state = 'open'
        group by mapping_name order by mapping_name`),

    async groupRejected(filter) {
      const rows = await pool.any(sql.type(group)`
        select cause, code, "column", dhis2_name, dhis2_code, value, count(*)::int as records, count(distinct patient_id)::int as patients,
          array_agg(distinct kind) as kinds, array_agg(distinct mapping_name order by mapping_name) as mappings, max(attempts) as attempts,
          min(first_at) as first_at, max(last_at) as last_at
        from (
          select coalesce(shared.answer, j.cause) as cause, j.code, ${COLUMN} as "column", ${NAME} as dhis2_name, ${DHIS2_CODE} as dhis2_code,
            case when shared.answer is null then ${SITES_VALUE} else ${VALUE} end as value, patient_id, kind, mapping_name, attempts, first_at, last_at
          from sync_rejected j left join (${sharedAnswers(sql.fragment`answer is not null`)}) as shared on shared.answer = j.answer
          where ${matching(filter)}
        ) as g
        group by cause, code, "column", dhis2_name, dhis2_code, value
        order by records desc, cause`)
      return rows.map((row): RejectedGroup => ({
        cause: row.cause,
        code: row.code,
        column: row.column,
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
