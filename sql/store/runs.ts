/** sync_run, sync_step and their counts. */
import { randomUUID } from 'node:crypto'
import { sql, UniqueIntegrityConstraintViolationError, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { groupBy } from '../../src/core/group-by.ts'
import { mappingSchema } from '../../src/core/mapping.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { RunFailure } from '../../src/errors.ts'
import {
  MappingNotFoundError,
  RunActiveError,
  STEPS,
  type Counts,
  type Run,
  type RunRequest,
  type Step,
  type StepRow,
  type Store,
} from './store.ts'
import { chooseRecords } from './keep-rejected.ts'
import { readMappingAndHold } from './mappings.ts'
import { insertLog, settleAbandonedLogs, settleLog } from './log.ts'
import { moveMarkers } from './markers.ts'
import { attendSchedule } from './schedules.ts'

const runRow = z.object({
  run_id: z.string(),
  mapping_name: z.string(),
  mapping: mappingSchema,
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  requested_by: z.string(),
  comment: z.string(),
  dry_run: z.boolean(),
  from_date: z.string().nullable(),
  to_date: z.string().nullable(),
  resync: z.boolean(),
  retry: z.boolean(),
  cancel_requested: z.boolean(),
  failure: z.string().nullable(),
  snapshot_at: z.string().nullable(),
  programs: z.array(z.string()),
  created_at: z.date(),
  started_at: z.date().nullable(),
  ended_at: z.date().nullable(),
  erased_at: z.date().nullable(),
})
const countRow = z.object({
  run_id: z.string(),
  step: z.string(),
  kind: z.enum(KINDS),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  adopted: z.int(),
})
const stepRow = z.object({
  step: z.enum(STEPS),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'skipped']),
  chunks_total: z.int(),
  chunks_done: z.int(),
  failure: z.string().nullable(),
  started_at: z.date().nullable(),
  ended_at: z.date().nullable(),
})

const RUN = sql.fragment`
  run_id::text, mapping_name, mapping, state, requested_by, comment, dry_run, from_date::text, to_date::text, resync, retry, cancel_requested, failure,
  to_char(snapshot_at, 'YYYY-MM-DD"T"HH24:MI:SS') as snapshot_at, programs, created_at, started_at, ended_at, erased_at`

type RunMethods = Pick<
  Store,
  | 'createRun'
  | 'readRun'
  | 'startRun'
  | 'requestCancel'
  | 'listActiveRuns'
  | 'sayAlive'
  | 'listSilentRuns'
  | 'finishRun'
  | 'readSteps'
  | 'startStep'
  | 'finishStep'
  | 'announceChunks'
  | 'chunkDone'
>

