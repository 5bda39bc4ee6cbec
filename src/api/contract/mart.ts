/** What the Mart has: to choose from in a mapping. */
import { z } from 'zod'
import { textSearch } from './common.ts'
import { defineOperations } from './operation.ts'

export const martOperations = defineOperations({
  listRelations: {
    method: 'get',
    path: '/mart/relations',
    summary: 'The Mart’s tables and views; our own are left out',
    access: ['mapping', 'upload'],
    query: z.object({ search: textSearch.optional() }),
    answers: { 200: z.object({ rows: z.array(z.object({ name: z.string(), type: z.enum(['table', 'view']) })) }) },
  },
  listColumns: {
    method: 'get',
    path: '/mart/relations/{relation}/columns',
    summary: 'A relation’s columns, in its own order',
    access: ['mapping', 'upload'],
    params: z.object({ relation: z.string().min(1).max(200) }),
    answers: {
      200: z.object({
        rows: z.array(
          z.object({
            name: z.string(),
            type: z.string().meta({ description: 'PostgreSQL’s' }),
            samples: z
              .array(z.string())
              .nullable()
              .meta({ description: 'a few distinct values; null for users who may not see patient data (they need the right upload)' }),
          }),
        ),
      }),
    },
    problems: ['not-found'],
  },
})
