import type { Http, Query } from './http.ts'

/**
 * A whole metadata list in one answer. Not page by page: 2.30 gives its last page again for every page after it, and loses `fields` in nextPage
 * (case 03).
 */
export async function readAll<Raw>(http: Http, path: string, query: Query): Promise<Raw[]> {
  const body = (await http.get(path, [...query, ['paging', 'false']])) as Record<string, Raw[] | undefined>
  return body[path] ?? []
}

/** Parts of a list that keep a URL short: servers and proxies refuse some 8000 characters. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size))
  return parts
}

/** UIDs of 11 characters in one URL. */
export const UIDS_IN_URL = 150
