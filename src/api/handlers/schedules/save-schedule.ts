import type { scheduleOperations } from '../../contract/schedules.ts'
import { applySchedule } from '../../../../queues/schedules.ts'
import { MappingNotFoundError } from '../../../../sql/store/store.ts'
import { audit } from '../../audit.ts'
import type { Handler } from '../../handler.ts'
import { followed } from './follow.ts'
import { nextTimes, scheduleBody } from './schedule-body.ts'

export const saveSchedule: Handler<typeof scheduleOperations.saveSchedule> = async ({ params, body, principal, requestId }, ctx) => {
  const { mapping } = params
  nextTimes(body, 'body')
  const saved = await ctx.store.saveSchedule(mapping, body, principal.name, new Date())
  if (!saved) throw new MappingNotFoundError(mapping)
  await followed(ctx, mapping, applySchedule(ctx.queues.schedules, saved))
  const when = `${body.cron} (${body.timeZone})${body.paused ? ', paused' : ''}`
  await audit(ctx, {
    user: principal.name,
    type: 'SAVE_SCHEDULE',
    message: `User ${principal.name} scheduled ${mapping}: ${when}`,
    requestId,
  })
  return { status: 200, body: await scheduleBody(ctx, saved) }
}
