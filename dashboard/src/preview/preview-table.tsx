import { causeOf } from '../i18n/cause-of.ts'
import { useTexts } from '../i18n/texts.tsx'
import { DataTable, type Column } from '../parts/data-table.tsx'
import { EffectTag } from '../parts/state-tag.tsx'
import { Day } from '../parts/time.tsx'
import { mappedColumns, type Kind, type Mapped, type PreviewRow } from './columns.ts'

interface Props {
  rows: readonly PreviewRow[]
  mapped: Mapped
  kind: Kind | null
  open: (patient: string) => void
}

export function PreviewTable({ rows, mapped, kind, open }: Props) {
  const { preview, kind: kindWord } = useTexts()
  const columns: (Column<PreviewRow> & { of?: readonly Kind[] })[] = [
    {
      key: 'patient',
      head: preview.patient,
      rowHeader: true,
      cell: ({ patientId }) => (
        <button type="button" className="link-button" aria-label={preview.openPatient(patientId)} onClick={() => open(patientId)}>
          {patientId}
        </button>
      ),
    },
    { key: 'effect', head: preview.effect, cell: (row) => <Effect row={row} /> },
    { key: 'kind', head: preview.kind, cell: (row) => kindWord[row.kind] },
    { key: 'orgUnit', head: preview.orgUnit, cell: (row) => row.orgUnit },
    ...mappedColumns(mapped, kind)
      .filter((one) => one.kind === 'trackedEntity')
      .map(valueColumn),
    {
      key: 'enrollmentDate',
      head: preview.enrollmentDate,
      of: ['enrollment', 'event'],
      cell: (row) => <Day day={row.enrollmentDate} />,
    },
    { key: 'incidentDate', head: preview.incidentDate, of: ['enrollment'], cell: (row) => <Day day={row.incidentDate} /> },
    { key: 'status', head: preview.status, of: ['enrollment', 'event'], cell: (row) => row.status },
    { key: 'eventDate', head: preview.eventDate, of: ['event'], cell: (row) => <Day day={row.eventDate} /> },
    { key: 'program', head: preview.program, of: ['enrollment', 'event'], cell: (row) => row.program },
    { key: 'programStage', head: preview.programStage, of: ['event'], cell: (row) => row.programStage },
    ...mappedColumns(mapped, kind)
      .filter((one) => one.kind === 'event')
      .map(valueColumn),
    { key: 'dateCreated', head: preview.dateCreated, cell: (row) => <span className="time">{row.dateCreated}</span> },
  ]
  return (
    <DataTable
      wide
      caption={preview.table}
      rows={rows}
      keyOf={(row) => `${row.kind} ${row.relation} ${row.patientId} ${row.recordKey}`}
      columns={columns.filter(({ of }) => !of || kind === null || of.includes(kind))}
    />
  )
}

const valueColumn = ({ title, column, kind }: { title: string; column: string; kind: Kind }): Column<PreviewRow> => ({
  key: `${kind} ${column}`,
  head: title,
  cell: (row) => (row.kind === kind ? row.values[column] : null),
})

function Effect({ row }: { row: PreviewRow }) {
  const { preview, rejections } = useTexts()
  if (row.rejection === null) return <EffectTag effect={row.effect} />
  const { title, remedy } = causeOf(row.rejection, rejections)
  return (
    <details className="why">
      <summary aria-label={`${preview.rejectedBecause}: ${title}`}>
        <EffectTag effect="rejected" />
      </summary>
      <p>
        <strong>{title}</strong>
      </p>
      <p lang="en">{row.rejection.message}</p>
      <p className="quiet">{remedy}</p>
    </details>
  )
}
