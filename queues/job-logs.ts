/** What the jobs of a step said in the queue, which keeps the last some thousand for a month. */
import type { Step } from '../sql/store/store.ts'
import type { Queue } from './backend.ts'
import { CHUNK_QUEUE, chunkJobId, stepJobId, type ChunkData, type StepData } from './jobs.ts'

export interface JobLogs {
  step: readonly string[]
  chunks: readonly { chunk: number; text: string }[]
}

/** job logs that are asked for at a time */
const AT_A_TIME = 20

/** @param done chunks that came to their end */
export async function readJobLogs(
  queues: { steps: Queue<StepData>; chunks: Queue<ChunkData> },
  runId: string,
  step: Step,
  done: readonly number[],
): Promise<JobLogs> {
  const id = stepJobId(runId, step)
  const said = (await queues.steps.getJobLogs(id)).logs
  const failures = Object.entries((await (await queues.steps.getJob(id))?.getIgnoredChildrenFailures()) ?? {})
  const chunks: { chunk: number; text: string }[] = []
  for (let from = 0; from < done.length; from += AT_A_TIME) {
    const some = done.slice(from, from + AT_A_TIME)
    const logs = await Promise.all(some.map((chunk) => queues.chunks.getJobLogs(chunkJobId(runId, step, chunk))))
    chunks.push(...logs.flatMap((log, i) => log.logs.map((text) => ({ chunk: some[i]!, text }))))
  }
  for (const [key, reason] of failures) {
    // the step before this one is a child as well
    const chunk = key.includes(CHUNK_QUEUE) ? Number(/-(\d+)$/.exec(key)?.[1]) : Number.NaN
    if (Number.isInteger(chunk)) chunks.push({ chunk, text: `failed: ${reason}` })
  }
  return { step: said, chunks }
}
