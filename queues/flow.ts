/**
 * A run as a BullMQ flow: a chain of step jobs, each the parent of the one before it, so that `finish` is the root and `snapshot` the deepest leaf.
 * A step that fails does not fail its parents: the later ones see it in the store, stand aside, and `finish` settles the run in every case.
 */
import { STEPS, type Run } from '../sql/store/store.ts'
import type { FlowJobNode, FlowProducer } from './backend.ts'
import { STEP_QUEUE, stepJobId, stepJobName, type StepData } from './jobs.ts'
import { KEEP } from './trim-jobs.ts'

/** A job that failed for a passing reason is tried again, after the DHIS2 client's own retries are used up. */
const RETRY = { attempts: 3, backoff: { type: 'exponential', delay: 5000, jitter: 0.5 } } as const

export async function addRun(flow: FlowProducer, run: Pick<Run, 'runId' | 'mappingName'>): Promise<void> {
  await flow.add(flowOf(run))
}

/** The job of a step with the one before it as its child. */
function flowOf(run: Pick<Run, 'runId' | 'mappingName'>, position = STEPS.length - 1): FlowJobNode {
  const { runId, mappingName: mapping } = run
  const step = STEPS[position]!
  const data: StepData = { runId, mapping, step, chunksAdded: false }
  const opts = { ...RETRY, jobId: stepJobId(runId, step), removeOnComplete: KEEP, removeOnFail: KEEP }
  const job = { name: stepJobName(mapping, step), queueName: STEP_QUEUE, data }
  // BullMQ takes dependency options on children only, and the last step is no child
  if (position === STEPS.length - 1) return { ...job, opts, children: [flowOf(run, position - 1)] }
  const child = { ...job, opts: { ...opts, ignoreDependencyOnFailure: true } }
  return position === 0 ? child : { ...child, children: [flowOf(run, position - 1)] }
}

export const CHUNK_JOB_OPTIONS = {
  ...RETRY,
  removeOnComplete: KEEP,
  removeOnFail: KEEP,
  ignoreDependencyOnFailure: true,
} as const
