import { useCallback } from 'react'
import { useSearchParams } from 'react-router'

/** Filters live in the address: they can be sent to somebody, and the way back keeps them. */
export function useFilters<Key extends string>(keys: readonly Key[]) {
  const [search, setSearch] = useSearchParams()
  const filters = Object.fromEntries(keys.map((key) => [key, search.get(key) ?? ''])) as Record<Key, string>
  const setFilters = useCallback(
    (changed: Partial<Record<Key, string>>) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before)
          for (const [key, value] of Object.entries<string | undefined>(changed)) {
            if (value) after.set(key, value)
            else after.delete(key)
          }
          return after
        },
        { replace: true },
      ),
    [setSearch],
  )
  return [filters, setFilters] as const
}
