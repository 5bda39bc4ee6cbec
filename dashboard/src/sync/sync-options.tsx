import { Checkbox } from '@carbon/react'
import { todayOf } from '../format/format.ts'
import { useTexts } from '../i18n/texts.tsx'
import type { FormProblem, SyncForm } from './sync-form.ts'
import { TextField } from '../parts/text-field.tsx'

interface Props {
  id: string
  mapping: string
  form: SyncForm
  problem: FormProblem | null
  change: (changed: Partial<SyncForm>) => void
}

export function SyncOptions({ id, mapping, form, problem, change }: Props) {
  const { sync } = useTexts()
  const today = todayOf(new Date())
  const dayField = (field: 'start' | 'end', labelText: string, min?: string) => (
    <TextField
      id={`${id}-${field}`}
      type="date"
      size="sm"
      label={labelText}
      value={form[field]}
      max={today}
      {...(min !== undefined && { min })}
      wrong={problem?.field === field ? problem.message : undefined}
      onChange={(event) => change({ [field]: event.target.value })}
    />
  )
  return (
    <fieldset className="options">
      <legend className="hidden">{sync.optionsFor(mapping)}</legend>
      <Checkbox id={`${id}-range`} labelText={sync.range} checked={form.range} onChange={(_, { checked }) => change({ range: checked })} />
      {form.range && (
        <div className="row top">
          {dayField('start', sync.start)}
          {dayField('end', sync.end, form.start)}
        </div>
      )}
      <Checkbox
        id={`${id}-dry`}
        labelText={sync.dryRun}
        title={sync.dryRunHint}
        checked={form.dryRun}
        onChange={(_, { checked }) => change({ dryRun: checked })}
      />
      {!form.range && (
        <Checkbox
          id={`${id}-resync`}
          labelText={sync.resync}
          title={sync.resyncHint}
          checked={form.resync}
          onChange={(_, { checked }) => change({ resync: checked })}
        />
      )}
    </fieldset>
  )
}
