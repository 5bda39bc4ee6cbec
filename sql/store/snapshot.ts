/**
 * The delta of the mapping's relations, copied in one repeatable-read transaction: events are often 1,000-line views that cost the whole view for every
 * chunk read from them, Bahmni Mart drops and rebuilds its tables while we run, and what was previewed is what is sent.
 */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken, type ListSqlToken } from 'slonik'
import { z } from 'zod'
import { withoutPatient } from '../../src/core/delta-row.ts'
import { groupBy } from '../../src/core/group-by.ts'
import { mappedColumns, type MappedColumns } from '../../src/core/mapping.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { reject, type Rejection, type RejectionCode } from '../../src/core/rejection.ts'
import { MartRebuiltError, readRelations, refuseRebuilt, type Relation } from '../mart/catalogue.ts'
import { inDelta, isConfirmed, isOfSentEnrollment } from '../mart/delta.ts'
import { selectRows } from '../mart/rows.ts'
import { recordset } from '../recordset.ts'
import { holdChildren, isDismissed, isDismissedAsNobodys, leaveOutDismissed } from './dismissed.ts'
import { keepRejected, relationOf, settleVanished } from './keep-rejected.ts'
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
    async takeSnapshot(run) {
      const taken = await pool
        .transaction(async (tx) => {
          await tx.query(sql.unsafe`set transaction isolation level repeatable read`)
          return takeSnapshot(tx, run, options)
        })
        .catch((error: unknown) => {
          throw isMissing(error) ? new MartRebuiltError(run.mappingName) : error
        })
      // after that transaction: the heartbeat has changed the row meanwhile, which repeatable read takes for a conflict
      await keepWhatWasSeen(pool, run.runId, taken)
      return { counts: taken.counts, programs: taken.programs }
    },

    async flagSameValues(runId, columns) {
      const run = await pool.one(sql.type(z.object({ mapping: z.unknown() }))`select mapping from sync_run where run_id = ${runId}`)
      const mapped = mappedColumns((run.mapping as Run['mapping']).instance)
      const groups = [columns.searchable, ...columns.unique.map((column) => [column])].filter((group) => group.length > 0)
      let flagged = 0
      for (const group of groups)
        flagged += await flagGroup(
          pool,
          runId,
          group.map((column) => mapped.findIndex(([name]) => name === column)).filter((i) => i >= 0),
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
      return pool.anyFirst(sql.type(z.object({ chunk: z.int() }))`
        select distinct chunk from (${workIn(runId, step)}) as work order by chunk`)
    },
  }
}

/** the chunk of everything that is pending in a step */
function workIn(runId: string, step: Parameters<Store['chunksOf']>[1]): FragmentSqlToken {
  const pending = (kinds: readonly Kind[]) => sql.fragment`
    select c.chunk, c.patient_id from sync_patient c join sync_snapshot_row s on s.run_id = c.run_id and s.patient_id = c.patient_id
    where c.run_id = ${runId} and s.state = 'pending' and s.kind = any (${sql.array([...kinds], 'text')})`
  if (step === 'patients') return pending(['trackedEntity'])
  // "except": the plans are so new that PostgreSQL has no statistics of them, and would look each patient up in all of its chunk's
  if (step === 'enrollments') return sql.fragment`${pending(['enrollment', 'event'])} except ${plannedPatients(runId)}`
  return sql.fragment`
    select c.chunk from sync_plan c join sync_snapshot_row s on s.run_id = c.run_id and s.row_id = any (c.row_id || c.events)
    where c.run_id = ${runId} and c.step = ${step} and s.state = 'pending'`
}

/** chunk and patient_id of those for whom something is planned */
export const plannedPatients = (runId: string) => sql.fragment`
  select l.chunk, s.patient_id from sync_plan l join sync_snapshot_row s on s.run_id = l.run_id and s.row_id = l.row_id where l.run_id = ${runId}`

