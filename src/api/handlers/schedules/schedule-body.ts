/** A schedule as the API shows it, and what is wrong with one in the API's words. */
import { firstAfter, timesAfter, TimetableError, type Timetable } from '../../../core/timetable.ts'
import type { Schedule } from '../../../../sql/store/schedules.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { Body } from '../../contract/operation.ts'
import type { scheduleOperations } from '../../contract/schedules.ts'
import type { ApiContext } from '../../handler.ts'
import { syncOf } from '../syncs/sync-view.ts'

export type ScheduleBody = Body<typeof scheduleOperations.saveSchedule>
const SHOWN = 5

export async function scheduleBody({ store }: Pick<ApiContext, 'store'>, schedule: Schedule): Promise<ScheduleBody> {
  const lastRun = schedule.lastRunId === null ? null : await store.readRun(schedule.lastRunId)
  return {
    mapping: schedule.mappingName,
    cron: schedule.cron,
    timeZone: schedule.timeZone,
    paused: schedule.paused,
    comment: schedule.comment,
    next: schedule.paused ? [] : timesOrNone(schedule),
    lastSync: lastRun && syncOf(lastRun),
    lastMissed: schedule.lastMissed && { at: schedule.lastMissed.at.toISOString(), reason: schedule.lastMissed.reason },
    modifiedBy: schedule.modifiedBy,
    modifiedAt: schedule.modifiedAt.toISOString(),
  }
}

/** @throws ApiProblem invalid */
export function nextTimes(timetable: Timetable, at: 'body' | 'query'): string[] {
  try {
    return timesAfter(timetable, new Date(), SHOWN).map((time) => time.toISOString())
  } catch (error) {
    if (!(error instanceof TimetableError)) throw error
    throw new ApiProblem('invalid', error.message, { problems: [{ at: `${at}.${error.at}`, message: error.message }] })
  }
}

/** One that somebody put into the table by hand, and that nobody can read, is shown all the same. */
function timesOrNone(schedule: Schedule): string[] {
  try {
    firstAfter(schedule, new Date())
  } catch {
    return []
  }
  return nextTimes(schedule, 'body')
}
