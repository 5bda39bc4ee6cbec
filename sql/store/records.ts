/** A run's rows as the steps read them, their plans, and how they ended. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { KINDS, type EnrollmentRow, type EventLink, type EventRow, type PatientRow } from '../../src/core/model.ts'
import { groupBy } from '../../src/core/group-by.ts'
import type { Rejection } from '../../src/core/rejection.ts'
import { recordset } from '../recordset.ts'
import { keepRejected } from './keep-rejected.ts'
import { plannedPatients } from './snapshot.ts'
import { tableOf } from './snapshot-table.ts'
import { RunEndedError, type Outcome, type PatientWork, type PushItem, type RejectedRow, type Step, type Store } from './store.ts'

const text = z.string().nullable()
const sent = z.array(z.string()).nullable()

const patientRow = z.object({
  row_id: z.string(),
  patient_id: z.string(),
  org_unit_code: text,
  mart_values: z.array(text),
  sent,
  tracker: text,
  sending: text,
  shares: z.array(z.string()),
  same_value: z.object({ patientId: z.string(), column: z.string(), value: z.string() }).nullable(),
})
const enrollmentRow = z.object({
  row_id: z.string(),
  patient_id: z.string(),
  org_unit_code: text,
  program: text,
  unique_id: text,
  enrollment_date: text,
  incident_date: text,
  status: text,
  state: z.string(),
  tracker: text,
  tracker_instance: text,
  sending: text,
  tracker_status: z.enum(['ACTIVE', 'COMPLETED', 'CANCELLED']).nullable().catch(null),
})
const eventLink = z.object({
  row_id: z.string(),
  source: z.int(),
  patient_id: z.string(),
  program: text,
  unique_id: text,
  patient_program_id: text,
  enrollment_date: text,
  event_date: text,
})
const eventRow = eventLink.extend({
  org_unit_code: text,
  program_stage: text,
  status: text,
  mart_values: z.array(text),
  sent,
  tracker: text,
  tracker_instance: text,
  sending: text,
})
const personRow = z.object({ patient_id: z.string(), tracked_entity: text, rejected: z.boolean(), created_now: z.boolean() })
const trackerRow = z.object({ instance_id: z.string(), enrollment: z.string(), program: z.string(), unique_id: z.string() })

/** The newest tracker row rules: adopted databases have several for one record (their unique constraints never existed). */
const ENROLLMENT_TRACKER = sql.fragment`
  left join lateral (
    select enrollment_id, instance_id, status from enrollment_tracker t where t.program_unique_id = s.unique_id and t.program = s.program
    order by date_created desc nulls last, enrollment_id desc limit 1
  ) as t on true`
const EVENT_TRACKER = sql.fragment`
  left join lateral (
    select event_id, instance_id from event_tracker t
    where t.event_unique_id = s.unique_id and t.program_stage = s.program_stage and t.program = s.program
    order by date_created desc nulls last, event_id desc limit 1
  ) as t on true`
const CONFIRMED = sql.fragment`left join sync_confirmed c on c.mapping_name = run.mapping_name and c.kind = s.kind and c.record_key = s.record_key`
const ROWS = sql.fragment`sync_snapshot_row s join sync_run run on run.run_id = s.run_id`

const ENROLLMENT = sql.fragment`
  select s.row_id::text, s.patient_id, s.org_unit_code, s.program, s.unique_id, s.enrollment_date, s.incident_date, s.status, s.state,
    t.enrollment_id as tracker, t.instance_id as tracker_instance, t.status as tracker_status,
    case when c.hash is null then c.uid end as sending`
const EVENT_LINK = sql.fragment`select s.row_id::text, s.source, s.patient_id, s.program, s.unique_id, s.patient_program_id, s.enrollment_date, s.event_date`
const EVENT = sql.fragment`
  ${EVENT_LINK}, s.org_unit_code, s.program_stage, s.status, s.mart_values, c.sent, t.event_id as tracker, t.instance_id as tracker_instance,
    case when c.hash is null then c.uid end as sending`

const IS_GOING = sql.fragment`(state in ('queued', 'running'))`

