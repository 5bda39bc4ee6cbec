import { Button, InlineLoading, InlineNotification, RadioButton, RadioButtonGroup } from '@carbon/react'
import { Add, TrashCan } from '@carbon/react/icons'
import { useEffect, useReducer, useState } from 'react'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Failure } from '../parts/failure.tsx'
import { checkForm, type FormProblem } from './check-form.ts'
import { ColumnGrid } from './column-grid.tsx'
import { ConflictDialog } from './conflict-dialog.tsx'
import { Constants } from './constants.tsx'
import { findingsOf, generalFindings } from './findings.ts'
import { bodyOf, proposalsOf, reduce, type FormState } from './form-state.ts'
import { LeaveGuard } from './leave-guard.tsx'
import { OpenLatest } from './open-latest.tsx'
import { TablePicker } from './table-picker.tsx'
import { useSaveMapping, type Stored } from './use-save-mapping.ts'
import { useValidation } from './use-validation.ts'
import { ValidationState } from './validation-state.tsx'
import { TextField } from '../parts/text-field.tsx'

interface Props {
  start: FormState
  /** null: a new one */
  stored: Stored | null
  cancel: () => void
}

export function MappingEditor({ start, stored, cancel }: Props) {
  const { form, common } = useTexts()
  const [state, dispatch] = useReducer(reduce, start)
  const [problem, setProblem] = useState<FormProblem | null>(null)
  const others = useRead('listMappings', {}, { staleTime: 60_000 })
  const validation = useValidation(state)
  const saving = useSaveMapping(stored)
  const findings = validation.data?.findings ?? []
  const dirty = JSON.stringify(bodyOf(state)) !== JSON.stringify(bodyOf(start)) || state.openLatest !== start.openLatest
  useEffect(() => setProblem(null), [state])
  const at = (id: string) => (problem?.at === id ? problem.message : undefined)
  const save = () => {
    const taken = (others.data?.rows ?? []).map(({ name }) => name).filter((name) => name !== stored?.mapping.name)
    const wrong = checkForm(state, taken, form)
    setProblem(wrong)
    if (wrong) document.querySelector<HTMLElement>(`#${wrong.at}`)?.focus()
    else void saving.save(bodyOf(state))
  }
  const general = generalFindings(findings)
  const instance = findingsOf(findings, { part: 'instance', at: 0 })
  const enrollments = findingsOf(findings, { part: 'enrollments', at: 0 })
  return (
    <form
      className="mapping-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <TextField
        id="mapping-name"
        narrow
        label={`${form.name} *`}
        placeholder={form.namePlaceholder}
        value={state.name}
        maxLength={200}
        wrong={at('mapping-name') ?? (saving.nameTaken === state.name.trim() ? form.nameTaken : undefined)}
        onChange={(event) => dispatch({ do: 'set', changed: { name: event.target.value } })}
      />
      <section aria-labelledby="part-instance">
        <h2 id="part-instance">{form.instance}</h2>
        <TablePicker
          place={{ part: 'instance', at: 0 }}
          label={form.instanceTable}
          table={state.instance.table}
          invalid={at('table-instance-0') ?? (instance.table.errors || undefined)}
          warning={instance.table.warnings || undefined}
          dispatch={dispatch}
        />
        {state.instance.table !== '' && (
          <>
            <ColumnGrid
              part="instance"
              at={0}
              section={state.instance}
              findings={instance}
              searchable={state.searchable}
              comparable={state.comparable}
              dispatch={dispatch}
            />
            <Constants place={{ part: 'instance', at: 0 }} names={['OrgUnit']} constants={state.instance.constants} dispatch={dispatch} />
          </>
        )}
      </section>
      <section aria-labelledby="part-enrollments">
        <h2 id="part-enrollments">{form.enrollments}</h2>
        <TablePicker
          place={{ part: 'enrollments', at: 0 }}
          label={form.enrollmentsTable}
          table={state.enrollments.table}
          invalid={at('table-enrollments-0') ?? (enrollments.table.errors || undefined)}
          warning={enrollments.table.warnings || undefined}
          dispatch={dispatch}
        />
        <OpenLatest value={state.openLatest} invalid={at('open-latest-yes')} dispatch={dispatch} />
        {state.enrollments.table !== '' && (
          <Constants
            place={{ part: 'enrollments', at: 0 }}
            names={['OrgUnit', 'program']}
            constants={state.enrollments.constants}
            dispatch={dispatch}
          />
        )}
      </section>
      {state.events.map((section, i) => {
        const found = findingsOf(findings, { part: 'events', at: i })
        const title = state.events.length === 1 ? form.events : form.eventN(i + 1)
        return (
          <section key={section.key} aria-label={title}>
            <div className="row section-head">
              <h2>{title}</h2>
              {state.events.length > 1 && (
                <Button kind="ghost" size="sm" renderIcon={TrashCan} onClick={() => dispatch({ do: 'remove-event', at: i })}>
                  {form.removeEvent}
                </Button>
              )}
            </div>
            <TablePicker
              place={{ part: 'events', at: i }}
              label={form.eventTable}
              table={section.table}
              invalid={at(`table-events-${i}`) ?? (found.table.errors || undefined)}
              warning={found.table.warnings || undefined}
              dispatch={dispatch}
            />
            {section.table !== '' && (
              <>
                <ColumnGrid part="events" at={i} section={section} findings={found} searchable={[]} comparable={[]} dispatch={dispatch} />
                <Constants
                  place={{ part: 'events', at: i }}
                  names={['OrgUnit', 'program', 'program_stage']}
                  constants={section.constants}
                  dispatch={dispatch}
                />
              </>
            )}
          </section>
        )
      })}
      <div>
        <Button kind="ghost" size="sm" renderIcon={Add} onClick={() => dispatch({ do: 'add-event' })}>
          {form.addEvent}
        </Button>
      </div>
      <section aria-labelledby="part-more">
        <h2 id="part-more">{form.advanced}</h2>
        <div className="stack">
          <RadioButtonGroup
            name="on-rejected"
            legendText={form.onRejected}
            orientation="vertical"
            valueSelected={state.onRejected}
            onChange={(value) => dispatch({ do: 'set', changed: { onRejected: value === 'continue' ? 'continue' : 'stop' } })}
          >
            <RadioButton id="on-rejected-stop" value="stop" labelText={form.onRejectedStop} />
            <RadioButton id="on-rejected-continue" value="continue" labelText={form.onRejectedContinue} />
          </RadioButtonGroup>
          <TextField
            id="chunk-size"
            narrow
            inputMode="numeric"
            label={form.chunkSize}
            helper={form.chunkSizeHint}
            value={state.chunkSize}
            wrong={at('chunk-size')}
            onChange={(event) => dispatch({ do: 'set', changed: { chunkSize: event.target.value } })}
          />
        </div>
      </section>
      {general.errors !== '' && <InlineNotification kind="error" role="status" lowContrast hideCloseButton title={general.errors} />}
      {saving.error !== null && <Failure error={saving.error} />}
      {saving.problems.length > 0 && (
        <ul className="bad">
          {saving.problems.map(({ at: where, message }) => (
            <li key={where + message}>
              <code>{where.replace(/^body\./, '')}</code>: {message}
            </li>
          ))}
        </ul>
      )}
      <footer className="form-foot">
        <ValidationState validation={validation} />
        {proposalsOf(state) > 0 && <p className="warn small">{form.pendingProposals}</p>}
        {problem && <p className="bad">{problem.message}</p>}
        <div className="row">
          <Button kind="secondary" onClick={cancel}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={saving.busy}>
            {saving.busy ? <InlineLoading description={common.saving} /> : common.save}
          </Button>
        </div>
      </footer>
      <LeaveGuard dirty={dirty} done={saving.done} />
      {saving.conflict && <ConflictDialog keep={() => void saving.saveOver(bodyOf(state))} close={saving.forget} />}
    </form>
  )
}
