/** A request → a run with its jobs in the queue: for every way in, so that each is as safe as the others. */
import { RunFailure } from '../src/errors.ts'
import { TooSlowError, within } from '../src/within.ts'
import { RunActiveError, type Run, type RunRequest, type Store } from '../sql/store/store.ts'
import type { FlowProducer, Queue } from './backend.ts'
import { addRun } from './flow.ts'
import type { StepData } from './jobs.ts'
import { CUT_OFF, isAbandoned, settleAsFailed } from './settle-runs.ts'

export class QueueOutOfReach extends RunFailure {
  constructor() {
    super('The queue does not answer. Check that its Redis or PostgreSQL runs, then sync again.', { transient: true })
  }
}

export interface Started {
  run: Run
  /** an earlier request with the same key began it; nothing was begun now */
  repeated: boolean
}

/** A Redis that is away keeps a job waiting for as long as it is. */
const ADD_MS = 20_000

export async function startRun(
  { store, steps, flow }: { store: Store; steps: Queue<StepData>; flow: FlowProducer },
  request: RunRequest,
  key: string | null,
  addMs = ADD_MS,
): Promise<Started> {
  const create = async (): Promise<Started> =>
    key === null ? { run: await store.createRun(request), repeated: false } : store.createRunOnce(request, key)
  const started = await create().catch(async (error: unknown) => {
    // a run that no process works on would be in the way for ever
    if (!(error instanceof RunActiveError) || !(await isAbandoned(store, steps, error.runId))) throw error
    await settleAsFailed(store, error.runId, CUT_OFF)
    return create()
  })
  if (!started.repeated) await addJobs(store, flow, started.run, addMs)
  return started
}

/** A run without jobs never ends by itself: it ends here, and its request may come again. */
async function addJobs(store: Store, flow: FlowProducer, run: Run, ms: number): Promise<void> {
  try {
    await within(ms, addRun(flow, run))
  } catch (cause) {
    const error = cause instanceof TooSlowError ? new QueueOutOfReach() : cause
    const settled = settleAsFailed(store, run.runId, error instanceof RunFailure ? error.message : CUT_OFF)
    // when the database is away too, the next start settles it
    await settled.then(() => store.forgetRequest(run.runId)).catch(() => {})
    throw error
  }
}
