/** Searching tracked entities by the values of many patients at once; the filter language is the same in both APIs. */
import type { Query } from './http.ts'
import { inParts } from './paging.ts'

/** search values in one URL */
const VALUES_IN_URL = 50

/**
 * Queries that together find everyone who, for every filter, has one of its values. A value that the API cannot carry is left to the other filters
 * (more is found than asked for); when no filter is left, such values are searched by the longest part that it can carry.
 */
export function searchQueries(filters: readonly { attribute: string; values: readonly string[] }[], escapes: boolean): Query[] {
  const [first, ...rest] = filters.toSorted((a, b) => b.values.length - a.values.length)
  if (!first) return []
  const safe = first.values.filter((value) => !/[;:,/]/.test(value))
  const odd = first.values.filter((value) => /[;:,/]/.test(value))
  const others = (part: readonly (readonly [string, string])[]): Query => [
    ...part,
    ...rest.flatMap((f): (readonly [string, string])[] =>
      f.values.length <= VALUES_IN_URL && f.values.every((value) => !/[;:,/]/.test(value))
        ? [['filter', `${f.attribute}:in:${f.values.join(';')}`]]
        : [],
    ),
  ]
  return [
    ...inParts(safe, VALUES_IN_URL).map((part) => others([['filter', `${first.attribute}:in:${part.join(';')}`]])),
    ...odd.map((value) => others([['filter', oddFilter(first.attribute, value, escapes)]])),
  ]
}

function oddFilter(attribute: string, value: string, escapes: boolean): string {
  // from 2.41 a slash escapes; before, the longest part without a special character is looked for anywhere in the value
  if (escapes) return `${attribute}:eq:${value.replaceAll(/[/:,]/g, '/$&')}`
  const longest = value.split(/[;:,/]/).reduce((a, b) => (b.length > a.length ? b : a))
  return `${attribute}:like:${longest}`
}
