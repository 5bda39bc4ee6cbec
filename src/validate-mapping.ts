/** Looks at the Mart and at DHIS2, and tells what of a mapping does not fit. Nothing is written. */
import { RunFailure } from './errors.ts'
import type { Dhis2Facts, Finding, RelationFacts } from './core/mapping-facts.ts'
import { findingsOf } from './core/mapping-fit.ts'
import { relationsOf, type Mapping } from './core/mapping.ts'
import { trackedEntityTypeOf } from './core/payload.ts'
import type { Dhis2Client } from './dhis2/client.ts'
import type { MetadataType } from './dhis2/catalogue.ts'
import type { Store } from '../sql/store/store.ts'

export interface Validation {
  findings: Finding[]
  /** why DHIS2 was not asked, in a sentence; null: it was */
  dhis2Problem: string | null
}

export interface ValidateOptions {
  store: Pick<Store, 'readRelationFacts'>
  connect: () => Promise<Dhis2Client>
  /** uid, when the site names it */
  trackedEntityType: string | null
  /** IANA */
  timeZone: string
  /** the reader may see patients' data */
  examples: boolean
}

export async function validateMapping(mapping: Mapping, options: ValidateOptions): Promise<Validation> {
  const facts = await options.store.readRelationFacts(mapping)
  let dhis2: Dhis2Facts | null = null
  let dhis2Problem: string | null = null
  try {
    dhis2 = await askDhis2(mapping, facts, options)
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error
    dhis2Problem = error.message
  }
  return { findings: findingsOf(mapping, facts, dhis2, options), dhis2Problem }
}

async function askDhis2(mapping: Mapping, facts: readonly RelationFacts[], options: ValidateOptions): Promise<Dhis2Facts> {
  const client = await options.connect()
  const relations = relationsOf(mapping)
  const programs = new Set([
    ...relations.flatMap(({ constants }) => constants['program'] ?? []),
    ...facts.flatMap(({ content }) => content?.places.flatMap(({ program }) => program ?? []) ?? []),
  ])
  const metadata = await client.readMetadata([...programs])
  const unknown = relations.flatMap(({ kind, columns }) =>
    columns.map(([, uid]) => uid).filter((uid) => !(kind === 'event' ? metadata.dataElements : metadata.attributes).has(uid)),
  )
  const identified = unknown.length > 0 ? await client.identify(unknown) : new Map<string, never>()
  const others = new Map([...identified].map(([uid, { type, name }]): [string, string] => [uid, `the ${WORDS[type]} "${name}"`]))
  return { metadata, trackedEntityType: trackedEntityTypeOf(metadata, options.trackedEntityType), others }
}

const WORDS: Readonly<Record<MetadataType, string>> = {
  attribute: 'attribute',
  dataElement: 'data element',
  program: 'program',
  programStage: 'program stage',
  orgUnit: 'org unit',
}
