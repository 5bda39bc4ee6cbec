/** Searching tracked entities by the values of many patients at once; the filter language is nearly the same in both APIs. */
import type { Query } from './http.ts'

/** search values in one URL, and their length there */
const VALUES_IN_URL = 100
const LENGTH_IN_URL = 3000
/** length of the other filters in a URL, together */
const OTHERS_IN_URL = 4000
/** how much of a long value is looked for */
const LONGEST_PART = 60

/**
 * Queries that together find everyone who, for every filter, has one of its values. A value that the API cannot carry is searched by a part of it;
 * the other filters are left out when they do not fit into a URL. So more may be found than was asked for, never less. (A value of nothing but
 * special characters is not searched at all.)
 * @param escapes the tracker API from 2.41 on, where a slash escapes; the legacy API of 2.41 takes a slash for a slash
 */
export function searchQueries(filters: readonly { attribute: string; values: readonly string[] }[], escapes: boolean): Query[] {
  const [first, ...rest] = filters.toSorted((a, b) => b.values.length - a.values.length)
  if (!first) return []
  let room = OTHERS_IN_URL
  const others = rest.flatMap((f): (readonly [string, string])[] => {
    const listed = f.values.map((value) => inList(value, escapes))
    const [only, ...more] = urlParts(listed.filter((value) => value !== null))
    if (!only || more.length > 0 || listed.includes(null)) return []
    const filter = `${f.attribute}:in:${only.join(';')}`
    const length = encodeURIComponent(filter).length
    if (length > room) return []
    room -= length
    return [['filter', filter]]
  })
  const listed = first.values.map((value) => inList(value, escapes)).filter((value) => value !== null)
  const odd = first.values.filter((value) => inList(value, escapes) === null)
  return [
    ...urlParts(listed).map((part) => `${first.attribute}:in:${part.join(';')}`),
    ...new Set(odd.flatMap((value) => oddFilter(first.attribute, value, escapes))),
  ].map((filter): Query => [['filter', filter], ...others])
}

/**
 * A value as one of a list, or null where the list or the server would misread it. A list splits at `;`, a filter at `:`, the parameter at `,`. Before
 * 2.41 an apostrophe ends the text in DHIS2's SQL (500). 2.41 finds no value with a backslash or two slashes.
 */
function inList(value: string, escapes: boolean): string | null {
  if ((escapes ? /[;\\]|\/\// : /[;:,\\']|\/\//).test(value)) return null
  const text = escapes ? value.replaceAll(/[/:,]/g, '/$&') : value
  return encodeURIComponent(text).length > LENGTH_IN_URL ? null : text
}

/** The longest part without special characters, anywhere in the value; a semicolon alone is no trouble outside of a list. */
function oddFilter(attribute: string, value: string, escapes: boolean): string[] {
  const plain = inList(value.replaceAll(';', ''), escapes)
  if (plain !== null && value.length <= LONGEST_PART) return [`${attribute}:eq:${escapes ? value.replaceAll(/[/:,]/g, '/$&') : value}`]
  const longest = value
    .split(/[;:,\\'/]/)
    .map((part) => [...part.trim()].slice(0, LONGEST_PART).join(''))
    .reduce((a, b) => (b.length > a.length ? b : a))
  return longest === '' ? [] : [`${attribute}:like:${longest}`]
}

function urlParts(values: readonly string[]): string[][] {
  const parts: string[][] = []
  let room = 0
  for (const value of values) {
    const length = encodeURIComponent(value).length + 3
    const part = parts.at(-1)
    if (part === undefined || part.length === VALUES_IN_URL || length > room) {
      parts.push([value])
      room = LENGTH_IN_URL - length
    } else {
      part.push(value)
      room -= length
    }
  }
  return parts
}
