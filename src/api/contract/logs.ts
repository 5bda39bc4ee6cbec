/** The document's log, and who did what. */
import { z } from 'zod'
import { instant } from './common.ts'
import { defineOperations } from './operation.ts'

const filters = {
  from: instant.optional(),
  to: instant.optional(),
  service: z.string().max(200).optional().meta({ description: 'a part of the mapping’s name, in any case' }),
  user: z.string().max(200).optional().meta({ description: 'a part of the name, in any case' }),
  status: z.enum(['pending', 'success', 'failed']).optional(),
  text: z.string().max(200).optional().meta({ description: 'in the comments or the status info' }),
}
const row = z.object({
  id: z.int(),
  service: z.string(),
  user: z.string(),
  comments: z.string(),
  status: z.enum(['pending', 'success', 'failed']),
  statusInfo: z.string(),
  at: instant.nullable(),
  from: z.string().nullable().meta({ description: 'first day of a date range' }),
  to: z.string().nullable(),
  syncId: z.string().nullable().meta({ description: 'null: of a Java service' }),
})

export const logOperations = defineOperations({
  listLogs: {
    method: 'get',
    path: '/logs',
    summary: 'The log of syncs, the newest first',
    access: ['log'],
    query: z.object({
      ...filters,
      before: z.coerce.number().int().optional().meta({ description: 'id: only older ones' }),
      after: z.coerce.number().int().optional().meta({ description: 'id: only newer ones, those next to it' }),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
    answers: { 200: z.object({ rows: z.array(row), older: z.boolean(), newer: z.boolean() }) },
  },
  readLogsCsv: {
    method: 'get',
    path: '/logs-csv',
    summary: 'The log as a file',
    access: ['log'],
    query: z.object(filters),
    answers: { 200: { media: 'text/csv', about: 'a line for each sync' } },
  },
  listAudit: {
    method: 'get',
    path: '/audit',
    summary: 'Who did what, the newest first',
    access: ['log'],
    query: z.object({
      user: z.string().max(200).optional(),
      type: z.string().max(100).optional(),
      from: instant.optional(),
      to: instant.optional(),
      before: z.string().regex(/^\d+$/).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
    }),
    answers: {
      200: z.object({
        rows: z.array(z.object({ id: z.string(), at: instant, user: z.string(), type: z.string(), message: z.string() })),
        older: z.boolean(),
      }),
    },
  },
})
