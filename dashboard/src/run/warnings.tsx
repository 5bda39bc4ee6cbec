import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'

/** Records that were delivered with a warning; nothing at all when there are none. */
export function Warnings({ id }: { id: string }) {
  const { run, kind } = useTexts()
  const warnings = useRead('readSyncWarnings', { params: { id } })
  const rows = warnings.data?.rows ?? []
  if (rows.length === 0) return null
  return (
    <details className="fold">
      <summary>
        <h2>
          {run.warnings} <span className="quiet">{run.warningsText(rows.length)}</span>
        </h2>
      </summary>
      <DataTable
        caption={run.warnings}
        rows={rows}
        keyOf={(row) => `${row.kind} ${row.recordKey} ${row.warning}`}
        columns={[
          { key: 'patient', head: run.patient, cell: (row) => row.patientId, rowHeader: true },
          { key: 'kind', head: run.kind, cell: (row) => (row.kind in kind ? kind[row.kind as keyof typeof kind] : row.kind) },
          { key: 'warning', head: run.warning, cell: (row) => row.warning },
        ]}
      />
    </details>
  )
}
