import type { scheduleOperations } from '../../contract/schedules.ts'
import { scheduleKey } from '../../../../queues/jobs.ts'
import { audit } from '../../audit.ts'
import type { Handler } from '../../handler.ts'
import { followed } from './follow.ts'
import { theSchedule } from './the-schedule.ts'

export const deleteSchedule: Handler<typeof scheduleOperations.deleteSchedule> = async ({ params, principal, requestId }, ctx) => {
  const { scheduleId, mappingName } = await theSchedule(ctx, params.mapping)
  await ctx.store.deleteSchedule(mappingName)
  await followed(ctx, mappingName, ctx.queues.schedules.removeJobScheduler(scheduleKey(scheduleId)))
  const message = `User ${principal.name} deleted the schedule of ${mappingName}`
  await audit(ctx, { user: principal.name, type: 'DELETE_SCHEDULE', message, requestId })
  return { status: 204 }
}
