import { CheckmarkFilled, ErrorFilled } from '@carbon/react/icons'
import { SkeletonText } from '@carbon/react'
import type { UseQueryResult } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Failure } from '../parts/failure.tsx'

/** DHIS2, the Mart and the queue in one line; what does not work says why. */
export function StateLine({ query }: { query: UseQueryResult<Answer<'readStatus'>> }) {
  const { home } = useTexts()
  if (query.data === undefined)
    return query.error ? <Failure error={query.error} retry={() => void query.refetch()} /> : <SkeletonText width="40%" />
  const parts = (['dhis2', 'mart', 'queue'] as const).map((name) => ({ name, ...query.data[name] }))
  return (
    <div aria-live="polite">
      <ul className="state-line" aria-label={home.state}>
        {parts.map(({ name, ok, text }) => (
          <li key={name} title={text} className={ok ? 'ok' : 'not-ok'}>
            {ok ? <CheckmarkFilled size={16} aria-hidden="true" /> : <ErrorFilled size={16} aria-hidden="true" />}
            <span>
              {home[name]} {ok ? home.works : home.fails}
            </span>
          </li>
        ))}
      </ul>
      {parts
        .filter(({ ok }) => !ok)
        .map(({ name, text }) => (
          <p key={name} className="state-problem">
            <strong>{home[name]}:</strong> {text}
          </p>
        ))}
    </div>
  )
}
