import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { KINDS, OUTCOMES } from '../sync/totals.ts'

export function CountsTable({ counts }: { counts: SyncDetail['counts'] }) {
  const { run, kinds, outcomes } = useTexts()
  const format = useFormat()
  const adopted = KINDS.some((kind) => counts[kind].adopted > 0)
  const shown = adopted ? ([...OUTCOMES, 'adopted'] as const) : OUTCOMES
  return (
    <DataTable
      caption={run.counts}
      rows={KINDS}
      keyOf={(kind) => kind}
      columns={[
        { key: 'kind', head: run.kind, cell: (kind) => kinds[kind], rowHeader: true },
        ...shown.map((outcome) => ({
          key: outcome,
          head: outcomes[outcome],
          cell: (kind: (typeof KINDS)[number]) => format.number(counts[kind][outcome]),
          numeric: true,
        })),
      ]}
    />
  )
}
