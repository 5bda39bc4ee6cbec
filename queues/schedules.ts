/** BullMQ's job schedulers follow the table sync_schedule: it is the truth, and a queue that was emptied gets them back. */
import { firstAfter } from '../src/core/timetable.ts'
import { fromTimeToTime } from '../src/from-time-to-time.ts'
import type { Log } from '../src/log.ts'
import type { Schedule } from '../sql/store/schedules.ts'
import type { Store } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { KEEP } from './trim-jobs.ts'
import { scheduleJobName, scheduleKey, type ScheduleData } from './jobs.ts'
import { safeFailure } from './safe-failure.ts'

/** A time that nobody has seen to for so long was missed: no worker was there, the queue lost it, or the database was away. */
const MISSED_MS = 60_000

const OPTIONS = {
  // the database may be away for a minute
  attempts: 5,
  backoff: { type: 'exponential', delay: 2000 },
  removeOnComplete: KEEP,
  removeOnFail: KEEP,
} as const

/** What the queue has of a schedule is as the schedule says; a paused one it has not. */
export async function applySchedule(queue: Queue<ScheduleData>, schedule: Schedule): Promise<void> {
  const key = scheduleKey(schedule.scheduleId)
  if (schedule.paused) await queue.removeJobScheduler(key)
  else
    await queue.upsertJobScheduler(
      key,
      { pattern: schedule.cron, tz: schedule.timeZone },
      { name: scheduleJobName(schedule.mappingName), data: dataOf(schedule), opts: OPTIONS },
    )
}

/** Brings the queue to what the table says, and catches up with what was missed: once, however many times have passed. */
export async function reconcileSchedules(
  store: Pick<Store, 'listSchedules'>,
  queue: Queue<ScheduleData>,
  now: Date,
  log: Log,
): Promise<void> {
  const schedules = await store.listSchedules()
  const there = new Map((await queue.getJobSchedulers(0, -1)).map((scheduler) => [scheduler.key, scheduler]))
  for (const key of there.keys())
    if (!schedules.some((schedule) => !schedule.paused && scheduleKey(schedule.scheduleId) === key)) await queue.removeJobScheduler(key)
  for (const schedule of schedules) {
    if (schedule.paused) continue
    try {
      const key = scheduleKey(schedule.scheduleId)
      const scheduler = there.get(key)
      const next = scheduler?.next ?? null
      const waits =
        next !== null &&
        scheduler!.pattern === schedule.cron &&
        scheduler!.tz === schedule.timeZone &&
        scheduler!.name === scheduleJobName(schedule.mappingName) &&
        // emptying a queue may leave a scheduler without the job that it waits for
        (await queue.getJob(`repeat:${key}:${next}`)) !== undefined
      if (!waits) await applySchedule(queue, schedule)
      const due = firstAfter(schedule, schedule.attendedAt)
      const caughtUpByQueue = waits && next <= now.getTime()
      if (due.getTime() <= now.getTime() - MISSED_MS && !caughtUpByQueue)
        await queue.add(scheduleJobName(schedule.mappingName), dataOf(schedule), { ...OPTIONS, jobId: `${key}-missed-${due.getTime()}` })
    } catch (error) {
      // one that nobody can read is no reason to leave the others alone
      log.error({ mapping: schedule.mappingName, reason: safeFailure(error).message }, 'a schedule cannot be followed')
    }
  }
}

const LOOK_MS = 60_000

/** For as long as the process lives: a queue that loses its jobs has to get them back by itself. @returns its end */
export function reconcileFromTimeToTime(store: Pick<Store, 'listSchedules'>, queue: Queue<ScheduleData>, log: Log): () => void {
  const stop = fromTimeToTime(LOOK_MS, () => reconcileSchedules(store, queue, new Date(), log), {
    onError: (error) => log.warn({ reason: safeFailure(error).message }, 'the schedules could not be looked at'),
  })
  // a Redis that is away answers when it is back: nobody waits for that
  return () => void stop()
}

const dataOf = ({ scheduleId, mappingName }: Schedule): ScheduleData => ({ scheduleId, mapping: mappingName })
