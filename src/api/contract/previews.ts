/** What a sync would do, without doing it. */
import { z } from 'zod'
import { flag, instant, isPeriod, kindSchema, PERIOD, periodFields } from './common.ts'
import { defineOperations } from './operation.ts'

const EFFECTS = ['new', 'update', 'unchanged', 'rejected'] as const
const named = z.object({ name: z.string().min(1).max(200) })

const filters = {
  kind: kindSchema.optional(),
  patient: z.string().max(200).optional(),
  effect: z.enum(EFFECTS).optional(),
  resync: flag,
  ...periodFields,
}
const rejection = z.object({
  code: z.string(),
  title: z.string(),
  message: z.string(),
  remedy: z.string(),
  column: z.string().nullable(),
  dhis2Name: z.string().nullable(),
  value: z.string().nullable(),
})
const row = z.object({
  kind: kindSchema,
  effect: z.enum(EFFECTS).meta({ description: 'as far as it can be known without asking DHIS2 to write' }),
  patientId: z.string(),
  recordKey: z.string(),
  relation: z.string(),
  orgUnit: z.string().nullable(),
  program: z.string().nullable(),
  programStage: z.string().nullable(),
  enrollmentDate: z.string().nullable(),
  incidentDate: z.string().nullable(),
  eventDate: z.string().nullable(),
  status: z.string().nullable(),
  dateCreated: z.string().nullable(),
  values: z.record(z.string(), z.string().nullable()).meta({ description: 'mapped column → the Mart’s value' }),
  rejection: rejection.nullable(),
})
const counts = z.object({ new: z.int(), update: z.int(), unchanged: z.int() })

/** One object of a patient as DHIS2 will get it beside what DHIS2 has. */
const side = z.object({
  uid: z.string(),
  orgUnit: z.string().nullable(),
  status: z.string().nullable(),
  enrolledAt: z.string().nullable(),
  occurredAt: z.string().nullable(),
  values: z.record(z.string(), z.string().nullable()).meta({ description: 'attribute or data element UID → value' }),
})

const page = z.object({
  generatedAt: instant.meta({ description: 'others who asked for the same a moment ago got the same' }),
  dhis2Problem: z
    .string()
    .nullable()
    .meta({ description: 'why DHIS2 did not answer, in a sentence: what it would refuse is not known then; null: it did' }),
  counts: z
    .object({ trackedEntity: counts, enrollment: counts, event: counts })
    .nullable()
    .meta({ description: 'of the whole delta, whatever the filters; null on later pages' }),
  columns: z.object({ trackedEntity: z.array(z.string()), event: z.array(z.string()) }).meta({ description: 'mapped ones' }),
  rows: z.array(row),
  next: z.string().nullable(),
})
export type PreviewBody = z.infer<typeof page>

export const previewOperations = defineOperations({
  readPreview: {
    method: 'get',
    path: '/mappings/{name}/preview',
    summary: 'The delta of a mapping, page by page; the first page has the counts',
    access: ['upload'],
    params: named,
    query: z
      .object({ ...filters, after: z.string().max(4000).optional(), limit: z.coerce.number().int().min(1).max(500).default(50) })
      .refine(isPeriod, PERIOD),
    answers: {
      200: page,
    },
    problems: ['not-found', 'invalid', 'dhis2-unavailable'],
  },
  readPreviewCsv: {
    method: 'get',
    path: '/mappings/{name}/preview-csv',
    summary: 'The delta of a mapping as a file',
    access: ['upload'],
    params: named,
    query: z.object(filters).refine(isPeriod, PERIOD),
    answers: { 200: { media: 'text/csv', about: 'a line for each row of the delta' } },
    problems: ['not-found', 'invalid'],
  },
  previewPatient: {
    method: 'get',
    path: '/mappings/{name}/preview-of-patient',
    summary: 'One patient’s objects as DHIS2 will get them, beside what DHIS2 has now',
    access: ['upload'],
    params: named,
    query: z.object({ patient: z.string().min(1).max(200) }),
    answers: {
      200: z.object({
        patientId: z.string(),
        objects: z.array(
          z.object({
            kind: kindSchema,
            recordKey: z.string(),
            parent: z.string().nullable().meta({ description: 'recordKey of an event’s enrollment' }),
            program: z.string().nullable(),
            programStage: z.string().nullable(),
            effect: z.enum(EFFECTS),
            sending: side.nullable().meta({ description: 'null: it is not sent' }),
            there: side.nullable().meta({ description: 'null: DHIS2 does not have it' }),
            rejection: rejection.nullable(),
          }),
        ),
        names: z.record(z.string(), z.string()).meta({ description: 'UID → name, of all that is named' }),
      }),
    },
    problems: ['not-found', 'invalid', 'dhis2-unavailable'],
  },
})
