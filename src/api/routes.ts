/** Every route of /api/v1, room by room. */
import { scheduleOperations } from './contract/schedules.ts'
import { routesOf, type Route } from './handler.ts'
import { scheduleHandlers } from './handlers/schedules/index.ts'

export const routes: readonly Route[] = [...routesOf(scheduleOperations, scheduleHandlers)]
