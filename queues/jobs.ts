/** The queues, their jobs' names and data. Job data holds keys and numbers only: Redis and Bull Board show it. */
import { z } from 'zod'
import { RunFailure } from '../src/errors.ts'
import { STEPS, type Step } from '../sql/store/store.ts'

export const STEP_QUEUE = 'sync-steps'
export const CHUNK_QUEUE = 'sync-chunks'
export const SCHEDULE_QUEUE = 'sync-schedules'

export const stepDataSchema = z.object({
  runId: z.uuid(),
  mapping: z.string(),
  step: z.enum(STEPS),
  /** true once the step's chunk jobs are in the queue */
  chunksAdded: z.boolean(),
})
export type StepData = z.infer<typeof stepDataSchema>

export const chunkDataSchema = z.object({ runId: z.uuid(), mapping: z.string(), step: z.enum(STEPS), chunk: z.int().nonnegative() })
export type ChunkData = z.infer<typeof chunkDataSchema>

export const scheduleDataSchema = z.object({ scheduleId: z.string(), mapping: z.string() })
export type ScheduleData = z.infer<typeof scheduleDataSchema>

/** Made by a process of an older or a newer version of this program: a worker of that version may take it at the next try. */
class ForeignJobError extends RunFailure {
  constructor() {
    super(
      'A job of this run was made by another version of the program. Let all processes that share the queue be of one version, then sync again.',
      { transient: true },
    )
  }
}

/** @throws ForeignJobError */
export function readData<Data>(schema: z.ZodType<Data>, data: unknown): Data {
  const read = schema.safeParse(data)
  if (!read.success) throw new ForeignJobError()
  return read.data
}

const LABELS: Readonly<Record<Step, string>> = {
  snapshot: '1/7 snapshot of the Mart',
  patients: '2/7 patients',
  enrollments: '3/7 DHIS2 enrollments',
  'new-completed': '4/7 new completed enrollments',
  'updated-completed': '5/7 updated completed enrollments',
  'new-active': '6/7 new active enrollments',
  'updated-active': '7/7 updated active enrollments',
  finish: 'finish',
}

export const stepLabel = (step: Step) => LABELS[step]
/** "HTS Service · 2/7 patients" */
export const stepJobName = (mapping: string, step: Step) => `${mapping} · ${LABELS[step]}`
/** "HTS Service · 2/7 patients · chunk 3 of 12" */
export const chunkJobName = (mapping: string, step: Step, position: number, of: number) =>
  `${stepJobName(mapping, step)} · chunk ${position} of ${of}`

export const stepJobId = (runId: string, step: Step) => `${runId}-${step}`
export const ofStepJobId = (id: string) => ({ runId: id.slice(0, 36), step: id.slice(37) as Step })
export const chunkJobId = (runId: string, step: Step, chunk: number) => `${runId}-${step}-${chunk}`
export function ofChunkJobId(id: string): { runId: string; step: string; chunk: number } {
  // a step's name may have a hyphen too
  const [, step = '', chunk] = /^(.*)-(\d+)$/.exec(id.slice(37)) ?? []
  return { runId: id.slice(0, 36), step, chunk: Number(chunk) }
}

/** of the job scheduler, whatever the mapping is called */
export const scheduleKey = (scheduleId: string) => `schedule-${scheduleId}`
/** "HTS Service · scheduled sync" */
export const scheduleJobName = (mapping: string) => `${mapping} · scheduled sync`
