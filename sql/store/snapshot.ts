/**
 * The delta of the three relations, copied in one repeatable-read transaction: events are often 1,000-line views that cost the whole view for every
 * chunk read from them, Bahmni Mart drops and rebuilds its tables while we run, and what was previewed is what is sent.
 */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { instanceColumns } from '../../src/core/mapping.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { reject, type Rejection, type RejectionCode } from '../../src/core/rejection.ts'
import { MartRebuiltError, readRelations, refuseRebuilt, type Relation } from '../mart/catalogue.ts'
import { inDelta } from '../mart/delta.ts'
import { mappedColumns, selectRows } from '../mart/rows.ts'
import { holdChildren, isDismissed, isDismissedAsNobodys, leaveOutDismissed } from './dismissed.ts'
import { keepRejected, relationOf, settleVanished } from './keep-rejected.ts'
import { BELONGS } from './links.ts'
import { readMarkers } from './markers.ts'
import { addCounts } from './runs.ts'
import { STEPS, type MartOptions, type Run, type SnapshotSummary, type Store } from './store.ts'

const COLUMNS = sql.fragment`
  patient_id, record_key, org_unit_code, program, program_stage, unique_id, patient_program_id, enrollment_date, incident_date, event_date, status, mart_values, hash`
const VALUES = sql.fragment`
  patient_id, record_key, org_unit_code, program, program_stage, unique_id, patient_program_id, enrollment_date, incident_date, event_date, status, to_jsonb(mart_values), hash`

export function snapshotMethods(
  pool: DatabasePool,
  options: MartOptions,
): Pick<Store, 'takeSnapshot' | 'flagSameValues' | 'assignChunks' | 'chunksOf'> {
  return {
    takeSnapshot: (run) =>
      pool
        .transaction(async (tx) => {
          await tx.query(sql.unsafe`set transaction isolation level repeatable read`)
          return takeSnapshot(tx, run, options)
        })
        .catch((error: unknown) => {
          throw isMissing(error) ? new MartRebuiltError(run.mappingName) : error
        }),

    async flagSameValues(runId, columns) {
      const run = await pool.one(sql.type(z.object({ mapping: z.unknown() }))`select mapping from sync_run where run_id = ${runId}`)
      const mapped = instanceColumns(run.mapping as Run['mapping']).map(([column]) => column)
      const groups = [columns.searchable, ...columns.unique.map((column) => [column])].filter((group) => group.length > 0)
      let flagged = 0
      for (const group of groups)
        flagged += await flagGroup(
          pool,
          runId,
          group.map((column) => mapped.indexOf(column)).filter((i) => i >= 0),
          mapped,
        )
      return flagged
    },

    async assignChunks(runId, size) {
      return pool.oneFirst(sql.type(z.object({ chunks: z.int() }))`
        with assigned as (
          insert into sync_patient (run_id, chunk, patient_id)
          select ${runId}, (row_number() over (order by patient_id) - 1) / ${size}, patient_id
          from (select distinct patient_id from sync_snapshot_row where run_id = ${runId} and state = 'pending') p
          returning chunk
        )
        select coalesce(max(chunk) + 1, 0)::int as chunks from assigned`)
    },

    async chunksOf(runId, step) {
      const kinds = step === 'patients' ? ['trackedEntity'] : ['enrollment', 'event']
      const work =
        step === 'patients' || step === 'enrollments'
          ? sql.fragment`sync_patient c join sync_snapshot_row s on s.run_id = c.run_id and s.patient_id = c.patient_id and s.kind = any (${sql.array(kinds, 'text')})`
          : sql.fragment`sync_plan c join sync_snapshot_row s on s.run_id = c.run_id and s.row_id = any (c.row_id || c.events) and c.step = ${step}`
      return pool.anyFirst(sql.type(z.object({ chunk: z.int() }))`
        select distinct c.chunk from ${work} where c.run_id = ${runId} and s.state = 'pending' order by c.chunk`)
    },
  }
}

/** A relation or a column that was there when the names were looked up. */
function isMissing(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if ('code' in e && (e.code === '42P01' || e.code === '42703')) return true
  return false
}

