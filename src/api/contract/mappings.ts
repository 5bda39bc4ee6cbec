/** Mappings: read, write, import, export, validate. */
import { z } from 'zod'
import { flag, instant, textSearch } from './common.ts'
import { defineOperations } from './operation.ts'

const relation = z.string().trim().min(1).max(200)
const columns = z.record(z.string().min(1).max(200), z.string().trim().max(100))
const constant = z.string().trim().min(1).max(200).optional()
const translations = z.record(z.string().min(1).max(200), z.record(z.string().max(1000), z.string().max(1000)))

/** As src/core/mapping.ts has it, with the bounds of what a request may hold. */
export const mappingBody = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Please provide a mapping name')
    .max(200)
    .regex(/^[\p{L}\p{N} ]+$/u, 'Please provide only letters, numbers and spaces in Mapping Name'),
  instance: z.object({
    table: relation,
    columns: columns.meta({ description: 'column → attribute UID' }),
    constants: z.object({ OrgUnit: constant }).default({}),
    translations: translations.default({}),
  }),
  enrollments: z.object({ table: relation, constants: z.object({ OrgUnit: constant, program: constant }).default({}) }),
  events: z
    .array(
      z.object({
        table: relation,
        columns: columns.meta({ description: 'column → data element UID' }),
        constants: z.object({ OrgUnit: constant, program: constant, program_stage: constant }).default({}),
        translations: translations.default({}),
      }),
    )
    .min(1)
    .max(50),
  searchable: z.array(z.string().max(200)).max(50),
  comparable: z.array(z.string().max(200)).max(50),
  openLatestCompletedEnrollment: z.enum(['yes', 'no']),
  onRejected: z.enum(['stop', 'continue']),
  chunkSize: z.int().min(1).max(1000).nullable().default(null),
})
export type MappingBody = z.infer<typeof mappingBody>

const audit = {
  createdBy: z.string().nullable(),
  createdAt: instant.nullable(),
  modifiedBy: z.string().nullable(),
  modifiedAt: instant.nullable(),
}
const summary = z.object({
  name: z.string(),
  etag: z.string(),
  instance: z.string(),
  enrollments: z.string(),
  events: z.array(z.string()),
  ...audit,
})
const stored = z.object({ mapping: mappingBody, etag: z.string(), ...audit })

const named = z.object({ name: z.string().min(1).max(200) })
const ifMatch = z.object({ 'if-match': z.string().max(200).optional() })

export const findingSchema = z.object({
  severity: z.enum(['error', 'warning']),
  part: z.enum(['name', 'instance', 'enrollments', 'events', 'config']),
  index: z.int().nullable().meta({ description: 'which of the event relations, from 0' }),
  field: z.enum(['table', 'column', 'uid', 'constant', 'translation', 'searchable', 'comparable', 'value']),
  column: z.string().nullable(),
  message: z.string(),
  remedy: z.string(),
})
const findings = z.object({
  findings: z.array(findingSchema),
  checkedAgainstDhis2: z.boolean().meta({ description: 'false: DHIS2 did not answer, and only the Mart was looked at' }),
})
const importItem = z.object({
  item: z.int().meta({ description: 'position in the file, from 1; 0: the file itself' }),
  name: z.string().nullable(),
  action: z.enum(['create', 'replace', 'unchanged', 'none']),
  problems: z.array(z.string()),
})

export const mappingOperations = defineOperations({
  listMappings: {
    method: 'get',
    path: '/mappings',
    summary: 'All mappings by name',
    access: ['mapping', 'upload'],
    query: z.object({ search: textSearch.optional() }),
    answers: { 200: z.object({ rows: z.array(summary) }) },
  },
  readMapping: {
    method: 'get',
    path: '/mappings/{name}',
    summary: 'One mapping; the ETag is needed to change it',
    access: ['mapping', 'upload'],
    params: named,
    answers: { 200: stored },
    problems: ['not-found'],
  },
  createMapping: {
    method: 'post',
    path: '/mappings',
    summary: 'Add a mapping',
    access: ['mapping'],
    body: mappingBody,
    answers: { 201: stored },
    problems: ['name-taken', 'invalid'],
  },
  replaceMapping: {
    method: 'put',
    path: '/mappings/{name}',
    summary: 'Change a mapping; another name in the body renames it, and its trackers, markers, schedule and log rows follow',
    access: ['mapping'],
    params: named,
    headers: ifMatch,
    body: mappingBody,
    answers: { 200: stored },
    problems: ['not-found', 'name-taken', 'sync-active', 'changed', 'precondition-required', 'invalid'],
  },
  deleteMapping: {
    method: 'delete',
    path: '/mappings/{name}',
    summary: 'Delete a mapping; one that has synced records only when asked for, and what is in DHIS2 stays there',
    access: ['mapping'],
    params: named,
    headers: ifMatch,
    query: z.object({ withHistory: flag }),
    answers: { 204: null },
    problems: ['not-found', 'has-history', 'sync-active', 'changed'],
  },
  exportMappings: {
    method: 'get',
    path: '/mapping-file',
    summary: 'The originals’ export file of one mapping or of all',
    access: ['mapping'],
    query: z.object({ name: z.string().max(200).optional() }),
    answers: { 200: z.array(z.record(z.string(), z.unknown())) },
    problems: ['not-found'],
  },
  importMappings: {
    method: 'post',
    path: '/mapping-file',
    summary: 'Import the originals’ export file, of any generation: all of its mappings or none',
    access: ['mapping'],
    query: z.object({ dryRun: flag }),
    body: z.unknown().meta({ description: 'the file’s content, an array' }),
    answers: { 200: z.object({ imported: z.boolean(), items: z.array(importItem) }) },
    problems: ['too-large', 'sync-active'],
  },
  readMappingFileSchema: {
    method: 'get',
    path: '/mapping-file-schema',
    summary: 'JSON Schema of the file',
    access: 'anyone',
    answers: { 200: z.record(z.string(), z.unknown()) },
  },
  validateMapping: {
    method: 'post',
    path: '/mapping-validation',
    summary: 'Look whether a mapping fits the Mart and DHIS2, without saving it',
    access: ['mapping'],
    body: mappingBody,
    answers: { 200: findings },
  },
  validateStoredMapping: {
    method: 'get',
    path: '/mappings/{name}/validation',
    summary: 'Look whether a saved mapping fits the Mart and DHIS2',
    access: ['mapping'],
    params: named,
    answers: { 200: findings },
    problems: ['not-found'],
  },
})
