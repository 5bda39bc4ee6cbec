import { Link } from 'react-router'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { LogTag } from '../parts/state-tag.tsx'
import { Day, Time } from '../parts/time.tsx'

type Row = Answer<'listLogs'>['rows'][number]

/** The document's columns. */
export function LogTable({ rows }: { rows: readonly Row[] }) {
  const { logs } = useTexts()
  return (
    <DataTable
      caption={logs.page}
      rows={rows}
      keyOf={({ id }) => String(id)}
      columns={[
        { key: 'service', head: logs.service, cell: (row) => row.service, rowHeader: true },
        { key: 'user', head: logs.user, cell: (row) => row.user },
        { key: 'comments', head: logs.comments, cell: (row) => row.comments },
        { key: 'status', head: logs.status, cell: (row) => <LogTag state={row.status} /> },
        {
          key: 'info',
          head: logs.statusInfo,
          className: 'wide-cell',
          cell: (row) => (
            <>
              {row.statusInfo}
              {row.syncId !== null && (
                <>
                  {' '}
                  <Link to={`/runs/${row.syncId}`}>{logs.details}</Link>
                </>
              )}
            </>
          ),
        },
        { key: 'at', head: logs.at, cell: (row) => (row.at === null ? '' : <Time at={row.at} />) },
        { key: 'from', head: logs.start, cell: (row) => <Day day={row.from} /> },
        { key: 'to', head: logs.end, cell: (row) => <Day day={row.to} /> },
      ]}
    />
  )
}
