/** Syncs: start, follow, cancel. */
import { z } from 'zod'
import { countsByKind, flag, instant, isPeriod, pageOf, pageQuery, PERIOD, periodFields } from './common.ts'
import { defineOperations } from './operation.ts'

export const SYNC_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export const STEP_NAMES = [
  'snapshot',
  'patients',
  'enrollments',
  'new-completed',
  'updated-completed',
  'new-active',
  'updated-active',
  'finish',
] as const

const identified = z.object({ id: z.uuid() })

export const syncRequest = z
  .object({
    mapping: z.string().trim().min(1).max(200),
    comment: z.string().trim().min(1, 'Please provide comments').max(2000),
    dryRun: z.boolean().default(false),
    resync: z.boolean().default(false),
    ...periodFields,
  })
  .refine(isPeriod, PERIOD)

export const syncSchema = z.object({
  id: z.uuid(),
  mapping: z.string(),
  state: z.enum(SYNC_STATES),
  user: z.string(),
  comment: z.string(),
  dryRun: z.boolean(),
  resync: z.boolean(),
  retry: z.boolean().meta({ description: 'of some rejected records only' }),
  from: z.string().nullable(),
  to: z.string().nullable(),
  cancelRequested: z.boolean(),
  failure: z.string().nullable(),
  createdAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  counts: countsByKind,
})
const step = z.object({
  name: z.enum(STEP_NAMES),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'skipped']),
  chunks: z.int(),
  chunksDone: z.int(),
  counts: countsByKind,
  failure: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
})
/** Also the data of each event of the live progress. */
export const syncDetail = syncSchema.extend({
  steps: z.array(step),
  percent: z.int().min(0).max(100),
  recordsPerSecond: z.number().nullable(),
  secondsLeft: z.int().nullable().meta({ description: 'an estimate; null: nothing to go by yet' }),
})
export type SyncDetail = z.infer<typeof syncDetail>

export const syncOperations = defineOperations({
  startSync: {
    method: 'post',
    path: '/syncs',
    summary: 'Start a sync of a mapping; one at a time',
    access: ['upload'],
    headers: z.object({ 'idempotency-key': z.string().min(1).max(200).optional() }),
    body: syncRequest,
    answers: { 202: syncSchema },
    problems: ['not-found', 'sync-active', 'key-reused', 'foreign-origin'],
  },
  listSyncs: {
    method: 'get',
    path: '/syncs',
    summary: 'Syncs, the newest first',
    access: ['upload', 'log'],
    query: pageQuery.extend({
      mapping: z.string().max(200).optional(),
      state: z.enum(SYNC_STATES).optional(),
      active: flag.meta({ description: 'only those that are queued or running' }),
    }),
    answers: { 200: pageOf(syncSchema) },
  },
  readLastSyncs: {
    method: 'get',
    path: '/last-syncs',
    summary: 'Of each mapping the sync that is going on, the last one, and when one last succeeded',
    access: [],
    answers: {
      200: z.object({
        rows: z.array(
          z.object({
            mapping: z.string(),
            active: syncDetail.nullable(),
            last: syncSchema.nullable(),
            lastSuccessAt: instant.nullable().meta({ description: 'by the log, and so of the Java services’ time too' }),
          }),
        ),
      }),
    },
  },
  readSync: {
    method: 'get',
    path: '/syncs/{id}',
    summary: 'One sync with its steps',
    access: ['upload', 'log'],
    params: identified,
    answers: { 200: syncDetail },
    problems: ['not-found'],
  },
  followSync: {
    method: 'get',
    path: '/syncs/{id}/progress',
    summary: 'The sync as it goes on, until its end: server-sent events that resume with Last-Event-ID',
    access: ['upload', 'log'],
    params: identified,
    headers: z.object({ 'last-event-id': z.string().max(100).optional() }),
    answers: { 200: { media: 'text/event-stream', about: 'events "sync", each with the sync as in readSync, the last one "end"' } },
    problems: ['not-found'],
  },
  readSyncLog: {
    method: 'get',
    path: '/syncs/{id}/log',
    summary: 'What the jobs of a sync said',
    access: ['upload', 'log'],
    params: identified,
    answers: {
      200: z.object({
        lines: z.array(z.object({ at: instant.nullable(), step: z.enum(STEP_NAMES), chunk: z.int().nullable(), text: z.string() })),
      }),
    },
    problems: ['not-found'],
  },
  readSyncWarnings: {
    method: 'get',
    path: '/syncs/{id}/warnings',
    summary: 'What was said of records that were delivered all the same',
    access: ['upload'],
    params: identified,
    answers: {
      200: z.object({
        rows: z.array(z.object({ kind: z.string(), patientId: z.string(), recordKey: z.string(), warning: z.string() })),
      }),
    },
    problems: ['not-found'],
  },
  cancelSync: {
    method: 'post',
    path: '/syncs/{id}/cancel',
    summary: 'End a sync after the requests in flight; what it has sent stays sent',
    access: ['upload'],
    params: identified,
    answers: { 202: syncSchema },
    problems: ['not-found', 'sync-ended', 'foreign-origin'],
  },
})