const ofChunk = (runId: string, chunk: number) => sql.fragment`
  s.run_id = ${runId} and s.patient_id in (select patient_id from sync_patient where run_id = ${runId} and chunk = ${chunk})`

type RecordMethods = Pick<
  Store,
  | 'readPatients'
  | 'patientsOf'
  | 'readEnrollmentWork'
  | 'trackedEvents'
  | 'savePlan'
  | 'sentSincePlan'
  | 'readPlanned'
  | 'markSending'
  | 'anyDigestible'
  | 'recordOutcomes'
  | 'countPending'
  | 'readRejected'
  | 'readWarnings'
>

export function recordMethods(pool: CommonQueryMethods): RecordMethods {
  return {
    async readPatients(runId, chunk, which = 'pending') {
      const states = which === 'all' ? ['pending', 'created', 'updated', 'unchanged'] : ['pending']
      const rows = await pool.any(sql.type(patientRow)`
        select s.row_id::text, s.patient_id, s.org_unit_code, s.mart_values, c.sent, t.instance_id as tracker,
          case when c.hash is null then c.uid end as sending, s.same_value,
          array(select distinct o.patient_id from instance_tracker o where o.instance_id = t.instance_id and o.patient_id <> s.patient_id) as shares
        from ${ROWS} ${CONFIRMED}
        left join lateral (
          select instance_id from instance_tracker t where t.patient_id = s.patient_id order by date_created desc nulls last, instance_id desc limit 1
        ) as t on true
        where ${ofChunk(runId, chunk)} and s.kind = 'trackedEntity' and s.state = any (${sql.array(states, 'text')})
        order by s.row_id`)
      return rows.map((row): PatientRow => ({
        rowId: row.row_id,
        patientId: row.patient_id,
        orgUnitCode: row.org_unit_code,
        values: row.mart_values,
        sent: row.sent ?? [],
        trackedEntity: row.tracker ?? row.sending,
        unconfirmed: row.tracker === null && row.sending !== null,
        sharesTrackedEntityWith: row.shares,
        sameValueAs: row.same_value,
      }))
    },

    async patientsOf(trackedEntities) {
      if (trackedEntities.length === 0) return new Map()
      const rows = await pool.any(sql.type(z.object({ instance_id: z.string(), patient_id: z.string() }))`
        select distinct instance_id, patient_id from instance_tracker where instance_id = any (${sql.array([...trackedEntities], 'text')}) and patient_id is not null`)
      return new Map([...groupBy(rows, (row) => row.instance_id)].map(([uid, owners]) => [uid, owners.map((o) => o.patient_id)]))
    },

    async readEnrollmentWork(runId, chunk, which) {
      const planned = sql.fragment`select patient_id from (${plannedPatients(runId)}) as p where chunk = ${chunk}`
      const people = await pool.any(sql.type(personRow)`
        select s.patient_id, max(coalesce(p.uid, t.instance_id)) as tracked_entity, coalesce(bool_or(p.state = 'rejected'), false) as rejected,
          coalesce(bool_or(p.state = 'created'), false) as created_now
        from (
          select distinct run_id, patient_id from sync_snapshot_row s where ${ofChunk(runId, chunk)} and kind <> 'trackedEntity' and state = 'pending'
          ${which === 'all' ? sql.fragment`` : sql.fragment`and patient_id not in (${planned})`}
        ) s
        left join sync_snapshot_row p on p.run_id = s.run_id and p.patient_id = s.patient_id and p.kind = 'trackedEntity'
        left join lateral (
          select instance_id from instance_tracker t where t.patient_id = s.patient_id order by date_created desc nulls last, instance_id desc limit 1
        ) as t on true
        ${which === 'newcomers' ? sql.fragment`where p.state = 'created'` : sql.fragment``}
        group by s.patient_id order by s.patient_id`)
      if (people.length === 0) return []
      const theirs = sql.fragment`
        s.run_id = ${runId} and s.patient_id = any (${sql.array(
          people.map((p) => p.patient_id),
          'text',
        )})`
      const enrollments = groupBy(
        await pool.any(sql.type(enrollmentRow)`
          ${ENROLLMENT} from ${ROWS} ${ENROLLMENT_TRACKER} ${CONFIRMED} where ${theirs} and s.kind = 'enrollment' and s.state not in ('rejected', 'dismissed') order by s.row_id`),
        (row) => row.patient_id,
      )
      const events = groupBy(
        await pool.any(sql.type(eventLink)`
          ${EVENT_LINK} from sync_snapshot_row s where ${theirs} and s.kind = 'event' and s.state = 'pending' order by s.row_id`),
        (row) => row.patient_id,
      )
      const trackers = groupBy(
        await readTrackers(
          pool,
          people.flatMap((p) => p.tracked_entity ?? []),
        ),
        (row) => row.instance_id,
      )
      return people.map((person): PatientWork => ({
        patientId: person.patient_id,
        trackedEntity: person.tracked_entity,
        patientRejected: person.rejected,
        createdNow: person.created_now,
        trackers: (trackers.get(person.tracked_entity ?? '') ?? []).map((t) => ({
          enrollment: t.enrollment,
          program: t.program,
          programUniqueId: t.unique_id,
        })),
        enrollments: (enrollments.get(person.patient_id) ?? []).map(toEnrollment),
        events: (events.get(person.patient_id) ?? []).map(toEventLink),
      }))
    },

    async trackedEvents(events) {
      if (events.length === 0) return new Set()
      return new Set(
        await pool.anyFirst(sql.type(z.object({ event_id: z.string() }))`
          select event_id from event_tracker where event_id = any (${sql.array([...events], 'text')})`),
      )
    },

    async savePlan(runId, chunk, planned, how = 'add') {
      const rows = planned.map((p) => ({ row_id: p.rowId, step: p.step, wave: p.wave, plan: p.plan, events: p.events }))
      await pool.transaction(async (tx) => {
        if (how === 'instead') await tx.query(sql.unsafe`delete from sync_plan where run_id = ${runId} and chunk = ${chunk}`)
        await tx.query(sql.unsafe`
          insert into sync_plan (run_id, chunk, step, row_id, wave, plan, events)
          select ${runId}, ${chunk}, step, row_id, wave, plan, array(select jsonb_array_elements_text(events)::bigint)
          from ${recordset(rows)} as p (row_id bigint, step text, wave integer, plan jsonb, events jsonb)`)
      })
    },

    async sentSincePlan(runId, chunk) {
      return pool.oneFirst(sql.type(z.object({ sent: z.boolean() }))`
        select exists (
          select from sync_plan l
          join sync_snapshot_row s on s.run_id = l.run_id and s.row_id = l.row_id
          join instance_tracker i on i.patient_id = s.patient_id
          join enrollment_tracker t on t.instance_id = i.instance_id and t.program = s.program
          join sync_confirmed c on c.record_key = t.program || '/' || t.program_unique_id and c.kind = 'enrollment'
          where l.run_id = ${runId} and l.chunk = ${chunk} and c.run_id <> l.run_id and c.confirmed_at > l.planned_at
        ) as sent`)
    },

    async readPlanned<Plan>(runId: string, step: Step, chunk: number, which: 'pending' | 'all' = 'pending') {
      const states = which === 'all' ? ['pending', 'context', 'created', 'updated', 'unchanged'] : ['pending']
      const wanted = sql.fragment`= any (${sql.array(states, 'text')})`
      const planned = enrollmentRow.extend({ plan: z.unknown(), wave: z.int(), tracked_entity: z.string() })
      const inStep = sql.fragment`l.run_id = ${runId} and l.chunk = ${chunk} and l.step = ${step}`
      const rows = await pool.any(sql.type(planned)`
        ${ENROLLMENT}, l.plan, l.wave, coalesce(p.uid, i.instance_id) as tracked_entity
        from sync_plan l join ${ROWS} on s.run_id = l.run_id and s.row_id = l.row_id ${ENROLLMENT_TRACKER} ${CONFIRMED}
        left join sync_snapshot_row p on p.run_id = s.run_id and p.patient_id = s.patient_id and p.kind = 'trackedEntity'
        left join lateral (
          select instance_id from instance_tracker i where i.patient_id = s.patient_id order by date_created desc nulls last, instance_id desc limit 1
        ) as i on true
        where ${inStep} and exists (
          select from sync_snapshot_row o where o.run_id = l.run_id and o.row_id = any (l.row_id || l.events)
            and o.state ${which === 'all' ? sql.fragment`<> 'rejected' and o.row_id = l.row_id` : wanted})
        order by l.wave, s.row_id`)
      const children = groupBy(
        await pool.any(sql.type(eventRow.extend({ parent: z.string() }))`
          ${EVENT}, l.row_id::text as parent
          from sync_plan l cross join unnest(l.events) as e (row_id) join ${ROWS} on s.run_id = l.run_id and s.row_id = e.row_id ${CONFIRMED} ${EVENT_TRACKER}
          where ${inStep} and s.state ${wanted} order by s.row_id`),
        (row) => row.parent,
      )
      return rows.map((row): PushItem<Plan> => ({
        enrollment: { ...toEnrollment(row), plan: row.plan as Plan, wave: row.wave },
        trackedEntity: row.tracked_entity,
        events: (children.get(row.row_id) ?? []).map(toEvent),
      }))
    },

    async markSending(runId, sending) {
      if (sending.length === 0) return
      const rows = sending.map((s) => ({ row_id: s.rowId, uid: s.uid, sent: s.sent }))
      const going = await pool.oneFirst(sql.type(z.object({ going: z.boolean() }))`
        with run as (select run_id, mapping_name, dry_run from sync_run where run_id = ${runId} and ${IS_GOING} for share), given as (
          select s.kind, s.record_key, r.uid, array(select jsonb_array_elements_text(r.sent)) as sent
          from ${recordset(rows)} as r (row_id bigint, uid text, sent jsonb)
          join sync_snapshot_row s on s.run_id = ${runId} and s.row_id = r.row_id
        ), marked as (
          insert into sync_confirmed as c (mapping_name, kind, record_key, uid, hash, sent, run_id)
          select run.mapping_name, g.kind, g.record_key, g.uid, null, g.sent, run.run_id from given g, run where not run.dry_run
          on conflict (mapping_name, kind, record_key) do update set uid = excluded.uid, hash = null, sent = excluded.sent, run_id = excluded.run_id, confirmed_at = now()
        ), sure_again as (
          delete from sync_doubt d using given g, run
          where not run.dry_run and d.mapping_name = run.mapping_name and d.kind = g.kind and d.record_key = g.record_key
        )
        select exists (select from run) as going`)
      if (!going) throw new RunEndedError()
    },

    async anyDigestible(runId, rowIds) {
      return pool.oneFirst(sql.type(z.object({ any: z.boolean() }))`
        select exists (
          select from ${ROWS} where s.run_id = ${runId} and s.row_id = any (${sql.array([...rowIds], 'int8')})
            and not exists (
              select from sync_rejected j where j.mapping_name = run.mapping_name and j.kind = s.kind and j.record_key = s.record_key
                and j.state = 'open' and j.code in ('undigestible', 'parent-rejected'))
        ) as any`)
    },

    async recordOutcomes(runId, step, outcomes) {
      if (outcomes.length > 0) await recordOutcomes(pool, runId, step, outcomes)
    },

    async countPending(runId) {
      return pool.oneFirst(
        sql.type(z.object({ n: z.int() }))`select count(*)::int as n from sync_snapshot_row where run_id = ${runId} and state = 'pending'`,
      )
    },

    async readRejected(runId) {
      const rows = await pool.any(sql.type(
        z.object({ kind: z.enum(KINDS), patient_id: z.string(), record_key: z.string(), relation: z.string(), rejection: z.unknown() }),
      )`
        select s.kind, s.patient_id, s.record_key, s.rejection, ${tableOf(sql.fragment`s`, sql.fragment`run.mapping`)} as relation
        from ${ROWS} where s.run_id = ${runId} and s.state = 'rejected' order by s.source, s.row_id`)
      return rows.map((row): RejectedRow => ({
        kind: row.kind,
        patientId: row.patient_id,
        recordKey: row.record_key,
        relation: row.relation,
        rejection: row.rejection as Rejection,
      }))
    },

    async readWarnings(runId) {
      const rows = await pool.any(sql.type(
        z.object({ kind: z.enum(KINDS), patient_id: z.string(), record_key: z.string(), warning: z.string() }),
      )`
        select kind, patient_id, record_key, warning from sync_snapshot_row, jsonb_array_elements_text(warnings) as warning
        where run_id = ${runId} and warnings is not null order by source, row_id`)
      return rows.map((row) => ({ kind: row.kind, patientId: row.patient_id, recordKey: row.record_key, warning: row.warning }))
    },
  }
}

