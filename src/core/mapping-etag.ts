/** Tells two contents of a mapping apart: whoever changes one says which content he has read. */
import { createHash } from 'node:crypto'
import { mappingParts } from './mapping-file.ts'
import type { Mapping } from './mapping.ts'

/** A strong entity tag of HTTP, quotes included. The order of columns does not count, that of event relations does. */
export const mappingEtag = (mapping: Mapping) =>
  `"${createHash('sha256')
    .update(JSON.stringify(mappingParts(mapping), sortedKeys))
    .digest('base64url')
    .slice(0, 27)}"`

const sortedKeys = (_key: string, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value
