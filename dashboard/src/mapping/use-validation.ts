import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useApi } from '../api/api-context.tsx'
import type { Answer } from '../api/client.ts'
import { useLater } from '../parts/use-later.ts'
import { bodyOf, type FormState } from './form-state.ts'

/** Asks the server, when the form has rested for a moment, whether all fits the Mart and DHIS2. */
export function useValidation(state: FormState): UseQueryResult<Answer<'validateMapping'>> {
  const api = useApi()
  const whole = state.instance.table !== '' && state.enrollments.table !== '' && state.events.every(({ table }) => table !== '')
  // a name that is still to come is no reason to say nothing of the columns
  const isName = /^[\p{L}\p{N} ]+$/u.test(state.name.trim())
  const chunk = Number(state.chunkSize)
  const body = {
    ...bodyOf(state),
    ...(!isName && { name: 'New mapping' }),
    ...(!(Number.isInteger(chunk) && chunk >= 1 && chunk <= 1000) && { chunkSize: null }),
  }
  const asked = useLater(JSON.stringify(body), 600)
  return useQuery({
    queryKey: ['validateMapping', asked],
    queryFn: ({ signal }) => api('validateMapping', { body: JSON.parse(asked) as typeof body, signal }),
    enabled: whole,
    placeholderData: (before) => before,
    staleTime: 30_000,
    retry: false,
  })
}
