/** What DHIS2 has: to choose from in a mapping. */
import { z } from 'zod'
import { instant, textSearch } from './common.ts'
import { defineOperations } from './operation.ts'

export const DHIS2_TYPES = ['attribute', 'dataElement', 'program', 'programStage', 'orgUnit'] as const

export const dhis2Operations = defineOperations({
  readDhis2: {
    method: 'get',
    path: '/dhis2',
    summary: 'Does DHIS2 answer, and which one is it',
    access: [],
    answers: {
      200: z.object({
        url: z.string(),
        answers: z.boolean(),
        problem: z.string().nullable().meta({ description: 'why not, in a sentence' }),
        version: z.string().nullable(),
        api: z.enum(['legacy', 'tracker']).nullable(),
        account: z.string().nullable().meta({ description: 'as DHIS2 calls our account' }),
        checkedAt: instant,
      }),
    },
  },
  searchDhis2: {
    method: 'get',
    path: '/dhis2/search',
    summary: 'Attributes, data elements, programs, program stages or org units by name, code or UID',
    access: ['mapping', 'upload'],
    query: z.object({
      type: z.enum(DHIS2_TYPES),
      text: textSearch.default(''),
      program: z.string().max(20).optional().meta({ description: 'only what belongs to this program' }),
      limit: z.coerce.number().int().min(1).max(2000).default(50),
    }),
    answers: {
      200: z.object({
        rows: z.array(
          z.object({
            uid: z.string(),
            name: z.string(),
            code: z.string().nullable(),
            valueType: z.string().nullable().meta({ description: 'of attributes and data elements' }),
            optionSet: z.boolean(),
            unique: z.boolean(),
            program: z.string().nullable().meta({ description: 'of program stages: UID of their program' }),
          }),
        ),
        more: z.boolean().meta({ description: 'there are more than `limit`' }),
      }),
    },
    problems: ['dhis2-unavailable'],
  },
})