/** A relation or a column that was there when the names were looked up. */
function isMissing(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if ('code' in e && (e.code === '42P01' || e.code === '42703')) return true
  return false
}

/** So many new rows that the statistics have to tell of them. Of fewer ANALYZE would take longer than all else: 0.35 s in a table with 150,000 rows. */
const MANY = 1000
/** the columns that rows are found by: statistics of what they say, above all of mart_values, take as long again */
const COMPARED = sql.fragment`run_id, row_id, kind, state, patient_id, record_key, program, unique_id, hash, uid`

/** In a repeatable-read transaction. */
export async function takeSnapshot(
  tx: CommonQueryMethods,
  run: Run,
  { martSchema, overlapDays }: Pick<MartOptions, 'martSchema' | 'overlapDays'>,
): Promise<Taken> {
  const { runId, mapping, mappingName } = run
  await tx.query(sql.unsafe`delete from sync_snapshot_row where run_id = ${runId}`)
  await tx.query(sql.unsafe`delete from sync_patient where run_id = ${runId}`)
  await tx.query(sql.unsafe`delete from sync_count where run_id = ${runId} and step = ${STEPS[0]}`)
  const relations = await readRelations(tx, martSchema, mapping)
  const markers = await readMarkers(tx, mappingName)
  const force = run.resync || run.from !== null

  const scanned = {} as Record<Kind, Scanned>
  for (const kind of KINDS) {
    const delta = run.retry ? asked(runId, kind) : inDelta(kind, run, { mappingName, marker: markers[kind], overlapDays })
    const wanted = kind === 'event' && !force ? sql.fragment`(${delta} or ${isOfSentEnrollment(enrollmentsOf(runId), mappingName)})` : delta
    const rows = relations
      .filter((relation) => relation.kind === kind)
      .map(
        (relation) => sql.fragment`select ${relation.source}::int as source, r.* from (${selectRows(relation, martSchema, wanted)}) as r`,
      )
    scanned[kind] = await copyDelta(tx, run, kind, sql.join(rows, sql.fragment` union all `), force)
  }
  // what follows, and the steps, are planned by statistics; autovacuum would make them minutes later
  const copied = Object.values(scanned).reduce((sum, { scanned: all, unchanged }) => sum + all - unchanged, 0)
  if (copied > MANY) await tx.query(sql.unsafe`analyze sync_snapshot_row (${COMPARED})`)
  const twins = await tx.oneFirst(sql.type(z.object({ twins: z.boolean() }))`select count(*) > 0 as twins from (${twinsOf(runId)}) t`)
  if (twins) await mergeDuplicates(tx, runId)
  const leftOut = await leaveOutDismissed(tx, run)
  await rejectDoubtful(tx, run, relations, twins)
  for (const kind of ['enrollment', 'trackedEntity'] as const)
    for (const relation of relations.filter((r) => r.kind === kind)) await addContext(tx, run, kind, relation, martSchema)
  const held = await holdChildren(tx, run)
  if (run.retry || run.from !== null)
    for (const relation of relations.filter((r) => r.kind === 'trackedEntity')) await addSharers(tx, run, relation, martSchema)

  await refuseRebuilt(tx, martSchema, mapping)

  const states = await tx.any(sql.type(z.object({ kind: z.enum(KINDS), pending: z.int(), rejected: z.int() }))`
    select kind, (count(*) filter (where state = 'pending'))::int as pending, (count(*) filter (where state = 'rejected'))::int as rejected
    from sync_snapshot_row where run_id = ${runId} group by kind`)
  const counts = Object.fromEntries(
    KINDS.map((kind) => {
      const { pending = 0, rejected = 0 } = states.find((s) => s.kind === kind) ?? {}
      return [kind, { scanned: scanned[kind].scanned, unchanged: scanned[kind].unchanged + leftOut[kind] + held[kind], pending, rejected }]
    }),
  ) as SnapshotSummary['counts']
  for (const kind of KINDS)
    await addCounts(tx, runId, 'snapshot', kind, { unchanged: counts[kind].unchanged, rejected: counts[kind].rejected })

  const newest = Object.fromEntries(KINDS.map((kind) => [kind, scanned[kind].newest]))
  const programs = await tx.anyFirst(sql.type(z.object({ program: z.string() }))`
    select distinct program from sync_snapshot_row where run_id = ${runId} and program is not null order by program`)
  const at = await tx.oneFirst(sql.type(z.object({ at: z.string() }))`select now()::timestamp::text as at`)
  return { counts, programs, at, newest }
}

