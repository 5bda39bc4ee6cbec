/** Runs of a world that go on while a test does something else, or whose steps it does itself. */
import type { JobContext } from '../../jobs/context.ts'
import { hasEnded, type Run, type Step } from '../../sql/store/store.ts'
import { createUidFactory } from '../../src/core/uid.ts'
import { until } from './site.ts'
import type { World } from './world.ts'

export const REQUEST = { requestedBy: 'tester', comment: 'test', dryRun: false, from: null, to: null, resync: false }
export const start = (world: World, mappingName: string) => world.service.queues.enqueue({ mappingName, ...REQUEST })
export const readRun = async (world: World, { runId }: Run) => (await world.service.store.readRun(runId))!

export async function endOf(world: World, run: Run): Promise<Run> {
  await until(async () => hasEnded(await readRun(world, run)))
  return readRun(world, run)
}

/** Stops the first run that says that this step begins. */
export function holdAt(world: World, step: Step) {
  const { store } = world.service
  const startStep = store.startStep.bind(store)
  let letGo = () => {}
  let arrived = () => {}
  const reached = new Promise<void>((done) => (arrived = done))
  const gate = new Promise<void>((done) => (letGo = done))
  store.startStep = async (runId, which, chunks) => {
    await startStep(runId, which, chunks)
    if (which !== step) return
    store.startStep = startStep
    arrived()
    await gate
  }
  return { reached, letGo: () => letGo() }
}

/** What a worker gives the bodies of the steps. */
export async function contextOf({ service, tag }: World): Promise<JobContext> {
  const client = await service.connect()
  return {
    store: service.store,
    client,
    metadata: (run) => client.readMetadata(run.programs),
    uidOf: createUidFactory(tag),
    requestSize: () => null,
    settings: { chunkSize: 10, trackedEntityType: null, timeZone: 'UTC' },
  }
}
