import { Link } from 'react-router'
import type { Answer } from '../api/client.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { SyncTag } from '../parts/state-tag.tsx'
import { Time } from '../parts/time.tsx'
import { rejectedOf, sentOf } from '../sync/totals.ts'

type Row = Answer<'readLastSyncs'>['rows'][number]

export function LastRuns({ rows }: { rows: readonly Row[] }) {
  const { home, sync, outcomes } = useTexts()
  const format = useFormat()
  const session = useSession()
  if (rows.length === 0)
    return (
      <Empty text={home.noMappings}>{mayOne(session, ['mapping']) && <LinkButton to="/mapping/new">{home.addFirst}</LinkButton>}</Empty>
    )
  const seen = mayOne(session, ['upload', 'log'])
  const result = ({ active, last }: Row) => {
    const shown = active ?? last
    if (shown === null) return <span className="quiet">{home.neverSynced}</span>
    const rejected = rejectedOf(shown.counts)
    return (
      <span className="row tight">
        {seen ? (
          <Link to={`/runs/${shown.id}`}>
            <SyncTag state={shown.state} />
          </Link>
        ) : (
          <SyncTag state={shown.state} />
        )}
        {active ? (
          <span className="quiet">{active.percent} %</span>
        ) : (
          <span className="quiet">
            {outcomes.created}/{outcomes.updated}: {format.number(sentOf(shown.counts))}
            {rejected > 0 && ` · ${outcomes.rejected}: ${format.number(rejected)}`}
          </span>
        )}
      </span>
    )
  }
  return (
    <DataTable
      caption={home.lastRuns}
      rows={rows}
      keyOf={({ mapping }) => mapping}
      columns={[
        { key: 'mapping', head: home.program, cell: ({ mapping }) => mapping, rowHeader: true },
        { key: 'result', head: home.result, cell: result },
        {
          key: 'success',
          head: sync.lastSuccess,
          cell: ({ lastSuccessAt }) => (lastSuccessAt === null ? '' : <Time at={lastSuccessAt} />),
        },
      ]}
    />
  )
}