async function takeSnapshot(tx: CommonQueryMethods, run: Run, { martSchema, overlapDays }: MartOptions): Promise<SnapshotSummary> {
  const { runId, mapping, mappingName } = run
  await tx.query(sql.unsafe`delete from sync_snapshot_row where run_id = ${runId}`)
  await tx.query(sql.unsafe`delete from sync_patient where run_id = ${runId}`)
  await tx.query(sql.unsafe`delete from sync_count where run_id = ${runId} and step = ${STEPS[0]}`)
  const relations = await readRelations(tx, martSchema, mapping)
  const markers = await readMarkers(tx, mappingName)
  const force = run.resync || run.from !== null

  const scanned: Partial<Record<Kind, { scanned: number; unchanged: number; newest: string | null }>> = {}
  for (const kind of KINDS) {
    const delta = run.retry ? asked(runId, kind) : inDelta(kind, run, { mappingName, marker: markers[kind], overlapDays })
    const wanted = kind === 'event' && !force ? sql.fragment`(${delta} or ${ofNewEnrollment(runId, mappingName)})` : delta
    scanned[kind] = await copyDelta(tx, run, kind, selectRows(kind, mapping, relations[kind], martSchema, wanted), force)
  }
  // what follows, and the steps, are planned by statistics; autovacuum would make them minutes later
  await tx.query(sql.unsafe`analyze sync_snapshot_row`)
  await mergeDuplicates(tx, runId)
  const leftOut = await leaveOutDismissed(tx, run)
  await rejectDoubtful(tx, run, relations)
  await addContext(tx, run, 'enrollment', relations.enrollment, martSchema)
  await addContext(tx, run, 'trackedEntity', relations.trackedEntity, martSchema)
  const held = await holdChildren(tx, run)
  if (run.retry || run.from !== null) await addSharers(tx, run, relations.trackedEntity, martSchema)

  await refuseRebuilt(tx, martSchema, mapping)

  const states = await tx.any(sql.type(z.object({ kind: z.enum(KINDS), pending: z.int(), rejected: z.int() }))`
    select kind, (count(*) filter (where state = 'pending'))::int as pending, (count(*) filter (where state = 'rejected'))::int as rejected
    from sync_snapshot_row where run_id = ${runId} group by kind`)
  const counts = Object.fromEntries(
    KINDS.map((kind) => {
      const { pending = 0, rejected = 0 } = states.find((s) => s.kind === kind) ?? {}
      return [
        kind,
        { scanned: scanned[kind]!.scanned, unchanged: scanned[kind]!.unchanged + leftOut[kind] + held[kind], pending, rejected },
      ]
    }),
  ) as SnapshotSummary['counts']
  for (const kind of KINDS)
    await addCounts(tx, runId, 'snapshot', kind, { unchanged: counts[kind].unchanged, rejected: counts[kind].rejected })

  const newest = Object.fromEntries(KINDS.map((kind) => [kind, scanned[kind]!.newest]))
  const programs = await tx.anyFirst(sql.type(z.object({ program: z.string() }))`
    select distinct program from sync_snapshot_row where run_id = ${runId} and program is not null order by program`)
  await tx.query(sql.unsafe`
    update sync_run set snapshot_at = now()::timestamp, newest = ${sql.jsonb(newest)}, programs = ${sql.array([...programs], 'text')} where run_id = ${runId}`)
  return { counts, programs }
}

const asked = (runId: string, kind: Kind) =>
  sql.fragment`r.record_key in (select record_key from sync_run_record where run_id = ${runId} and kind = ${kind})`

/** Rows whose content is as DHIS2 last confirmed it are counted and go no further, unless another row says otherwise of the same record. */
async function copyDelta(tx: CommonQueryMethods, run: Run, kind: Kind, rows: FragmentSqlToken, force: boolean) {
  return tx.one(sql.type(z.object({ scanned: z.int(), unchanged: z.int(), newest: z.string().nullable() }))`
    with delta as materialized (
      select d.*, not ${force} and c.hash is not null and c.hash = d.hash
        and not exists (select from sync_doubt o where o.mapping_name = c.mapping_name and o.kind = c.kind and o.record_key = c.record_key) as same
      from (${rows}) as d
      left join sync_confirmed c on c.mapping_name = ${run.mappingName} and c.kind = ${kind} and c.record_key = d.record_key
    ), twins as (
      select record_key from delta where same intersect select record_key from delta where not same
    ), copied as (
      insert into sync_snapshot_row (run_id, kind, state, ${COLUMNS})
      select ${run.runId}, ${kind}, 'pending', ${VALUES} from (
        select * from delta where not same union all select * from delta where same and record_key in (select record_key from twins)
      ) as d
    )
    select count(*)::int as scanned,
      (count(*) filter (where same) - (select count(*) from delta where same and record_key in (select record_key from twins)))::int as unchanged,
      (max(created) filter (where created between '1900-01-01' and now()::timestamp))::text as newest
    from delta`)
}

