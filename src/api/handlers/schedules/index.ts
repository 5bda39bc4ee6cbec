import type { scheduleOperations } from '../../contract/schedules.ts'
import type { Handlers } from '../../handler.ts'
import { deleteSchedule } from './delete-schedule.ts'
import { listSchedules } from './list-schedules.ts'
import { readTimes } from './read-times.ts'
import { runSchedule } from './run-schedule.ts'
import { saveSchedule } from './save-schedule.ts'

export const scheduleHandlers: Handlers<typeof scheduleOperations> = { listSchedules, saveSchedule, deleteSchedule, runSchedule, readTimes }
