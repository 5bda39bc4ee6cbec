/** JSON that others wrote: whatever it is, reading it throws nothing. */

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const record = (value: unknown) => (isObject(value) ? value : {})

export const text = (value: unknown) => (typeof value === 'string' ? value.trim() : '')
/** Those that say something. */
export const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).flatMap(([name, given]) => (text(given) === '' ? [] : [[name, text(given)]])))

/** Columns of json may hold JSON as text: the import of the last generation sent it so. */
export function decoded(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** PostgreSQL refuses a NUL, and half of a pair of surrogates, in every text. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !/[\0\p{Surrogate}]/u.test(value)
  if (Array.isArray(value)) return value.every(isStorable)
  return !isObject(value) || Object.entries(value).every(([key, of]) => isStorable(key) && isStorable(of))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00a0',
}

/** The original form read a column's name from its cell's HTML, so such names never matched the column. */
export const unescapeHtml = (text: string) => text.replaceAll(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity]!)