interface Taken extends SnapshotSummary {
  /** when the transaction began */
  at: string
  newest: Record<string, string | null>
}

/** For the steps and the markers. */
export async function keepWhatWasSeen(tx: CommonQueryMethods, runId: string, { at, newest, programs }: Taken): Promise<void> {
  await tx.query(sql.unsafe`
    update sync_run set snapshot_at = ${at}::timestamp, newest = ${sql.jsonb(newest)}, programs = ${sql.array([...programs], 'text')} where run_id = ${runId}`)
}

const asked = (runId: string, kind: Kind) =>
  sql.fragment`r.record_key in (select record_key from sync_run_record where run_id = ${runId} and kind = ${kind})`

const scannedRow = z.object({ scanned: z.int(), unchanged: z.int(), newest: z.string().nullable() })
type Scanned = z.infer<typeof scannedRow>

/**
 * Rows whose content is as DHIS2 last confirmed it are counted and go no further. But one whose record has another row now, which
 * differs, goes along to be rejected with it: that other one alone would go today, and this one in the next run, and so on for ever.
 */
async function copyDelta(
  tx: CommonQueryMethods,
  run: Run,
  kind: Kind,
  rows: FragmentSqlToken | ListSqlToken,
  force: boolean,
): Promise<Scanned> {
  // A table, not a part of the statement that inserts: PostgreSQL reads a Mart with all of its processors only in a statement that changes no table.
  await tx.query(sql.unsafe`
    create temporary table delta on commit drop as
    select d.*, ${isConfirmed(force)} as same, c.hash is not null as known
    from (${rows}) as d
    left join sync_confirmed c on c.mapping_name = ${run.mappingName} and c.kind = ${kind} and c.record_key = d.record_key`)
  const scanned = await tx.one(sql.type(scannedRow)`
    with torn as materialized (
      select record_key, count(*) filter (where same) as twins from pg_temp.delta
      -- asked once: a first sync, and one without changes, has nothing to group
      where exists (select from pg_temp.delta where known and not same)
      group by record_key having bool_or(known and same) and not bool_and(same)
    ), copied as (
      insert into sync_snapshot_row (run_id, kind, source, state, ${COLUMNS})
      select ${run.runId}, ${kind}, source, 'pending', ${VALUES} from pg_temp.delta left join torn using (record_key) where not same or twins > 0
    )
    select count(*)::int as scanned, (count(*) filter (where same) - (select coalesce(sum(twins), 0) from torn))::int as unchanged,
      (max(created) filter (where created between '1900-01-01' and now()::timestamp))::text as newest
    from pg_temp.delta`)
  await tx.query(sql.unsafe`drop table pg_temp.delta`)
  return scanned
}

/** The run's enrollments, as far as the snapshot has them. */
const enrollmentsOf = (runId: string) => sql.fragment`
  (select patient_id, program, unique_id, enrollment_date from sync_snapshot_row where run_id = ${runId} and kind = 'enrollment')`

/** Records with several rows. There are hardly ever any, and to see that takes half the time of sorting all rows. */
const twinsOf = (runId: string) =>
  sql.fragment`select kind, record_key from sync_snapshot_row where run_id = ${runId} group by kind, record_key having count(*) > 1`