async function readTrackers(pool: CommonQueryMethods, trackedEntities: readonly string[]): Promise<readonly z.infer<typeof trackerRow>[]> {
  return pool.any(sql.type(trackerRow)`
    select instance_id, enrollment_id as enrollment, program, program_unique_id as unique_id from enrollment_tracker
    where instance_id = any (${sql.array([...trackedEntities], 'text')}) and program is not null`)
}

/**
 * One statement, and so one transaction: the rows' ends, the tracker tables, what is confirmed, the work list of rejected records, and the counts. A row that has come to
 * its end already is left alone, so saying it twice changes nothing. Of a run that was ended meanwhile only the tracker rows are kept, and that the records
 * are in doubt: what is confirmed and what is rejected is for the next run to say, which may have begun.
 */
async function recordOutcomes(pool: CommonQueryMethods, runId: string, step: Step, outcomes: readonly Outcome[]): Promise<void> {
  const rows = outcomes.map((o) => ({
    row_id: o.rowId,
    state: o.state,
    uid: o.uid,
    tracked_entity: o.trackedEntity,
    status: o.status,
    adopted: o.adopted,
    sent: o.sent,
    rejection: o.rejection,
    warnings: o.warnings.length > 0 ? o.warnings : null,
  }))
  await pool.query(sql.unsafe`
    with run as (
      select mapping_name, requested_by, dry_run, mapping, ${IS_GOING} as going from sync_run where run_id = ${runId} for share
    ), given as (
      select * from ${recordset(rows)}
        as o (row_id bigint, state text, uid text, tracked_entity text, status text, adopted boolean, sent jsonb, rejection jsonb, warnings jsonb)
    ), settled as (
      update sync_snapshot_row s
      set state = o.state, uid = coalesce(o.uid, s.uid), rejection = nullif(o.rejection, 'null'::jsonb), warnings = nullif(o.warnings, 'null'::jsonb)
      from given o where s.run_id = ${runId} and s.row_id = o.row_id and s.state = 'pending'
      returning s.kind, s.source, s.state, s.patient_id, s.record_key, s.program, s.program_stage, s.unique_id, s.hash, s.rejection, o.uid, o.tracked_entity, o.status as new_status, o.adopted, o.sent
    ), delivered as (
      select settled.*, run.mapping_name, run.requested_by, run.going, now() at time zone 'UTC' as at from settled, run where state <> 'rejected' and not run.dry_run
    ), instances as (
      insert into instance_tracker (patient_id, instance_id, created_by, date_created)
      select patient_id, uid, requested_by, at from delivered d where kind = 'trackedEntity'
        and not exists (select from instance_tracker t where t.patient_id = d.patient_id and t.instance_id = d.uid offset 0)
      on conflict do nothing
    ), enrollments_known as (
      update enrollment_tracker t set status = coalesce(d.new_status, t.status) from delivered d
      where d.kind = 'enrollment' and t.enrollment_id = d.uid and t.program_unique_id = d.unique_id
        and exists (select from enrollment_tracker k where k.enrollment_id = d.uid and k.program_unique_id = d.unique_id offset 0)
    ), enrollments_new as (
      insert into enrollment_tracker (instance_id, program, status, created_by, date_created, enrollment_id, program_unique_id)
      select tracked_entity, program, new_status, requested_by, at, uid, unique_id from delivered d where kind = 'enrollment'
        and not exists (select from enrollment_tracker t where t.enrollment_id = d.uid and t.program_unique_id = d.unique_id offset 0)
      on conflict do nothing
    ), events_new as (
      insert into event_tracker (event_id, instance_id, program, program_stage, event_unique_id, created_by, date_created)
      select uid, tracked_entity, program, program_stage, unique_id, requested_by, at from delivered d where kind = 'event'
        and not exists (select from event_tracker t where t.event_id = d.uid offset 0)
      on conflict do nothing
    ), confirmed as (
      insert into sync_confirmed (mapping_name, kind, record_key, uid, hash, sent, run_id)
      select mapping_name, kind, record_key, uid, hash, array(select jsonb_array_elements_text(sent)), ${runId} from delivered where going
      on conflict (mapping_name, kind, record_key) do update
        set uid = excluded.uid, hash = excluded.hash, sent = excluded.sent, run_id = excluded.run_id, confirmed_at = now()
    ), doubtful as (
      insert into sync_doubt (mapping_name, kind, record_key) select mapping_name, kind, record_key from delivered where not going on conflict do nothing
    ), forgotten as (
      -- refused for good, so DHIS2 does not have it: nothing is on its way any more
      delete from sync_confirmed c using settled s, run
      where not run.dry_run and run.going and s.state = 'rejected' and c.mapping_name = run.mapping_name and c.kind = s.kind and c.record_key = s.record_key and c.hash is null
        and s.rejection ->> 'code' <> 'undigestible' and coalesce(s.rejection ->> 'dhis2Code', '') <> 'UNREPORTED'
        and not exists (select from instance_tracker t where s.kind = 'trackedEntity' and t.instance_id = c.uid)
        and not exists (select from enrollment_tracker t where s.kind = 'enrollment' and t.enrollment_id = c.uid)
        and not exists (select from event_tracker t where s.kind = 'event' and t.event_id = c.uid)
    ), work_list as (
      ${keepRejected(sql.fragment`
        select run.mapping_name, kind, record_key, patient_id, ${tableOf(sql.fragment`settled`, sql.fragment`run.mapping`)} as relation,
          rejection ->> 'code' as code, rejection, hash, ${runId}::uuid as run_id
        from settled, run where state = 'rejected' and not run.dry_run and run.going`)}
    ), passed as (
      update sync_rejected j set state = 'settled', last_at = now() from delivered d
      where d.going and j.mapping_name = d.mapping_name and j.kind = d.kind and j.record_key = d.record_key and j.state <> 'settled'
    )
    insert into sync_count as c (run_id, step, kind, created, updated, unchanged, rejected, adopted)
    select ${runId}, ${step}, kind, count(*) filter (where state = 'created'), count(*) filter (where state = 'updated'),
      count(*) filter (where state = 'unchanged'), count(*) filter (where state = 'rejected'), count(*) filter (where adopted and state <> 'rejected')
    from settled group by kind
    on conflict (run_id, step, kind) do update set created = c.created + excluded.created, updated = c.updated + excluded.updated,
      unchanged = c.unchanged + excluded.unchanged, rejected = c.rejected + excluded.rejected, adopted = c.adopted + excluded.adopted`)
}

