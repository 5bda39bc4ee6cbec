import { Button, Checkbox } from '@carbon/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { useApi } from '../api/api-context.tsx'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Failure } from '../parts/failure.tsx'
import { PartLoading } from '../parts/page-loading.tsx'
import { Time } from '../parts/time.tsx'
import type { RejectedFilters, RejectedRecord } from './filters.ts'
import { RecordActions } from './record-actions.tsx'

export function RecordList({ filters, caption }: { filters: RejectedFilters; caption: string }) {
  const { rejected, kind } = useTexts()
  const api = useApi()
  const mayAct = mayOne(useSession(), ['upload']) && filters.state !== 'settled'
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const records = useInfiniteQuery({
    queryKey: ['listRejected', null, filters],
    queryFn: ({ pageParam, signal }) =>
      api('listRejected', { query: { ...filters, limit: 50, ...(pageParam !== '' && { after: pageParam }) }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  })
  if (records.error) return <Failure error={records.error} retry={() => void records.refetch()} />
  if (!records.data) return <PartLoading />
  const rows = records.data.pages.flatMap((page) => page.rows)
  const toggle = (ids: readonly string[], on: boolean) => {
    const after = new Set(selected)
    for (const id of ids) {
      if (on) after.add(id)
      else after.delete(id)
    }
    setSelected(after)
  }
  const chosen = rows.filter(({ id }) => selected.has(id)).map(({ id }) => id)
  const tick = (row: RejectedRecord) => (
    <Checkbox
      id={`record-${row.id}`}
      labelText={rejected.select(row.patientId ?? rejected.erased)}
      hideLabel
      checked={selected.has(row.id)}
      onChange={(_, { checked }) => toggle([row.id], checked)}
    />
  )
  const tickAll = (
    <Checkbox
      id={`all-${filters.cause ?? ''}`}
      labelText={rejected.selectAll}
      hideLabel
      checked={chosen.length === rows.length && rows.length > 0}
      indeterminate={chosen.length > 0 && chosen.length < rows.length}
      onChange={(_, { checked }) =>
        toggle(
          rows.map(({ id }) => id),
          checked,
        )
      }
    />
  )
  return (
    <div className="stack">
      {chosen.length > 0 && (
        <div className="row selection" role="status">
          <span>{rejected.selected(chosen.length)}</span>
          <RecordActions
            chosen={{ ids: chosen }}
            count={chosen.length}
            state={filters.state ?? 'open'}
            about={rejected.selected(chosen.length)}
            done={() => setSelected(new Set())}
          />
        </div>
      )}
      <DataTable
        caption={caption}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          ...(mayAct ? [{ key: 'tick', head: tickAll, label: '', cell: tick, className: 'tick' }] : []),
          {
            key: 'patient',
            head: rejected.patient,
            cell: (row: RejectedRecord) => row.patientId ?? <em>{rejected.erased}</em>,
            rowHeader: true,
          },
          { key: 'kind', head: rejected.kind, cell: (row) => kind[row.kind] },
          { key: 'message', head: rejected.message, cell: (row) => <Message row={row} />, className: 'wide-cell' },
          { key: 'value', head: rejected.value, cell: (row) => (row.value === null ? '' : <code>{row.value}</code>) },
          { key: 'attempts', head: rejected.attempts, cell: (row) => row.attempts, numeric: true },
          {
            key: 'since',
            head: rejected.since,
            cell: (row) => (
              <Link to={`/runs/${row.syncId}`} title={rejected.seeSync}>
                <Time at={row.firstAt} />
              </Link>
            ),
          },
        ]}
      />
      {records.hasNextPage && (
        <Button kind="ghost" size="sm" disabled={records.isFetchingNextPage} onClick={() => void records.fetchNextPage()}>
          {rejected.moreRecords}
        </Button>
      )}
    </div>
  )
}

function Message({ row }: { row: RejectedRecord }) {
  const { rejected } = useTexts()
  return (
    <>
      <span lang="en">{row.message}</span>
      {row.dhis2Code !== null && <span className="quiet"> ({row.dhis2Code})</span>}
      {row.dismissedBy !== null && row.state === 'dismissed' && (
        <p className="quiet small">{rejected.dismissedBy(row.dismissedBy, row.dismissedReason ?? '')}</p>
      )}
    </>
  )
}
