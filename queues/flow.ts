/**
 * A run as a BullMQ flow: a chain of step jobs, each the parent of the one before it, so that `finish` is the root and `snapshot` the deepest leaf.
 * A step that fails does not fail its parents: the later ones see it in the store, stand aside, and `finish` settles the run in every case.
 */
import { STEPS, type Run } from '../sql/store/store.ts'
import type { FlowJob, FlowProducer } from './backend.ts'
import { STEP_QUEUE, stepJobId, stepJobName, type StepData } from './jobs.ts'

/** Kept for admins to look at in Bull Board: a month, or the last few thousand. */
const KEEP = { age: 30 * 24 * 3600, count: 5000 }

/** A job that failed for a passing reason is tried again, after the DHIS2 client's own retries are used up. */
const RETRY = { attempts: 3, backoff: { type: 'exponential', delay: 5000, jitter: 0.5 } } as const

export async function addRun(flow: FlowProducer, run: Pick<Run, 'runId' | 'mappingName'>): Promise<void> {
  await flow.add(flowOf(run))
}

function flowOf({ runId, mappingName }: Pick<Run, 'runId' | 'mappingName'>): FlowJob {
  let job: FlowJob | null = null
  for (const step of STEPS) {
    const data: StepData = { runId, mapping: mappingName, step, chunksAdded: false }
    const opts = { ...RETRY, jobId: stepJobId(runId, step), removeOnComplete: KEEP, removeOnFail: KEEP, ignoreDependencyOnFailure: step !== 'finish' }
    job = { name: stepJobName(mappingName, step), queueName: STEP_QUEUE, data, opts, ...(job && { children: [job] }) }
  }
  return job!
}

export const CHUNK_JOB_OPTIONS = {
  ...RETRY,
  removeOnComplete: KEEP,
  removeOnFail: KEEP,
  ignoreDependencyOnFailure: true,
} as const