/** An enrollment that is to be sent brings those of its events that were never delivered, however old they are. */
const ofNewEnrollment = (runId: string, mappingName: string) => sql.fragment`(
  r.patient_id in (select patient_id from sync_snapshot_row where run_id = ${runId} and kind = 'enrollment')
  and exists (
    select from sync_snapshot_row e where e.run_id = ${runId} and e.kind = 'enrollment' and e.patient_id = r.patient_id and ${BELONGS})
  and not exists (select from event_tracker t where t.program = r.program and t.program_stage = r.program_stage and t.event_unique_id = r.unique_id)
  and not exists (select from sync_confirmed c where c.mapping_name = ${mappingName} and c.kind = 'event' and c.record_key = r.record_key)
)`

/** The same row several times is one record. */
async function mergeDuplicates(tx: CommonQueryMethods, runId: string): Promise<void> {
  await tx.query(sql.unsafe`
    delete from sync_snapshot_row s using (
      select row_id, row_number() over (partition by kind, record_key, hash order by row_id) as position from sync_snapshot_row where run_id = ${runId}
    ) as twin
    where s.run_id = ${runId} and s.row_id = twin.row_id and twin.position > 1`)
}

const doubtful = z.object({
  row_id: z.string(),
  kind: z.enum(KINDS),
  patient_id: z.string(),
  record_key: z.string(),
  fixed: z.record(z.string(), z.string().nullable()),
  mart_values: z.array(z.string().nullable()).nullable(),
})

/** Rows without a patient, and different rows for one record: nobody can tell which is right. */
async function rejectDoubtful(tx: CommonQueryMethods, run: Run, relations: Readonly<Record<Kind, Relation>>): Promise<void> {
  const rows = await tx.any(sql.type(doubtful)`
    select row_id::text, kind, patient_id, record_key, mart_values,
      jsonb_build_object('Patient_Identifier', patient_id, 'OrgUnit', org_unit_code, 'patient_program_id', patient_program_id, 'enrollment_date', enrollment_date,
        'incident_date', incident_date, 'event_date', event_date, 'status', status) as fixed
    from sync_snapshot_row s
    where run_id = ${run.runId} and (patient_id = '' or (kind, record_key) in (
      select kind, record_key from sync_snapshot_row where run_id = ${run.runId} group by kind, record_key having count(*) > 1))
    order by row_id`)
  const rejections = rows.map((row) => {
    const twins = rows.filter((other) => other.kind === row.kind && other.record_key === row.record_key)
    return {
      row_id: row.row_id,
      rejection: row.patient_id === '' ? withoutPatient(relations[row.kind].name) : differing(run, row, twins, relations[row.kind].name),
    }
  })
  await tx.query(sql.unsafe`
    update sync_snapshot_row s set state = 'rejected', rejection = r.rejection
    from jsonb_to_recordset(${sql.jsonb(rejections as never)}) as r (row_id bigint, rejection jsonb)
    where s.run_id = ${run.runId} and s.row_id = r.row_id`)
  if (run.dryRun) return
  await keepDoubtful(tx, run)
  await settleVanished(tx, run)
}

const withoutPatient = (relation: string) =>
  reject('identifier-missing', `A row of ${relation} has no "Patient_Identifier", so nobody can tell whose it is.`, {
    column: 'Patient_Identifier',
  })

type Doubtful = z.infer<typeof doubtful>

function differing(run: Run, row: Doubtful, twins: readonly Doubtful[], relation: string): Rejection {
  const columns = mappedColumns(run.mapping, row.kind)
  const names = [
    ...Object.keys(row.fixed).filter((name) => new Set(twins.map((t) => t.fixed[name] ?? null)).size > 1),
    ...columns.filter((_, i) => new Set(twins.map((t) => t.mart_values?.[i] ?? null)).size > 1).map(([name]) => name),
  ]
  const patients = [...new Set(twins.map((t) => t.patient_id))]
  const message = `Patient ${patients.join(' and patient ')}: ${relation} has ${twins.length} rows for ${row.record_key}, which differ in ${names.map((n) => `"${n}"`).join(', ')}.`
  return reject('duplicate-rows', message, { column: names[0] ?? null })
}

