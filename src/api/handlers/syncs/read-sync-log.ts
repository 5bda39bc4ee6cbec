import type { syncOperations } from '../../contract/syncs.ts'
import type { Handler } from '../../handler.ts'
import { TooSlowError, within } from '../../../within.ts'
import { found } from './found.ts'
import { linesOf, type Line } from './sync-log.ts'

/** chunks of a step that are shown, the last ones */
const SHOWN = 200
/** for the queue; the steps' own story is the database's */
const LIMIT_MS = 5000

export const readSyncLog: Handler<typeof syncOperations.readSyncLog> = async ({ params }, { store, queues }) => {
  const { run, steps } = found(params.id, await store.readProgress(params.id))
  const done = (await store.readChunksDone(run.runId)).filter(({ step }) => step !== 'snapshot' && step !== 'finish')
  const lines: Line[] = []
  let isReachable = true
  for (const step of steps) {
    const ofStep = done.filter((chunk) => chunk.step === step.step)
    const chunks = ofStep.slice(-SHOWN)
    const said = isReachable
      ? await within(
          LIMIT_MS,
          queues.jobLogs(
            run.runId,
            step.step,
            chunks.map((chunk) => chunk.chunk),
          ),
        ).catch((error: unknown) => {
          if (!(error instanceof TooSlowError)) throw error
          isReachable = false
          return null
        })
      : null
    lines.push(...linesOf(step, chunks, ofStep.length - chunks.length, said))
  }
  return { status: 200, body: { lines } }
}
