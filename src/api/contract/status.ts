/** The state of the whole: for the home and settings pages. */
import { z } from 'zod'
import { day, instant } from './common.ts'
import { defineOperations } from './operation.ts'

const part = z.object({ ok: z.boolean(), text: z.string().meta({ description: 'one sentence' }) })

export const statusOperations = defineOperations({
  readStatus: {
    method: 'get',
    path: '/status',
    summary: 'Do DHIS2, the Mart and the queue work',
    access: [],
    answers: {
      200: z.object({ dhis2: part, mart: part, queue: part, openRejected: z.int(), checkedAt: instant }),
    },
  },
  readStatistics: {
    method: 'get',
    path: '/statistics',
    summary: 'Records by day and outcome',
    access: [],
    query: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }),
    answers: {
      200: z.object({
        rows: z.array(z.object({ day, created: z.int(), updated: z.int(), unchanged: z.int(), rejected: z.int() })),
      }),
    },
  },
  readSettings: {
    method: 'get',
    path: '/settings',
    summary: 'The configuration without its secrets, and the versions of the parts',
    access: ['mapping'],
    answers: {
      200: z.object({
        settings: z.array(z.object({ name: z.string(), value: z.string(), meaning: z.string(), isDefault: z.boolean() })),
        versions: z.array(z.object({ name: z.string(), version: z.string() })),
      }),
    },
  },
  runChecks: {
    method: 'post',
    path: '/checks',
    summary: 'Look now whether everything is there that a sync needs',
    access: ['mapping'],
    answers: {
      200: z.object({
        checks: z.array(z.object({ name: z.string(), ok: z.boolean(), text: z.string(), ms: z.int() })),
      }),
    },
    problems: ['foreign-origin'],
  },
})
