import type { UseQueryResult } from '@tanstack/react-query'
import { SkeletonText } from '@carbon/react'
import type { ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Failure } from './failure.tsx'

interface Props<Data> {
  query: UseQueryResult<Data>
  children: (data: Data) => ReactNode
  lines?: number
  /** instead of the problem's own title */
  failed?: string
}

/** Loading, failed, or there. What was read before stays to be seen when reading it again fails. */
export function Read<Data>({ query, children, lines = 4, failed }: Props<Data>) {
  const { common } = useTexts()
  const retry = () => void query.refetch()
  if (query.data !== undefined)
    return (
      <>
        {query.error !== null && <Failure error={query.error} retry={retry} />}
        {children(query.data)}
      </>
    )
  if (query.error !== null) return <Failure error={query.error} retry={retry} {...(failed !== undefined && { title: failed })} />
  return (
    <div role="status">
      <span className="hidden">{common.loading}</span>
      <SkeletonText paragraph lineCount={lines} />
    </div>
  )
}
