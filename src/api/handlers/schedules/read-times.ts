import type { scheduleOperations } from '../../contract/schedules.ts'
import type { Handler } from '../../handler.ts'
import { nextTimes } from './schedule-body.ts'

export const readTimes: Handler<typeof scheduleOperations.readTimes> = ({ query }) =>
  Promise.resolve({ status: 200, body: { next: nextTimes(query, 'query') } })
