import { Button } from '@carbon/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Failure } from '../parts/failure.tsx'
import { PartLoading } from '../parts/page-loading.tsx'
import { Time } from '../parts/time.tsx'

/** Who did what; read when somebody opens it. */
export function AuditList() {
  const { logs, common } = useTexts()
  const api = useApi()
  const [open, setOpen] = useState(false)
  const audit = useInfiniteQuery({
    queryKey: ['listAudit'],
    queryFn: ({ pageParam, signal }) => api('listAudit', { query: { limit: 50, ...(pageParam !== '' && { before: pageParam }) }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ rows, older }) => (older ? rows.at(-1)?.id : null),
    enabled: open,
  })
  const rows = audit.data?.pages.flatMap((page) => page.rows)
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{logs.audit}</h2>
      </summary>
      {audit.error && <Failure error={audit.error} retry={() => void audit.refetch()} />}
      {open && !rows && !audit.error && <PartLoading />}
      {rows &&
        (rows.length === 0 ? (
          <p className="quiet">{logs.auditEmpty}</p>
        ) : (
          <DataTable
            caption={logs.audit}
            rows={rows}
            keyOf={({ id }) => id}
            columns={[
              { key: 'at', head: logs.when, cell: (row) => <Time at={row.at} /> },
              { key: 'user', head: logs.user, cell: (row) => row.user },
              { key: 'type', head: logs.type, cell: (row) => <code>{row.type}</code> },
              { key: 'message', head: logs.message, cell: (row) => row.message, className: 'wide-cell' },
            ]}
          />
        ))}
      {audit.hasNextPage && (
        <Button kind="ghost" size="sm" disabled={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          {common.more}
        </Button>
      )}
    </details>
  )
}