/** The work list of rejected records, from rows that were rejected before any step saw them. */
async function keepDoubtful(tx: CommonQueryMethods, run: Run): Promise<void> {
  await tx.query(
    sql.unsafe`${keepRejected(sql.fragment`
      select distinct on (kind, record_key) ${run.mappingName} as mapping_name, kind, record_key, patient_id, ${relationOf(run, sql.fragment`kind`)} as relation,
        rejection ->> 'code' as code, rejection,
        (select string_agg(distinct t.hash, ' ' order by t.hash) from sync_snapshot_row t
          where t.run_id = s.run_id and t.kind = s.kind and t.record_key = s.record_key) as hash,
        run_id
      from sync_snapshot_row s where run_id = ${run.runId} and state = 'rejected' order by kind, record_key, row_id`)}`,
  )
}

/** The other rows of every patient that has work: they decide where its records go. One that was never delivered has to be now, unless it is dismissed. */
async function addContext(
  tx: CommonQueryMethods,
  run: Run,
  kind: 'enrollment' | 'trackedEntity',
  relation: Relation,
  martSchema: string,
): Promise<void> {
  const { runId, mapping, mappingName } = run
  const ofWork = sql.fragment`
    r.patient_id in (select patient_id from sync_snapshot_row where run_id = ${runId} and state = 'pending')
    and not exists (select from sync_snapshot_row s where s.run_id = ${runId} and s.kind = ${kind} and s.record_key = r.record_key)`
  const tracked =
    kind === 'trackedEntity'
      ? sql.fragment`exists (select from instance_tracker t where t.patient_id = d.patient_id)`
      : sql.fragment`exists (select from enrollment_tracker t where t.program = d.program and t.program_unique_id = d.unique_id)`
  await tx.query(sql.unsafe`
    insert into sync_snapshot_row (run_id, kind, state, ${COLUMNS})
    select distinct on (record_key) ${runId}, ${kind},
      case when ${isDismissedAsNobodys(mappingName, kind)} then 'dismissed' when ${tracked} or exists (
        select from sync_confirmed c where c.mapping_name = ${mappingName} and c.kind = ${kind} and c.record_key = d.record_key and c.hash is not null
      ) then 'context' when ${isDismissed(mappingName, kind)} then 'dismissed' else 'pending' end, ${VALUES}
    from (${selectRows(kind, mapping, relation, martSchema, ofWork)}) as d
    order by record_key, hash`)
}

/** Patients who were rejected because they share a value, and are not in this run: sent without them, one of its own would look innocent. */
async function addSharers(
  tx: CommonQueryMethods,
  { runId, mapping, mappingName }: Run,
  relation: Relation,
  martSchema: string,
): Promise<void> {
  const sharers = sql.fragment`
    r.record_key in (
      select record_key from sync_rejected where mapping_name = ${mappingName} and kind = 'trackedEntity' and state = 'open'
        and code = ${'same-value-in-run' satisfies RejectionCode})
    and not exists (select from sync_snapshot_row s where s.run_id = ${runId} and s.kind = 'trackedEntity' and s.record_key = r.record_key)`
  await tx.query(sql.unsafe`
    insert into sync_snapshot_row (run_id, kind, state, ${COLUMNS})
    select distinct on (record_key) ${runId}, 'trackedEntity', 'context', ${VALUES}
    from (${selectRows('trackedEntity', mapping, relation, martSchema, sharers)}) as d
    order by record_key, hash`)
}

/** Patients who agree in all of these columns, none of them empty. */
async function flagGroup(pool: CommonQueryMethods, runId: string, indexes: readonly number[], mapped: readonly string[]): Promise<number> {
  const [first] = indexes
  if (first === undefined) return 0
  const values = sql.join(
    indexes.map((i) => sql.fragment`nullif(lower(btrim(mart_values ->> ${i}::int)), '')`),
    sql.fragment`, `,
  )
  const { rowCount } = await pool.query(sql.unsafe`
    with people as (
      select row_id, patient_id, mart_values ->> ${first}::int as shown, array[${values}] as value,
        exists (select from instance_tracker t where t.patient_id = s.patient_id) as known
      from sync_snapshot_row s where run_id = ${runId} and kind = 'trackedEntity' and state in ('pending', 'context')
    ), sharing as (
      select row_id, patient_id, shown, known, min(patient_id) over same as first, max(patient_id) over same as last
      from people where array_position(value, null) is null
      window same as (partition by value)
    ), shared as (
      select row_id, shown, case patient_id when first then last else first end as other from sharing where first <> last and not known
    )
    update sync_snapshot_row s
    set same_value = jsonb_build_object('patientId', shared.other, 'column', ${mapped[first]!}::text, 'value', shared.shown)
    from shared where s.run_id = ${runId} and s.row_id = shared.row_id and s.state = 'pending' and s.same_value is null`)
  return rowCount
}