/** The same row several times is one record. */
async function mergeDuplicates(tx: CommonQueryMethods, runId: string): Promise<void> {
  await tx.query(sql.unsafe`
    with twins as (${twinsOf(runId)})
    delete from sync_snapshot_row s using (
      select row_id, row_number() over (partition by kind, record_key, hash order by source, row_id) as position
      from sync_snapshot_row join twins using (kind, record_key) where run_id = ${runId}
    ) as twin
    where s.run_id = ${runId} and s.row_id = twin.row_id and twin.position > 1`)
}

const doubtful = z.object({
  row_id: z.string(),
  kind: z.enum(KINDS),
  source: z.int(),
  patient_id: z.string(),
  record_key: z.string(),
  fixed: z.record(z.string(), z.string().nullable()),
  mart_values: z.array(z.string().nullable()).nullable(),
})

/** Rows without a patient, and different rows for one record: nobody can tell which is right. */
async function rejectDoubtful(tx: CommonQueryMethods, run: Run, relations: readonly Relation[], anyTwins: boolean): Promise<void> {
  // not "or in (select …)": of a million rows PostgreSQL would then look the twins up anew for each
  const [join, or] = anyTwins
    ? [sql.fragment`left join twins using (kind, record_key)`, sql.fragment`or twins.record_key is not null`]
    : [sql.fragment``, sql.fragment``]
  const rows = await tx.any(sql.type(doubtful)`
    with twins as (${twinsOf(run.runId)})
    select row_id::text, kind, source, patient_id, record_key, mart_values,
      jsonb_build_object('Patient_Identifier', patient_id, 'OrgUnit', org_unit_code, 'patient_program_id', patient_program_id, 'enrollment_date', enrollment_date,
        'incident_date', incident_date, 'event_date', event_date, 'status', status) as fixed
    from sync_snapshot_row s ${join} where run_id = ${run.runId} and (patient_id = '' ${or})
    order by source, row_id`)
  const twins = [...groupBy(rows, (row) => `${row.kind} ${row.record_key}`).values()]
  const rejections = twins.flatMap((same) => {
    const told = same.map((row) => ({ ...row, relation: relations.find((r) => r.kind === row.kind && r.source === row.source)! }))
    const differ = same.length > 1 ? differing(told) : null
    return told.map(({ row_id, patient_id, relation }) => ({
      row_id,
      rejection: patient_id === '' ? withoutPatient(relation.table) : differ,
    }))
  })
  await tx.query(sql.unsafe`
    update sync_snapshot_row s set state = 'rejected', rejection = r.rejection
    from ${recordset(rejections)} as r (row_id bigint, rejection jsonb)
    where s.run_id = ${run.runId} and s.row_id = r.row_id`)
  if (run.dryRun) return
  await keepDoubtful(tx, run)
  await settleVanished(tx, run)
}

type Doubtful = z.infer<typeof doubtful> & { relation: Relation }

/** Rows of one record, of one relation or of several. */
function differing(twins: readonly Doubtful[]): Rejection {
  const contents = twins.map(({ fixed, mart_values, relation }): Record<string, string | null> => ({
    ...fixed,
    ...Object.fromEntries(relation.columns.map((column, i) => [column[0], JSON.stringify([column, mart_values?.[i]])])),
  }))
  const columns = new Set(contents.flatMap((content) => Object.keys(content)))
  const names = [...columns].filter((name) => new Set(contents.map((content) => content[name] ?? null)).size > 1)
  const patients = [...new Set(twins.map((t) => t.patient_id))]
  const tables = [...new Set(twins.map((t) => t.relation.table))]
  const message = `Patient ${patients.join(' and patient ')}: ${tables.join(' and ')} ${tables.length > 1 ? 'have' : 'has'} ${twins.length} rows for ${twins[0]!.record_key}, which differ in ${names.map((n) => `"${n}"`).join(', ')}.`
  return reject('duplicate-rows', message, { column: names[0] ?? null })
}