function toEnrollment(row: z.infer<typeof enrollmentRow>): EnrollmentRow {
  return {
    rowId: row.row_id,
    patientId: row.patient_id,
    orgUnitCode: row.org_unit_code,
    sent: [],
    program: row.program,
    programUniqueId: row.unique_id,
    enrollmentDate: row.enrollment_date,
    incidentDate: row.incident_date,
    status: row.status,
    pending: row.state === 'pending',
    tracker: row.tracker,
    trackerInstance: row.tracker_instance,
    trackerStatus: row.tracker_status,
    sending: row.sending,
  }
}

function toEventLink(row: z.infer<typeof eventLink>): EventLink {
  return {
    rowId: row.row_id,
    source: row.source,
    patientId: row.patient_id,
    program: row.program,
    eventUniqueId: row.unique_id,
    patientProgramId: row.patient_program_id,
    enrollmentDate: row.enrollment_date,
    eventDate: row.event_date,
  }
}

/** The copy comes last: an object that begins as one and gets so much after it takes Node 20 some 17 µs and 500 bytes more. */
function toEvent(row: z.infer<typeof eventRow>): EventRow {
  return {
    orgUnitCode: row.org_unit_code,
    values: row.mart_values,
    sent: row.sent ?? [],
    programStage: row.program_stage,
    status: row.status,
    tracker: row.tracker,
    trackerInstance: row.tracker_instance,
    sending: row.sending,
    unconfirmed: row.sending !== null,
    ...toEventLink(row),
  }
}
