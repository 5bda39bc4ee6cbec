/** What the log tells of runs and steps, with their ids and counts; never of what is in the records. */
import { DelayedError, WaitingChildrenError } from 'bullmq'
import { total, type Verdict } from '../jobs/finish-run.ts'
import type { Log } from '../src/log.ts'
import type { Run, StepRow } from '../sql/store/store.ts'
import type { Job } from './backend.ts'
import type { StepData } from './jobs.ts'

export function sayRun(log: Log, { runId, mappingName, requestedBy, dryRun, resync, from, to, retry }: Run): void {
  log.info({ runId, mapping: mappingName, user: requestedBy, dryRun, resync, from, to, retry }, 'sync begins')
}

export function sayEnd(log: Log, { runId, mappingName }: Run, { state, failure }: Verdict, steps: readonly StepRow[]): void {
  log[state === 'failed' ? 'warn' : 'info']({ runId, mapping: mappingName, state, failure, counts: total(steps) }, 'sync ends')
}

/** A step comes here twice: it adds its chunks, and after them it ends. */
export async function sayingStep<T>(log: Log, job: Job<StepData>, work: () => Promise<T>): Promise<T> {
  const { runId, mapping, step, chunksAdded } = job.data
  const stepLog = log.child({ runId, mapping, step })
  if (!chunksAdded) stepLog.info('step begins')
  try {
    const result = await work()
    stepLog.info({ result }, 'step ends')
    return result
  } catch (error) {
    if (error instanceof DelayedError) stepLog.info('step is left to another worker')
    else if (!(error instanceof WaitingChildrenError)) stepLog.warn({ reason: (error as Error).message }, 'step failed')
    throw error
  }
}
