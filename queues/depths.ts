import type { Queue } from './backend.ts'

const STATES = ['waiting', 'waiting-children', 'active', 'delayed', 'failed'] as const

export interface Depth {
  queue: string
  state: string
  jobs: number
}

/** How many jobs there are in each state that is not a good end. */
export async function readDepths(queues: readonly Queue[]): Promise<Depth[]> {
  const counts = await Promise.all(queues.map((queue) => queue.getJobCounts(...STATES)))
  return queues.flatMap(({ name }, i) => STATES.map((state) => ({ queue: name, state, jobs: counts[i]![state] ?? 0 })))
}
