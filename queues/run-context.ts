/** The context of a run's jobs: the DHIS2 client is connected, and the metadata read, once a worker process and run. */
import type { JobContext } from '../jobs/context.ts'
import type { Metadata } from '../src/core/model.ts'
import type { UidFactory } from '../src/core/uid.ts'
import type { Dhis2Client } from '../src/dhis2/client.ts'
import type { Pacer } from '../src/dhis2/pacer.ts'
import type { Retention } from '../src/erasing.ts'
import type { Run, Store } from '../sql/store/store.ts'

export interface RunContextFactory {
  store: Store
  uidOf: UidFactory
  /** connects at the first call; a failed attempt is not remembered */
  connect: () => Promise<Dhis2Client>
  chunkSize: number | null
  pacer: Pick<Pacer, 'limits' | 'onChange'>
  trackedEntityType: string | null
  retention: Retention
  timeZone: string
  /** metadata by run, filled here */
  metadata: Map<string, Promise<Metadata>>
}

/**
 * Patients in a chunk, and so the most in a request. Legacy imports slow down with the size of the batch (20-50 are best), the tracker API does not. With chunks of
 * 200 the worker took 210 MB for a million events, with these 199 (one run of each).
 */
const CHUNK_SIZE = { legacy: 25, tracker: 100 }
/** runs whose metadata is kept in memory */
const KEPT_RUNS = 8

export async function runContext(factory: RunContextFactory): Promise<JobContext> {
  const client = await factory.connect()
  return {
    store: factory.store,
    client,
    uidOf: factory.uidOf,
    metadata: (run) => metadataOf(factory, client, run),
    requestSize: (run) =>
      (run.mapping.chunkSize ?? factory.chunkSize) === null
        ? Math.max(1, Math.ceil(CHUNK_SIZE[client.api] * factory.pacer.limits.share))
        : null,
    settings: {
      chunkSize: factory.chunkSize ?? CHUNK_SIZE[client.api],
      trackedEntityType: factory.trackedEntityType,
      timeZone: factory.timeZone,
    },
  }
}

function metadataOf(factory: RunContextFactory, client: Dhis2Client, run: Run): Promise<Metadata> {
  const kept = factory.metadata.get(run.runId)
  if (kept) return kept
  const reading = client.readMetadata(run.programs)
  factory.metadata.set(run.runId, reading)
  reading.catch(() => factory.metadata.delete(run.runId))
  for (const old of [...factory.metadata.keys()].slice(0, -KEPT_RUNS)) factory.metadata.delete(old)
  return reading
}
