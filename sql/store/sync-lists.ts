/** Runs as people look at them: page by page, the last of each mapping, one as it goes on, and what was delivered by day. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { readRuns } from './runs.ts'
import { STEPS, type Run, type Step, type StepRow, type Store } from './store.ts'

interface RunFilter {
  mapping?: string | undefined
  state?: Run['state'] | undefined
  /** queued or running */
  active?: boolean | undefined
}
/** What follows the row with this id; from the beginning without one. */
interface Page {
  after?: string | undefined
  limit: number
}

/** A run at one moment. */
export interface RunProgress {
  run: Run
  steps: readonly StepRow[]
  /** the moment, by the database's clock */
  at: Date
}

interface DailyCounts {
  day: string
  created: number
  updated: number
  unchanged: number
  rejected: number
}

interface Warning {
  rowId: string
  kind: Kind
  patientId: string
  recordKey: string
  warning: string
}

export interface SyncListStore {
  /** the newest first; `next` is the last one's id when there are more */
  listRuns(filter: RunFilter, page: Page): Promise<{ rows: readonly Run[]; next: string | null }>
  /** Of each mapping: the run that is going on, the one that ended last (no dry run), and when the log says that one succeeded. */
  readLastRuns(): Promise<readonly { mapping: string; active: Run | null; last: Run | null; lastSuccessAt: Date | null }[]>
  readProgress(runId: string): Promise<RunProgress | null>
  /** the chunks of each step that came to their end, in the order of their numbers */
  readChunksDone(runId: string): Promise<readonly { step: Step; chunk: number; at: Date | null }[]>
  /** of records that were delivered all the same; a record's warnings are never torn apart */
  listWarnings(runId: string, page: Page): Promise<{ rows: readonly Warning[]; next: string | null }>
  /** Of the last so many days of the site, today the last: what became of records in the steps that began to deliver on that day. Dry runs do not count. */
  countByDay(days: number): Promise<readonly DailyCounts[]>
}

const lastRow = z.object({
  mapping: z.string(),
  active: z.string().nullable(),
  last: z.string().nullable(),
  success_at: z.date().nullable(),
})
const dayRow = z.object({ day: z.string(), created: z.int(), updated: z.int(), unchanged: z.int(), rejected: z.int() })
const warningRow = z.object({
  row_id: z.string(),
  kind: z.enum(KINDS),
  patient_id: z.string(),
  record_key: z.string(),
  warning: z.string(),
})

const IS_GOING = sql.fragment`(state in ('queued', 'running'))`

export function syncListMethods(pool: DatabasePool, { readRun, readSteps }: Pick<Store, 'readRun' | 'readSteps'>): SyncListStore {
  return {
    async listRuns({ mapping, state, active = false }, { after, limit }) {
      const conditions = sql.join(
        [
          sql.fragment`true`,
          ...(mapping === undefined ? [] : [sql.fragment`mapping_name = ${mapping}`]),
          ...(state === undefined ? [] : [sql.fragment`state = ${state}`]),
          ...(active ? [IS_GOING] : []),
          ...(after === undefined
            ? []
            : [sql.fragment`(created_at, sync_run.run_id) < (select created_at, run_id from sync_run where run_id = ${after})`]),
        ],
        sql.fragment` and `,
      )
      const rows = await readRuns(pool, sql.fragment`where ${conditions} order by created_at desc, sync_run.run_id desc limit ${limit + 1}`)
      const page = rows.slice(0, limit)
      return { rows: page, next: rows.length > limit ? page.at(-1)!.runId : null }
    },

    async readLastRuns() {
      const of = sql.fragment`r.mapping_name = m.mapping_name`
      const rows = await pool.any(sql.type(lastRow)`
        select m.mapping_name as mapping,
          (select run_id::text from sync_run r where ${of} and ${IS_GOING}) as active,
          (select run_id::text from sync_run r where ${of} and not ${IS_GOING} and not dry_run order by created_at desc, r.run_id desc limit 1) as last,
          -- the log's times are the site's wall clock, and so are the session's
          (select max(l.date_created) from log l where l.program = m.mapping_name and l.status = 'success' and isfinite(l.date_created))::timestamptz as success_at
        from mapping m order by m.mapping_name`)
      const ids = rows.flatMap(({ active, last }) => [active, last].filter((id) => id !== null))
      const runs = new Map(
        (await readRuns(pool, sql.fragment`where run_id = any (${sql.array(ids, 'uuid')})`)).map((run) => [run.runId, run]),
      )
      return rows.map((row) => ({
        mapping: row.mapping,
        active: runs.get(row.active ?? '') ?? null,
        last: runs.get(row.last ?? '') ?? null,
        lastSuccessAt: row.success_at,
      }))
    },

    async readProgress(runId) {
      const at = await pool.oneFirst(sql.type(z.object({ at: z.date() }))`select clock_timestamp() as at`)
      const run = await readRun(runId)
      // after the run: the steps of one that has ended are then as they ended
      return run && { run, steps: await readSteps(runId), at }
    },

    readChunksDone: (runId) =>
      pool.any(sql.type(z.object({ step: z.enum(STEPS), chunk: z.int(), at: z.date().nullable() }))`
        select step, chunk, done_at as at from sync_chunk_done where run_id = ${runId} order by step, chunk`),

    async listWarnings(runId, { after, limit }) {
      const rows = await pool.any(sql.type(warningRow)`
        select row_id::text, kind, patient_id, record_key, warning
        from (
          select row_id, kind, patient_id, record_key, warnings from sync_snapshot_row
          where run_id = ${runId} and warnings is not null and row_id > ${after ?? '0'}::bigint order by row_id limit ${limit + 1}
        ) s, jsonb_array_elements_text(warnings) as warning
        order by s.row_id`)
      const records = [...new Set(rows.map((row) => row.row_id))]
      const last = records.length > limit ? records[limit - 1]! : null
      const page = last === null ? rows : rows.filter((row) => row.row_id !== records[limit])
      return {
        rows: page.map((r) => ({ rowId: r.row_id, kind: r.kind, patientId: r.patient_id, recordKey: r.record_key, warning: r.warning })),
        next: last,
      }
    },

    async countByDay(days) {
      return pool.any(sql.type(dayRow)`
        with counted as (
          select c.day, sum(c.created) as created, sum(c.updated) as updated, sum(c.unchanged) as unchanged, sum(c.rejected) as rejected
          -- no run goes on for longer than that, and so both tables are read by their dates
          from sync_count c join sync_run r on r.run_id = c.run_id and not r.dry_run and r.created_at > current_date - ${days + 30}::int
          where c.day > current_date - ${days}::int
          group by c.day
        )
        select (current_date - ago)::text as day, coalesce(created, 0)::int as created, coalesce(updated, 0)::int as updated,
          coalesce(unchanged, 0)::int as unchanged, coalesce(rejected, 0)::int as rejected
        from generate_series(0, ${days - 1}::int) as ago left join counted on counted.day = current_date - ago
        order by ago desc`)
    },
  }
}
