import type { scheduleOperations } from '../../contract/schedules.ts'
import type { Handler } from '../../handler.ts'
import { scheduleBody } from './schedule-body.ts'

export const listSchedules: Handler<typeof scheduleOperations.listSchedules> = async (_call, ctx) => {
  const schedules = await ctx.store.listSchedules()
  return { status: 200, body: { rows: await Promise.all(schedules.map((schedule) => scheduleBody(ctx, schedule))) } }
}
