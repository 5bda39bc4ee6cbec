/** A run of a few records that leaves nothing behind: its tables are filled as a real run's, in a transaction that is undone. */
import { randomUUID } from 'node:crypto'
import { sql, type CommonQueryMethods, type DatabasePool } from 'slonik'
import { z } from 'zod'
import type { DeltaRow } from '../../src/core/delta-row.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { KINDS } from '../../src/core/model.ts'
import type { Rejection } from '../../src/core/rejection.ts'
import { recordMethods } from './records.ts'
import { keepWhatWasSeen, takeSnapshot } from './snapshot.ts'
import type { MartOptions, RecordRef, RehearsedRow, Rehearsal, Run, Store } from './store.ts'

const CHUNK = 0

/** Carries the result out of a transaction that must not be kept. */
class Undone extends Error {
  readonly result: unknown
  constructor(result: unknown) {
    super('undone')
    this.result = result
  }
}

export function rehearsalMethods(pool: DatabasePool, options: MartOptions): Pick<Store, 'rehearse'> {
  return {
    async rehearse<T>(mapping: Mapping, records: readonly RecordRef[], work: (rehearsal: Rehearsal) => Promise<T>): Promise<T> {
      try {
        await pool.transaction(async (tx) => {
          await tx.query(sql.unsafe`set transaction isolation level repeatable read`)
          throw new Undone(await work(await prepare(tx, options, mapping, records)))
        })
        throw new Error('a rehearsal was kept')
      } catch (error) {
        if (error instanceof Undone) return error.result as T
        throw error
      }
    },
  }
}

async function prepare(tx: CommonQueryMethods, options: MartOptions, mapping: Mapping, records: readonly RecordRef[]): Promise<Rehearsal> {
  const runId = randomUUID()
  // one that has ended stands in no other run's way
  await tx.query(sql.unsafe`
    insert into sync_run (run_id, mapping_name, mapping, state, requested_by, comment, dry_run, resync, retry)
    values (${runId}, ${mapping.name}, ${sql.jsonb(mapping)}, 'cancelled', '', '', true, false, true)`)
  await tx.query(sql.unsafe`
    insert into sync_run_record (run_id, kind, record_key)
    select ${runId}::uuid, kind, "recordKey" from jsonb_to_recordset(${sql.jsonb(records as never)}) as r (kind text, "recordKey" text)`)
  const at = await tx.oneFirst(sql.type(z.object({ at: z.string() }))`select to_char(now()::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS') as at`)
  const run: Run = {
    runId,
    mapping,
    mappingName: mapping.name,
    state: 'cancelled',
    requestedBy: '',
    comment: '',
    dryRun: true,
    from: null,
    to: null,
    resync: false,
    retry: true,
    cancelRequested: false,
    failure: null,
    snapshotAt: at,
    programs: [],
    createdAt: new Date(),
    startedAt: null,
    endedAt: null,
    erasedAt: null,
    counts: { trackedEntity: NONE, enrollment: NONE, event: NONE },
  }
  const taken = await takeSnapshot(tx, run, options)
  await keepWhatWasSeen(tx, runId, taken)
  await tx.query(sql.unsafe`
    insert into sync_patient (run_id, chunk, patient_id)
    select distinct ${runId}::uuid, ${CHUNK}::int, patient_id from sync_snapshot_row where run_id = ${runId} and state = 'pending'`)
  return {
    run: { ...run, programs: taken.programs },
    chunk: CHUNK,
    // what the steps of a dry run ask for; nothing is on its way anywhere
    store: { ...recordMethods(tx), markSending: () => Promise.resolve() } as unknown as Store,
    rows: () => readRows(tx, runId),
    knownUids: (rows) => readUids(tx, mapping.name, rows),
  }
}

const NONE = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }

async function readRows(tx: CommonQueryMethods, runId: string): Promise<RehearsedRow[]> {
  const rows = await tx.any(
    sql.type(
      z.object({
        kind: z.enum(KINDS),
        record_key: z.string(),
        state: z.enum(['pending', 'context', 'created', 'updated', 'unchanged', 'rejected', 'dismissed']),
        uid: z.string().nullable(),
        rejection: z.unknown(),
      }),
    )`select kind, record_key, state, uid, rejection from sync_snapshot_row where run_id = ${runId} order by row_id`,
  )
  return rows.map(({ record_key, rejection, ...row }) => ({
    ...row,
    recordKey: record_key,
    rejection: (rejection ?? null) as Rejection | null,
  }))
}

/** By the tracker tables, whose newest row rules, otherwise by what was confirmed last. */
async function readUids(tx: CommonQueryMethods, mappingName: string, rows: readonly DeltaRow[]): Promise<Map<string, string>> {
  const asked = rows.map((row) => ({
    kind: row.kind,
    record_key: row.recordKey,
    patient_id: row.patientId,
    program: row.program,
    program_stage: row.programStage,
    unique_id: row.uniqueId,
  }))
  const newest = sql.fragment`order by date_created desc nulls last limit 1`
  const found = await tx.any(sql.type(z.object({ kind: z.enum(KINDS), record_key: z.string(), uid: z.string().nullable() }))`
    select r.kind, r.record_key, coalesce(
      case r.kind
        when 'trackedEntity' then (select instance_id from instance_tracker t where t.patient_id = r.patient_id ${newest})
        when 'enrollment' then (select enrollment_id from enrollment_tracker t where t.program_unique_id = r.unique_id and t.program = r.program ${newest})
        else (select event_id from event_tracker t
          where t.event_unique_id = r.unique_id and t.program_stage = r.program_stage and t.program = r.program ${newest})
      end, c.uid) as uid
    from jsonb_to_recordset(${sql.jsonb(asked)})
      as r (kind text, record_key text, patient_id text, program text, program_stage text, unique_id text)
    left join sync_confirmed c on c.mapping_name = ${mappingName} and c.kind = r.kind and c.record_key = r.record_key`)
  return new Map(found.flatMap(({ kind, record_key, uid }) => (uid === null ? [] : [[`${kind} ${record_key}`, uid]])))
}
