import type { scheduleOperations } from '../../contract/schedules.ts'
import { scheduledRequest } from '../../../../queues/schedule-worker.ts'
import { NotDueError } from '../../../../sql/store/schedules.ts'
import { audit } from '../../audit.ts'
import type { Handler } from '../../handler.ts'
import { syncOf } from '../syncs/sync-view.ts'
import { noSchedule, theSchedule } from './the-schedule.ts'

/** In the name of whoever asks: the timetable goes on as it was. */
export const runSchedule: Handler<typeof scheduleOperations.runSchedule> = async ({ params, principal, requestId }, ctx) => {
  const schedule = await theSchedule(ctx, params.mapping)
  const { scheduleId, mappingName } = schedule
  const now = { scheduleId, due: null, now: new Date() }
  const run = await ctx.queues.enqueue({ ...scheduledRequest(schedule, principal.name), schedule: now }).catch((error: unknown) => {
    throw error instanceof NotDueError ? noSchedule(mappingName) : error
  })
  const message = `User ${principal.name} started the scheduled sync of ${mappingName}`
  await audit(ctx, { user: principal.name, type: 'RUN_SCHEDULE', message, requestId })
  return { status: 202, body: syncOf(run) }
}
