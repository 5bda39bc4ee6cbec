/** What DHIS2 says of a mapping's programs, kept for a minute: a preview is read page by page. */
import { LRUCache } from 'lru-cache'
import type { Mapping } from '../core/mapping.ts'
import { mappingEtag } from '../core/mapping-etag.ts'
import type { Metadata, TrackedEntityType } from '../core/model.ts'
import { trackedEntityTypeOf } from '../core/payload.ts'
import type { Dhis2Client } from '../dhis2/client.ts'
import { RunFailure } from '../errors.ts'
import type { Store } from '../../sql/store/store.ts'

export interface PreviewFacts {
  metadata: Metadata
  trackedEntityType: TrackedEntityType | null
}
/** DHIS2 did not answer, and `problem` says why. */
export type FactsOf = (mapping: Mapping) => Promise<PreviewFacts | { problem: string }>

const KEPT_MS = 60_000
const KEPT_MAPPINGS = 20

interface FactsOptions {
  store: Pick<Store, 'readPrograms'>
  connect: () => Promise<Dhis2Client>
  /** uid, when the site names it */
  trackedEntityType: string | null
}

export function openFacts({ store, connect, trackedEntityType }: FactsOptions): FactsOf {
  const kept = new LRUCache<string, Promise<PreviewFacts>>({ max: KEPT_MAPPINGS, ttl: KEPT_MS })
  const read = async (programs: readonly string[]): Promise<PreviewFacts> => {
    const metadata = await (await connect()).readMetadata(programs)
    return { metadata, trackedEntityType: trackedEntityTypeOf(metadata, trackedEntityType) }
  }
  return async (mapping) => {
    const key = mappingEtag(mapping)
    let reading = kept.get(key)
    if (!reading) {
      reading = read(await store.readPrograms(mapping))
      kept.set(key, reading)
    }
    try {
      return await reading
    } catch (error) {
      kept.delete(key)
      if (!(error instanceof RunFailure)) throw error
      return { problem: error.message }
    }
  }
}
