import { Table, TableBody, TableHead, TableHeader, TableRow } from '@carbon/react'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { SyncRow } from './sync-row.tsx'

export type LastSync = Answer<'readLastSyncs'>['rows'][number]

export function SyncTable({ rows }: { rows: readonly LastSync[] }) {
  const { sync, common } = useTexts()
  const sorted = rows.toSorted((a, b) => a.mapping.localeCompare(b.mapping))
  return (
    <div className="table-cards sync-table">
      <Table aria-label={sync.title} size="lg">
        <TableHead>
          <TableRow>
            <TableHeader>{sync.name}</TableHeader>
            <TableHeader>
              {sync.comments} <span aria-hidden="true">*</span>
            </TableHeader>
            <TableHeader>{sync.options}</TableHeader>
            <TableHeader>{sync.lastSuccess}</TableHeader>
            <TableHeader>
              <span className="hidden">{common.actions}</span>
            </TableHeader>
          </TableRow>
        </TableHead>
        <TableBody>
          {sorted.map((row) => (
            <SyncRow key={row.mapping} row={row} />
          ))}
        </TableBody>
      </Table>
    </div>
  )
}
