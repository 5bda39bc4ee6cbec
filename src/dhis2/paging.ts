import type { Http, Query } from './http.ts'

const PAGE = 1000

/** All pages of a metadata list. Page URLs are our own: 2.30's nextPage loses `fields` (case 03). */
export async function readAll(http: Http, path: string, query: Query, list: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let page = 1; ; page++) {
    const body = (await http.get(path, [...query, ['page', String(page)], ['pageSize', String(PAGE)]])) as Record<string, unknown>
    const found = (body[list] ?? []) as Record<string, unknown>[]
    items.push(...found)
    if (found.length < PAGE) return items
  }
}

/** Parts of a list that keep a URL short: servers and proxies refuse some 8000 characters. */
export function inParts<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size))
  return parts
}

/** UIDs of 11 characters in one URL. */
export const UIDS_IN_URL = 150