export function runMethods(pool: DatabasePool): RunMethods {
  return {
    async createRun(request) {
      const { runId } = await createRun(pool, request)
      return (await this.readRun(runId))!
    },

    async readRun(runId) {
      return (await readRuns(pool, sql.fragment`where run_id = ${runId}`))[0] ?? null
    },

    async startRun(runId) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_run set state = 'running', started_at = coalesce(started_at, now()) where run_id = ${runId} and state in ('queued', 'running')`)
      return rowCount === 1
    },

    async requestCancel(runId) {
      const { rowCount } = await pool.query(
        sql.unsafe`update sync_run set cancel_requested = true where run_id = ${runId} and state in ('queued', 'running')`,
      )
      return rowCount === 1
    },

    async listActiveRuns() {
      return readRuns(pool, sql.fragment`where state in ('queued', 'running') order by created_at`)
    },

    async sayAlive(runIds) {
      await pool.query(sql.unsafe`
        update sync_run set alive_at = now() where run_id = any (${sql.array([...runIds], 'uuid')}) and state in ('queued', 'running')`)
    },

    async listSilentRuns(seconds) {
      return pool.anyFirst(sql.type(z.object({ run_id: z.string() }))`
        select run_id::text from sync_run
        where state in ('queued', 'running') and alive_at < now() - make_interval(secs => ${seconds}) order by created_at`)
    },

    async finishRun(runId, end) {
      return pool.transaction(async (tx) => {
        const ended = await tx.maybeOne(sql.type(
          z.object({ mapping_name: z.string(), log_id: z.int().nullable(), newest: z.record(z.string(), z.string().nullable()) }),
        )`
          update sync_run set state = ${end.state}, failure = ${end.failure}, ended_at = now()
          where run_id = ${runId} and state in ('queued', 'running') and not (cancel_requested and ${end.state} = 'succeeded')
          returning mapping_name, log_id, newest`)
        if (!ended) return false
        if (ended.log_id !== null) await settleLog(tx, ended.log_id, end.state === 'succeeded' ? 'success' : 'failed', end.statusInfo)
        if (end.moveMarkers) await moveMarkers(tx, ended.mapping_name, ended.newest)
        return true
      })
    },

    async readSteps(runId) {
      const counts = await readCounts(pool, [runId])
      const rows = await pool.any(sql.type(stepRow)`
        select step, state, chunks_total, chunks_done, failure, started_at, ended_at from sync_step where run_id = ${runId} order by position`)
      return rows.map((row): StepRow => ({
        step: row.step,
        state: row.state,
        chunksTotal: row.chunks_total,
        chunksDone: row.chunks_done,
        counts: sumOf(counts.filter((c) => c.step === row.step)),
        failure: row.failure,
        startedAt: row.started_at,
        endedAt: row.ended_at,
      }))
    },

    async startStep(runId, step, chunks) {
      await pool.query(sql.unsafe`
        update sync_step set state = 'running', chunks_total = ${chunks}, failure = null, started_at = coalesce(started_at, now()), ended_at = null
        where run_id = ${runId} and step = ${step}`)
    },

    async finishStep(runId, step, state, failure) {
      await pool.query(
        sql.unsafe`update sync_step set state = ${state}, failure = ${failure}, ended_at = now() where run_id = ${runId} and step = ${step}`,
      )
    },

    async announceChunks(runId) {
      await pool.query(sql.unsafe`
        update sync_step s set chunks_total = p.chunks
        from (select step, count(distinct chunk) as chunks from sync_plan where run_id = ${runId} group by step) p
        where s.run_id = ${runId} and s.step = p.step and s.state = 'queued'`)
    },

    async chunkDone(runId, step, chunk) {
      return pool.one(sql.type(z.object({ done: z.int(), total: z.int() }))`
        with added as (
          insert into sync_chunk_done (run_id, step, chunk) values (${runId}, ${step}, ${chunk}) on conflict do nothing returning chunk
        )
        update sync_step set chunks_done = chunks_done + (select count(*) from added) where run_id = ${runId} and step = ${step}
        returning chunks_done as done, chunks_total as total`)
    },
  }
}

/**
 * @param claim asked before anything is made, in the same transaction: the id of a run that is to be taken instead
 * @throws RunActiveError, MappingNotFoundError
 */
export async function createRun(
  pool: DatabasePool,
  request: RunRequest,
  claim: (tx: CommonQueryMethods, runId: string) => Promise<string | null> = () => Promise.resolve(null),
): Promise<{ runId: string; repeated: boolean }> {
  for (let tries = 1; ; tries++) {
    try {
      return await pool.transaction(async (tx) => {
        const runId = randomUUID()
        const earlier = await claim(tx, runId)
        if (earlier === null) await insertRun(tx, runId, request)
        return { runId: earlier ?? runId, repeated: earlier !== null }
      })
    } catch (error) {
      if (!(error instanceof UniqueIntegrityConstraintViolationError)) throw error
      const active = await pool.maybeOneFirst(sql.type(z.object({ run_id: z.string() }))`
        select run_id::text from sync_run where mapping_name = ${request.mappingName} and state in ('queued', 'running')`)
      if (active !== null) throw new RunActiveError(request.mappingName, active)
      // the one that was in the way has ended just now
      if (tries === 3) throw error
    }
  }
}

async function insertRun(tx: CommonQueryMethods, runId: string, r: RunRequest): Promise<void> {
  const mapping = await readMappingAndHold(tx, r.mappingName)
  if (!mapping) throw new MappingNotFoundError(r.mappingName)
  // a row of the mapping table may hold anything; such a run could not even be read
  const { error } = mappingSchema.safeParse(mapping)
  if (error) throw new RunFailure(`Mapping "${r.mappingName}" cannot be synced: ${error.issues[0]!.message} Correct the mapping.`)
  await tx.query(sql.unsafe`
    insert into sync_run (run_id, mapping_name, mapping, state, requested_by, comment, dry_run, from_date, to_date, resync, retry)
    values (${runId}, ${r.mappingName}, ${sql.jsonb(mapping)}, 'queued', ${r.requestedBy}, ${r.comment}, ${r.dryRun}, ${r.from}::date, ${r.to}::date, ${r.resync}, ${r.rejected !== undefined})`)
  const chosen = r.rejected ? await chooseRecords(tx, runId, r.mappingName, r.rejected) : null
  if (r.schedule) await attendSchedule(tx, runId, r.schedule)
  await tx.query(sql.unsafe`
    insert into sync_step (run_id, step, position)
    select ${runId}, step, position from unnest(${sql.array([...STEPS], 'text')}) with ordinality as steps (step, position)`)
  if (r.dryRun) return
  await settleAbandonedLogs(tx, r.mappingName)
  const logId = await insertLog(tx, r, chosen)
  await tx.query(sql.unsafe`update sync_run set log_id = ${logId} where run_id = ${runId}`)
}

/** The runs of a "where … order by …" over sync_run. */
export async function readRuns(pool: CommonQueryMethods, which: FragmentSqlToken): Promise<readonly Run[]> {
  const rows = await pool.any(sql.type(runRow)`select ${RUN} from sync_run ${which}`)
  // after the rows: of a run that has ended they are all there
  const counts = groupBy(
    await readCounts(
      pool,
      rows.map((row) => row.run_id),
    ),
    (count) => count.run_id,
  )
  return rows.map((row): Run => ({
    runId: row.run_id,
    mappingName: row.mapping_name,
    mapping: row.mapping,
    state: row.state,
    requestedBy: row.requested_by,
    comment: row.comment,
    dryRun: row.dry_run,
    from: row.from_date,
    to: row.to_date,
    resync: row.resync,
    retry: row.retry,
    cancelRequested: row.cancel_requested,
    failure: row.failure,
    snapshotAt: row.snapshot_at,
    programs: row.programs,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    erasedAt: row.erased_at,
    counts: sumOf(counts.get(row.run_id) ?? []),
  }))
}

type CountRow = z.infer<typeof countRow>

async function readCounts(pool: CommonQueryMethods, runIds: readonly string[]): Promise<readonly CountRow[]> {
  if (runIds.length === 0) return []
  return pool.any(sql.type(countRow)`
    select run_id::text, step, kind, created, updated, unchanged, rejected, adopted from sync_count where run_id = any (${sql.array([...runIds], 'uuid')})`)
}

function sumOf(rows: readonly CountRow[]): Record<Kind, Counts> {
  const none = (): Counts => ({ created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 })
  const sum: Record<Kind, Counts> = { trackedEntity: none(), enrollment: none(), event: none() }
  for (const row of rows)
    for (const key of ['created', 'updated', 'unchanged', 'rejected', 'adopted'] as const) sum[row.kind][key] += row[key]
  return sum
}

/** Adds to a step's counts. */
export async function addCounts(tx: CommonQueryMethods, runId: string, step: Step, kind: Kind, counts: Partial<Counts>): Promise<void> {
  await tx.query(sql.unsafe`
    insert into sync_count as c (run_id, step, kind, created, updated, unchanged, rejected)
    values (${runId}, ${step}, ${kind}, ${counts.created ?? 0}, ${counts.updated ?? 0}, ${counts.unchanged ?? 0}, ${counts.rejected ?? 0})
    on conflict (run_id, step, kind) do update set created = c.created + excluded.created, updated = c.updated + excluded.updated,
      unchanged = c.unchanged + excluded.unchanged, rejected = c.rejected + excluded.rejected`)
}
