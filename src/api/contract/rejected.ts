/** The work list of rejected records. */
import { z } from 'zod'
import { instant, kindSchema, pageOf, pageQuery } from './common.ts'
import { defineOperations } from './operation.ts'

const REJECTED_STATES = ['open', 'settled', 'dismissed'] as const

const filters = {
  mapping: z.string().max(200).optional(),
  code: z.string().max(100).optional(),
  cause: z.string().max(100).optional().meta({ description: 'of a group' }),
  patient: z.string().max(200).optional(),
  sync: z.uuid().optional().meta({ description: 'rejected in this sync' }),
  state: z.enum(REJECTED_STATES).optional(),
  kind: kindSchema.optional(),
}
const record = z.object({
  id: z.string(),
  mapping: z.string(),
  kind: kindSchema,
  recordKey: z.string().nullable().meta({ description: 'null: erased' }),
  patientId: z.string().nullable().meta({ description: 'null: erased' }),
  relation: z.string(),
  code: z.string(),
  title: z.string(),
  message: z.string(),
  remedy: z.string(),
  dhis2Code: z.string().nullable(),
  column: z.string().nullable(),
  dhis2Uid: z.string().nullable(),
  dhis2Name: z.string().nullable(),
  value: z.string().nullable(),
  cause: z.string().meta({ description: 'that of its group' }),
  state: z.enum(REJECTED_STATES),
  attempts: z.int(),
  syncId: z.string().meta({ description: 'the last that rejected it' }),
  firstAt: instant,
  lastAt: instant,
  dismissedBy: z.string().nullable(),
  dismissedReason: z.string().nullable(),
  dismissedAt: instant.nullable(),
  erased: z.boolean().meta({ description: 'patient, value and sentence' }),
})
const group = z.object({
  cause: z.string(),
  code: z.string(),
  title: z.string(),
  remedy: z.string(),
  column: z.string().nullable(),
  dhis2Name: z.string().nullable(),
  dhis2Code: z.string().nullable().meta({ description: 'where it alone tells causes apart' }),
  value: z.string().nullable().meta({ description: 'where it is nobody’s own' }),
  records: z.int(),
  patients: z.int(),
  kinds: z.array(kindSchema),
  mappings: z.array(z.string()),
  attempts: z.int().meta({ description: 'the most that one of them had' }),
  firstAt: instant,
  lastAt: instant,
})
/** Either some records, or all that fit a filter. */
const chosen = {
  ids: z
    .array(z.string().regex(/^\d{1,18}$/, 'is no id of a record'))
    .min(1)
    .max(10_000)
    .optional(),
  filter: z.object(filters).strict().optional(),
}
const CHOSEN = { error: 'give either "ids" or "filter"' }
const isChosen = ({ ids, filter }: { ids?: unknown; filter?: unknown }) => (ids === undefined) !== (filter === undefined)
const changed = z.object({ records: z.int() })

export const rejectedOperations = defineOperations({
  listRejected: {
    method: 'get',
    path: '/rejected',
    summary: 'Rejected records, the longest open first',
    access: ['upload', 'log'],
    query: pageQuery.extend(filters),
    answers: { 200: pageOf(record) },
  },
  readRejectedCsv: {
    method: 'get',
    path: '/rejected-csv',
    summary: 'Rejected records as a file',
    access: ['upload', 'log'],
    query: z.object(filters),
    answers: { 200: { media: 'text/csv', about: 'a line for each record' } },
  },
  groupRejected: {
    method: 'get',
    path: '/rejected-groups',
    summary: 'Rejected records counted by cause',
    access: ['upload', 'log'],
    query: z.object(filters),
    answers: { 200: z.object({ rows: z.array(group) }) },
  },
  retryRejected: {
    method: 'post',
    path: '/rejected/retry',
    summary: 'Send open records again, and nothing else: a sync for each of their mappings',
    access: ['upload'],
    body: z.object({ ...chosen, comment: z.string().trim().min(1, 'Please provide comments').max(2000) }).refine(isChosen, CHOSEN),
    answers: {
      202: z.object({
        records: z.int(),
        syncs: z.array(z.object({ mapping: z.string(), id: z.string() })),
        refused: z
          .array(z.object({ mapping: z.string(), syncId: z.string(), message: z.string() }))
          .meta({ description: 'mappings of which a sync is going on' }),
      }),
    },
    problems: ['foreign-origin'],
  },
  dismissRejected: {
    method: 'post',
    path: '/rejected/dismiss',
    summary: 'Nobody has to mend these; each comes back when its row changes in the Mart',
    access: ['upload'],
    body: z.object({ ...chosen, reason: z.string().trim().min(1, 'Please say why').max(2000) }).refine(isChosen, CHOSEN),
    answers: { 200: changed },
    problems: ['foreign-origin'],
  },
  reopenRejected: {
    method: 'post',
    path: '/rejected/reopen',
    summary: 'Dismissed ones are to be mended after all',
    access: ['upload'],
    body: z.object(chosen).refine(isChosen, CHOSEN),
    answers: { 200: changed },
    problems: ['foreign-origin'],
  },
})
