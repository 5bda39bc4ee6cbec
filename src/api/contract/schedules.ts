/** Each mapping's timetable. */
import { z } from 'zod'
import { instant } from './common.ts'
import { defineOperations } from './operation.ts'
import { syncSchema } from './syncs.ts'

const named = z.object({ mapping: z.string().min(1).max(200) })
const cron = z.string().trim().min(1).max(200).meta({ description: 'five fields, or six with seconds first' })
const timeZone = z.string().trim().min(1).max(100).meta({ description: 'an IANA name' })
const next = z.array(instant).meta({ description: 'the next five times' })

export const scheduleBody = z.object({
  cron,
  timeZone,
  paused: z.boolean().default(false),
  comment: z.string().trim().min(1, 'Please provide comments').max(2000).meta({ description: 'of the syncs that it starts' }),
})
const schedule = scheduleBody.extend({
  mapping: z.string(),
  next,
  lastSync: syncSchema.nullable().meta({ description: 'the last one that the schedule started' }),
  lastMissed: z
    .object({ at: instant, reason: z.string() })
    .nullable()
    .meta({ description: 'when it last could not start one, as a sync was going on' }),
  modifiedBy: z.string(),
  modifiedAt: instant,
})

export const scheduleOperations = defineOperations({
  listSchedules: {
    method: 'get',
    path: '/schedules',
    summary: 'All schedules, by mapping',
    access: ['upload'],
    answers: { 200: z.object({ rows: z.array(schedule) }) },
  },
  saveSchedule: {
    method: 'put',
    path: '/schedules/{mapping}',
    summary: 'Make or change the schedule of a mapping',
    access: ['upload'],
    params: named,
    body: scheduleBody,
    answers: { 200: schedule },
    problems: ['not-found', 'invalid', 'foreign-origin'],
  },
  deleteSchedule: {
    method: 'delete',
    path: '/schedules/{mapping}',
    summary: 'Sync this mapping by hand only',
    access: ['upload'],
    params: named,
    answers: { 204: null },
    problems: ['not-found', 'foreign-origin'],
  },
  runSchedule: {
    method: 'post',
    path: '/schedules/{mapping}/run',
    summary: 'Start the scheduled sync now',
    access: ['upload'],
    params: named,
    answers: { 202: syncSchema },
    problems: ['not-found', 'sync-active', 'foreign-origin'],
  },
  readTimes: {
    method: 'get',
    path: '/schedule-times',
    summary: 'When would a schedule start syncs',
    access: ['upload'],
    query: z.object({ cron, timeZone }),
    answers: { 200: z.object({ next }) },
    problems: ['invalid'],
  },
})
