import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useApi } from './api-context.tsx'
import { isApiError } from './api-error.ts'
import type { Answer, Input, OperationName } from './client.ts'

interface ReadOptions {
  /** milliseconds; false: only when asked again */
  every?: number | false
  enabled?: boolean
  /** keeps showing the last answer while another page or filter is loaded */
  keep?: boolean
  staleTime?: number
}

/** The key of an operation's answer: its name alone stands for all of its answers. */
export const keyOf = (name: OperationName, { params, query }: { params?: unknown; query?: unknown } = {}) =>
  [name, params ?? null, query ?? null] as const

export function useRead<Name extends OperationName>(
  name: Name,
  input: Omit<Input<Name>, 'body' | 'signal'> = {} as Input<Name>,
  { every = false, enabled = true, keep = false, staleTime }: ReadOptions = {},
): UseQueryResult<Answer<Name>> {
  const api = useApi() as (name: OperationName, input: unknown) => Promise<unknown>
  return useQuery({
    queryKey: keyOf(name, input),
    queryFn: ({ signal }) => api(name, { ...input, signal }),
    refetchInterval: every,
    enabled,
    ...(keep && { placeholderData: keepPreviousData }),
    ...(staleTime !== undefined && { staleTime }),
  }) as UseQueryResult<Answer<Name>>
}

/** What will not be otherwise a second later is not asked again. */
export const worthAsking = (failures: number, error: unknown) =>
  failures < 2 && !(isApiError(error) && error.status >= 400 && error.status < 500)
