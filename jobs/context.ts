import type { Metadata } from '../src/core/model.ts'
import type { UidFactory } from '../src/core/uid.ts'
import type { Dhis2Client } from '../src/dhis2/client.ts'
import type { Run, Store } from '../sql/store/store.ts'

/** What the bodies of the steps work with. */
export interface JobContext {
  store: Store
  client: Dhis2Client
  /** read once a run and worker process */
  metadata: (run: Run) => Promise<Metadata>
  uidOf: UidFactory
  /** patients in one request as DHIS2 takes them now; null: as many as a chunk has, because the site or the mapping says how many */
  requestSize: (run: Run) => number | null
  settings: {
    /** patients in a chunk, where the mapping does not say */
    chunkSize: number
    /** uid, when the site names it; otherwise the programs say */
    trackedEntityType: string | null
    /** the site's IANA time zone */
    timeZone: string
  }
}

/** The run's own day, yyyy-MM-dd in the site's time zone: "today" for dates in the future. */
export function dayOf(run: Run): string {
  if (run.snapshotAt === null) throw new Error(`run ${run.runId} has no snapshot yet`)
  return run.snapshotAt.slice(0, 10)
}