/** The work list of rejected records, from rows that were rejected before any step saw them. */
async function keepDoubtful(tx: CommonQueryMethods, run: Run): Promise<void> {
  await tx.query(
    sql.unsafe`${keepRejected(sql.fragment`
      select distinct on (kind, record_key) ${run.mappingName} as mapping_name, kind, record_key, patient_id, ${relationOf(run, sql.fragment`s`)} as relation,
        rejection ->> 'code' as code, rejection,
        (select string_agg(distinct t.hash, ' ' order by t.hash) from sync_snapshot_row t
          where t.run_id = s.run_id and t.kind = s.kind and t.record_key = s.record_key) as hash,
        run_id
      from sync_snapshot_row s where run_id = ${run.runId} and state = 'rejected' order by kind, record_key, source, row_id`)}`,
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
  const { runId, mappingName } = run
  const ofWork = sql.fragment`
    r.patient_id in (select patient_id from sync_snapshot_row where run_id = ${runId} and state = 'pending')
    and not exists (select from sync_snapshot_row s where s.run_id = ${runId} and s.kind = ${kind} and s.record_key = r.record_key)`
  const tracked =
    kind === 'trackedEntity'
      ? sql.fragment`exists (select from instance_tracker t where t.patient_id = d.patient_id)`
      : sql.fragment`exists (select from enrollment_tracker t where t.program = d.program and t.program_unique_id = d.unique_id)`
  await tx.query(sql.unsafe`
    insert into sync_snapshot_row (run_id, kind, source, state, ${COLUMNS})
    select distinct on (record_key) ${runId}, ${kind}, ${relation.source},
      case when ${isDismissedAsNobodys(mappingName, kind)} then 'dismissed' when ${tracked} or exists (
        select from sync_confirmed c where c.mapping_name = ${mappingName} and c.kind = ${kind} and c.record_key = d.record_key and c.hash is not null
      ) then 'context' when ${isDismissed(mappingName, kind)} then 'dismissed' else 'pending' end, ${VALUES}
    from (${selectRows(relation, martSchema, ofWork)}) as d
    order by record_key, hash`)
}

/** Patients who were rejected because they share a value, and are not in this run: sent without them, one of its own would look innocent. */
async function addSharers(tx: CommonQueryMethods, { runId, mappingName }: Run, relation: Relation, martSchema: string): Promise<void> {
  const sharers = sql.fragment`
    r.record_key in (
      select record_key from sync_rejected where mapping_name = ${mappingName} and kind = 'trackedEntity' and state = 'open'
        and code = ${'same-value-in-run' satisfies RejectionCode})
    and not exists (select from sync_snapshot_row s where s.run_id = ${runId} and s.kind = 'trackedEntity' and s.record_key = r.record_key)`
  await tx.query(sql.unsafe`
    insert into sync_snapshot_row (run_id, kind, source, state, ${COLUMNS})
    select distinct on (record_key) ${runId}, 'trackedEntity', ${relation.source}, 'context', ${VALUES}
    from (${selectRows(relation, martSchema, sharers)}) as d
    order by record_key, hash`)
}

/** Patients who agree in all of these columns, none of them empty. */
async function flagGroup(pool: CommonQueryMethods, runId: string, indexes: readonly number[], mapped: MappedColumns): Promise<number> {
  const [first] = indexes
  if (first === undefined) return 0
  const own = (i: number) => sql.fragment`mart_values ->> ${i}::int`
  const sent = (i: number) => {
    const translation = mapped[i]![2]
    return Object.keys(translation).length === 0
      ? own(i)
      : sql.fragment`coalesce(${JSON.stringify(translation)}::jsonb ->> btrim(${own(i)}), ${own(i)})`
  }
  const values = sql.join(
    indexes.map((i) => sql.fragment`nullif(lower(btrim(${sent(i)})), '')`),
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
    set same_value = jsonb_build_object('patientId', shared.other, 'column', ${mapped[first]![0]}::text, 'value', shared.shown)
    from shared where s.run_id = ${runId} and s.row_id = shared.row_id and s.state = 'pending' and s.same_value is null`)
  return rowCount
}
