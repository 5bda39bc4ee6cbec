/** sync_schedule: each mapping's timetable. */
import { sql, type CommonQueryMethods, type DatabasePool } from 'slonik'
import { z } from 'zod'
import type { Timetable } from '../../src/core/timetable.ts'

interface ScheduleSettings extends Timetable {
  paused: boolean
  /** of the syncs that it starts */
  comment: string
}

export interface Schedule extends ScheduleSettings {
  /** stays the same when the mapping is renamed */
  scheduleId: string
  mappingName: string
  /** all times up to here have been seen to */
  attendedAt: Date
  lastRunId: string | null
  lastMissed: { at: Date; reason: string } | null
  modifiedBy: string
  modifiedAt: Date
}

/** What makes a run one of a schedule. `due`: the time that it is for; null: somebody started it now, whatever the timetable says. */
export interface ScheduledRun {
  scheduleId: string
  due: Date | null
  now: Date
}

/** The time has been seen to by another process, or the schedule was deleted meanwhile. */
export class NotDueError extends Error {}

export interface ScheduleStore {
  /** by mapping */
  listSchedules(): Promise<readonly Schedule[]>
  readSchedule(mappingName: string): Promise<Schedule | null>
  readScheduleById(scheduleId: string): Promise<Schedule | null>
  /** Makes or changes the mapping's schedule; times before now are never caught up with. @returns null: there is no such mapping */
  saveSchedule(mappingName: string, settings: ScheduleSettings, user: string, now: Date): Promise<Schedule | null>
  /** @returns false: there was none */
  deleteSchedule(mappingName: string): Promise<boolean>
  /** This time no sync could be started. Nothing when the time has been seen to. */
  missSchedule(run: ScheduledRun & { due: Date }, reason: string): Promise<void>
}

const row = z.object({
  schedule_id: z.string(),
  mapping_name: z.string(),
  cron: z.string(),
  time_zone: z.string(),
  paused: z.boolean(),
  comment: z.string(),
  attended_at: z.date(),
  last_run_id: z.string().nullable(),
  last_missed_at: z.date().nullable(),
  last_missed_reason: z.string().nullable(),
  modified_by: z.string(),
  modified_at: z.date(),
})
const SCHEDULE = sql.fragment`
  schedule_id::text, mapping_name, cron, time_zone, paused, comment, attended_at, last_run_id::text, last_missed_at, last_missed_reason, modified_by, modified_at`

const scheduleOf = (r: z.infer<typeof row>): Schedule => ({
  scheduleId: r.schedule_id,
  mappingName: r.mapping_name,
  cron: r.cron,
  timeZone: r.time_zone,
  paused: r.paused,
  comment: r.comment,
  attendedAt: r.attended_at,
  lastRunId: r.last_run_id,
  lastMissed: r.last_missed_at && { at: r.last_missed_at, reason: r.last_missed_reason ?? '' },
  modifiedBy: r.modified_by,
  modifiedAt: r.modified_at,
})
const instant = (date: Date) => sql.fragment`${date.toISOString()}::timestamptz`

export function scheduleMethods(pool: DatabasePool): ScheduleStore {
  return {
    async listSchedules() {
      return (await pool.any(sql.type(row)`select ${SCHEDULE} from sync_schedule order by mapping_name`)).map(scheduleOf)
    },

    async readSchedule(mappingName) {
      const found = await pool.maybeOne(sql.type(row)`select ${SCHEDULE} from sync_schedule where mapping_name = ${mappingName}`)
      return found && scheduleOf(found)
    },

    async readScheduleById(scheduleId) {
      const found = await pool.maybeOne(sql.type(row)`select ${SCHEDULE} from sync_schedule where schedule_id = ${scheduleId}::bigint`)
      return found && scheduleOf(found)
    },

    async saveSchedule(mappingName, { cron, timeZone, paused, comment }, user, now) {
      const saved = await pool.maybeOne(sql.type(row)`
        insert into sync_schedule (mapping_name, cron, time_zone, paused, comment, attended_at, modified_by, modified_at)
        select mapping_name, ${cron}, ${timeZone}, ${paused}, ${comment}, ${instant(now)}, ${user}, ${instant(now)}
        from mapping where mapping_name = ${mappingName}
        on conflict (mapping_name) do update set cron = excluded.cron, time_zone = excluded.time_zone, paused = excluded.paused,
          comment = excluded.comment, attended_at = excluded.attended_at, modified_by = excluded.modified_by, modified_at = excluded.modified_at
        returning ${SCHEDULE}`)
      return saved && scheduleOf(saved)
    },

    async deleteSchedule(mappingName) {
      return (await pool.query(sql.unsafe`delete from sync_schedule where mapping_name = ${mappingName}`)).rowCount > 0
    },

    async missSchedule({ scheduleId, due, now }, reason) {
      await pool.query(sql.unsafe`
        update sync_schedule set attended_at = ${instant(now)}, last_missed_at = ${instant(due)}, last_missed_reason = ${reason}
        where schedule_id = ${scheduleId}::bigint and attended_at < ${instant(due)}`)
    },
  }
}

/** In the transaction that makes the run: so a time starts one sync, however many processes and tries there are. @throws NotDueError */
export async function attendSchedule(tx: CommonQueryMethods, runId: string, { scheduleId, due, now }: ScheduledRun): Promise<void> {
  const { rowCount } = await tx.query(
    due === null
      ? sql.unsafe`update sync_schedule set last_run_id = ${runId} where schedule_id = ${scheduleId}::bigint`
      : sql.unsafe`
          update sync_schedule set last_run_id = ${runId}, attended_at = ${instant(now)}
          where schedule_id = ${scheduleId}::bigint and attended_at < ${instant(due)} and not paused`,
  )
  if (rowCount === 0) throw new NotDueError()
}
