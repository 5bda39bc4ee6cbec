import { Button, InlineNotification, Select, SelectItem } from '@carbon/react'
import { Download, Renew } from '@carbon/react/icons'
import { useState } from 'react'
import { useParams } from 'react-router'
import { addressOf } from '../api/client.ts'
import { useRead } from '../api/use-read.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Empty } from '../parts/empty.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { Time } from '../parts/time.tsx'
import { useFilters } from '../parts/use-filters.ts'
import { useLater } from '../parts/use-later.ts'
import { EFFECTS } from '../preview/columns.ts'
import { PatientDialog } from '../preview/patient-dialog.tsx'
import { PreviewCounts } from '../preview/preview-counts.tsx'
import { PreviewTable } from '../preview/preview-table.tsx'
import { KINDS } from '../sync/totals.ts'
import { TextField } from '../parts/text-field.tsx'

export function PreviewPage() {
  const { preview, common, kinds, effects } = useTexts()
  const format = useFormat()
  const { service = '', start, end } = useParams()
  const [given, setGiven] = useFilters(['kind', 'effect', 'patient'])
  const [patient, setPatient] = useState(given.patient)
  const asked = useLater(patient)
  /** the addresses of the pages before this one; the last is this one's */
  const [pages, setPages] = useState<readonly string[]>([])
  const [open, setOpen] = useState<string | null>(null)
  const filters = {
    kind: KINDS.find((kind) => kind === given.kind),
    effect: EFFECTS.find((effect) => effect === given.effect),
    patient: asked || undefined,
    ...(start !== undefined && end !== undefined && { from: start, to: end }),
  }
  const after = pages.at(-1)
  const first = useRead('readPreview', { params: { name: service }, query: filters }, { keep: true, staleTime: 60_000 })
  const later = useRead(
    'readPreview',
    { params: { name: service }, query: { ...filters, after } },
    { enabled: after !== undefined, keep: true, staleTime: 60_000 },
  )
  const query = after === undefined ? first : later
  const change = (changed: Parameters<typeof setGiven>[0]) => {
    setPages([])
    setGiven(changed)
  }
  return (
    <Page
      title={preview.title(service)}
      about={
        first.data && (
          <p className="quiet">
            {preview.generated} <Time at={first.data.generatedAt} long />
            {start !== undefined && end !== undefined && ` · ${format.day(start)} – ${format.day(end)}`}
          </p>
        )
      }
      actions={
        <>
          <Button
            kind="ghost"
            size="md"
            renderIcon={Renew}
            onClick={() => {
              setPages([])
              void first.refetch()
            }}
          >
            {preview.refresh}
          </Button>
          <Button
            kind="tertiary"
            size="md"
            renderIcon={Download}
            href={addressOf('readPreviewCsv', { params: { name: service }, query: filters })}
          >
            {common.download}
          </Button>
          <LinkButton to="/sync" kind="primary">
            {preview.toSync}
          </LinkButton>
        </>
      }
    >
      {first.data && first.data.dhis2Problem !== null && (
        <InlineNotification
          kind="warning"
          role="status"
          lowContrast
          hideCloseButton
          title={preview.unchecked}
          subtitle={first.data.dhis2Problem}
        />
      )}
      {first.data?.counts && <PreviewCounts counts={first.data.counts} />}
      <div className="filters" role="search" aria-label={common.filter}>
        <Select
          id="preview-kind"
          size="md"
          labelText={preview.kind}
          value={given.kind}
          onChange={(event) => change({ kind: event.target.value })}
        >
          <SelectItem value="" text={common.all} />
          {KINDS.map((kind) => (
            <SelectItem key={kind} value={kind} text={kinds[kind]} />
          ))}
        </Select>
        <Select
          id="preview-effect"
          size="md"
          labelText={preview.effect}
          value={given.effect}
          onChange={(event) => change({ effect: event.target.value })}
        >
          <SelectItem value="" text={common.all} />
          {EFFECTS.map((effect) => (
            <SelectItem key={effect} value={effect} text={effects[effect]} />
          ))}
        </Select>
        <TextField
          id="preview-patient"
          size="md"
          label={preview.patientSearch}
          value={patient}
          onChange={(event) => {
            setPages([])
            setPatient(event.target.value)
          }}
        />
      </div>
      <Read query={query} lines={10}>
        {({ rows, columns, next }) => (
          <div aria-busy={query.isPlaceholderData} className={query.isPlaceholderData ? 'stale' : ''}>
            {rows.length === 0 ? (
              <Empty text={filters.kind || filters.effect || filters.patient ? preview.emptyFilter : preview.empty} />
            ) : (
              <PreviewTable rows={rows} mapped={columns} kind={filters.kind ?? null} open={setOpen} />
            )}
            {rows.length > 0 && <p className="quiet below">{preview.limits}</p>}
            {(next !== null || pages.length > 0) && (
              <nav className="pager" aria-label={preview.table}>
                <Button kind="ghost" size="md" disabled={pages.length === 0} onClick={() => setPages([])}>
                  {common.first}
                </Button>
                <Button kind="ghost" size="md" disabled={next === null} onClick={() => setPages([...pages, next!])}>
                  {common.next}
                </Button>
              </nav>
            )}
          </div>
        )}
      </Read>
      {open !== null && <PatientDialog mapping={service} patient={open} close={() => setOpen(null)} />}
    </Page>
  )
}
