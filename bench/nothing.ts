/** What every sync takes, however little there is: its steps go through the queue one after the other. */
import { median } from './measurement.ts'
import type { Stage } from './stage.ts'

const known = new WeakMap<Stage, Promise<number>>()

/** Seconds of a sync of a clinic with one patient, where nothing has changed; measured once in a run. */
export function secondsOfNothing(stage: Stage): Promise<number> {
  const measured = known.get(stage) ?? measure(stage)
  known.set(stage, measured)
  return measured
}

async function measure(stage: Stage): Promise<number> {
  const site = await stage.open({ name: 'bench_nothing', patients: 1 })
  await site.startWorker()
  const seconds: number[] = []
  for (let i = 0; i < 6; i++) seconds.push((await site.sync()).seconds)
  await site.close()
  // the first one sends the patient
  return median(seconds.slice(1))
}
