/** Who did what. */
import { z } from 'zod'
import { instant } from './common.ts'
import { defineOperations } from './operation.ts'

export const auditOperations = defineOperations({
  listAudit: {
    method: 'get',
    path: '/audit',
    summary: 'Who did what, the newest first',
    access: ['log'],
    query: z.object({
      user: z.string().max(200).optional().meta({ description: 'a part of the name, in any case' }),
      type: z.string().max(100).optional(),
      from: instant.optional(),
      to: instant.optional(),
      before: z
        .string()
        .regex(/^\d{1,18}$/)
        .optional()
        .meta({ description: 'id: only older ones' }),
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
