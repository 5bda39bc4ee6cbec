import { Button, Select, SelectItem } from '@carbon/react'
import { Download } from '@carbon/react/icons'
import { useState } from 'react'
import { addressOf } from '../api/client.ts'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Page } from '../parts/page.tsx'
import { useFilters } from '../parts/use-filters.ts'
import { useLater } from '../parts/use-later.ts'
import { REJECTED_STATES, type RejectedFilters } from '../rejected/filters.ts'
import { RejectedGroups } from '../rejected/rejected-groups.tsx'
import { KINDS } from '../sync/totals.ts'
import { TextField } from '../parts/text-field.tsx'

/** The work list. */
export function RejectedPage() {
  const { rejected, common, kinds } = useTexts()
  const [given, setGiven] = useFilters(['state', 'mapping', 'kind', 'patient', 'sync'])
  const [patient, setPatient] = useState(given.patient)
  const later = useLater(patient)
  if (later !== given.patient && later === patient) setTimeout(() => setGiven({ patient: later }))
  const syncs = useRead('readLastSyncs', {}, { staleTime: 60_000 })
  const filters = {
    state: REJECTED_STATES.find((state) => state === given.state) ?? 'open',
    ...(given.mapping && { mapping: given.mapping }),
    ...(KINDS.some((kind) => kind === given.kind) && { kind: given.kind }),
    ...(given.patient && { patient: given.patient }),
    ...(given.sync && { sync: given.sync }),
  } as RejectedFilters
  return (
    <Page
      title={rejected.title}
      about={<p className="quiet">{rejected.intro}</p>}
      actions={
        <Button kind="tertiary" size="md" href={addressOf('readRejectedCsv', { query: { ...filters } })} renderIcon={Download}>
          {common.download}
        </Button>
      }
    >
      <div className="filters" role="search" aria-label={common.filter}>
        <Select
          id="rejected-state"
          labelText={rejected.state}
          size="md"
          value={filters.state ?? 'open'}
          onChange={(e) => setGiven({ state: e.target.value })}
        >
          {REJECTED_STATES.map((state) => (
            <SelectItem key={state} value={state} text={rejected.states[state]} />
          ))}
        </Select>
        <Select
          id="rejected-mapping"
          labelText={rejected.mapping}
          size="md"
          value={given.mapping}
          onChange={(e) => setGiven({ mapping: e.target.value })}
        >
          <SelectItem value="" text={common.all} />
          {(syncs.data?.rows ?? []).map(({ mapping }) => (
            <SelectItem key={mapping} value={mapping} text={mapping} />
          ))}
        </Select>
        <Select
          id="rejected-kind"
          labelText={rejected.kind}
          size="md"
          value={given.kind}
          onChange={(e) => setGiven({ kind: e.target.value })}
        >
          <SelectItem value="" text={common.all} />
          {KINDS.map((kind) => (
            <SelectItem key={kind} value={kind} text={kinds[kind]} />
          ))}
        </Select>
        <TextField id="rejected-patient" label={rejected.patient} size="md" value={patient} onChange={(e) => setPatient(e.target.value)} />
        {given.sync && (
          <Button kind="ghost" size="md" onClick={() => setGiven({ sync: '' })}>
            {rejected.inSync} ×
          </Button>
        )}
      </div>
      <RejectedGroups filters={filters} level={2} />
    </Page>
  )
}
