import { DelayedError } from 'bullmq'
import type { Job } from './backend.ts'

/** The process has no time left: another worker takes the job up at once, and it has lost none of its tries. @throws always: so BullMQ is told */
export async function handBack(job: Job, token: string): Promise<never> {
  await job.moveToDelayed(Date.now(), token)
  throw new DelayedError()
}
