import { Button, Checkbox, Tag } from '@carbon/react'
import { memo, useState, type Dispatch } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Picker } from '../parts/picker.tsx'
import { FIXED_COLUMNS } from './fixed-columns.ts'
import type { Action, Place } from './form-state.ts'
import { TranslationsDialog } from './translations-dialog.tsx'
import { dhis2Options, useDhis2Field } from './use-dhis2-fields.ts'

export interface FieldRowProps {
  part: 'instance' | 'events'
  at: number
  column: string
  /** '': the relation has no such column */
  type: string
  samples: string
  uid: string
  proposal: string
  errors: string
  warnings: string
  searchable: boolean
  comparable: boolean
  translations: Readonly<Record<string, string>> | undefined
  dispatch: Dispatch<Action>
}

const OPTIONS = { instance: dhis2Options('attribute'), events: dhis2Options('dataElement') }
const TYPE = { instance: 'attribute', events: 'dataElement' } as const
const UID = /^[A-Za-z][A-Za-z0-9]{10}$/

/** One column of the Mart and where it goes. Drawn again only when something of its own changes: a relation may have hundreds. */
export const FieldRow = memo(function FieldRow(props: FieldRowProps) {
  const { part, at, column, type, samples, uid, errors, warnings, searchable, comparable, dispatch } = props
  const { form } = useTexts()
  const place: Place = { part, at }
  const { field, missing } = useDhis2Field(TYPE[part], uid)
  const id = `field-${part}-${at}-${column.replaceAll(/\W/g, '-')}`
  const tick = (which: 'searchable' | 'comparable', on: boolean, label: string) => (
    <td className="tick-cell" data-label={form[which]}>
      {uid !== '' && (
        <Checkbox
          id={`${id}-${which}`}
          labelText={label}
          hideLabel
          checked={on}
          onChange={(_, { checked }) => dispatch({ do: 'tick', which, column, on: checked })}
        />
      )}
    </td>
  )
  return (
    <tr className={uid === '' ? '' : 'mapped'}>
      <th scope="row">
        <span className="column-name">{column}</span>
        <span className="quiet small">
          {type}
          {FIXED_COLUMNS.has(column) && ` · ${form.fixed}`}
        </span>
        {samples !== '' && (
          <span className="quiet small samples">
            {form.samples}: {samples}
          </span>
        )}
      </th>
      <td data-label={part === 'instance' ? form.attribute : form.dataElement}>
        <Picker
          id={id}
          label={form.fieldFor(column)}
          hideLabel
          placeholder={form.fieldPlaceholder}
          none={form.noField}
          value={uid}
          shown={field?.name ?? uid}
          literal={UID}
          useOptions={OPTIONS[part]}
          choose={(chosen) => dispatch({ do: 'map', place, column, uid: chosen })}
          invalid={errors || undefined}
          warning={warnings || undefined}
          about={
            uid !== '' && (
              <p className="quiet small">
                <code>{uid}</code>
                {field?.valueType && ` · ${field.valueType}`}
                {field?.optionSet && ` · ${form.optionSet}`}
                {field?.unique && ` · ${form.unique}`}
                {missing && errors === '' && <span className="bad"> · {form.notInDhis2}</span>}
              </p>
            )
          }
        />
        {props.proposal !== '' && <Proposal {...props} place={place} />}
        {uid !== '' && <TranslationsButton {...props} place={place} />}
      </td>
      {part === 'instance' && tick('searchable', searchable, form.searchableFor(column))}
      {part === 'instance' && tick('comparable', comparable, form.comparableFor(column))}
    </tr>
  )
})

function Proposal({ part, column, proposal, place, dispatch }: FieldRowProps & { place: Place }) {
  const { form } = useTexts()
  const { field } = useDhis2Field(TYPE[part], proposal)
  const decide = (accept: boolean) => dispatch({ do: 'decide', place, columns: [column], accept })
  return (
    <div className="proposal row tight">
      <Tag size="sm" type="purple">
        {form.proposal}
      </Tag>
      <span>
        {field?.name ?? proposal} <span className="quiet small">{field?.valueType}</span>
      </span>
      <Button kind="ghost" size="sm" aria-label={form.acceptFor(column)} onClick={() => decide(true)}>
        {form.accept}
      </Button>
      <Button kind="ghost" size="sm" aria-label={form.refuseFor(column)} onClick={() => decide(false)}>
        {form.refuse}
      </Button>
    </div>
  )
}

function TranslationsButton({ column, translations = {}, place, dispatch }: FieldRowProps & { place: Place }) {
  const { form } = useTexts()
  const [open, setOpen] = useState(false)
  const count = Object.keys(translations).length
  return (
    <>
      <button type="button" className="link-button small" aria-label={form.translationsFor(column)} onClick={() => setOpen(true)}>
        {count === 0 ? form.translations : form.translationsCount(count)}
      </button>
      {open && (
        <TranslationsDialog
          column={column}
          translations={translations}
          save={(to) => dispatch({ do: 'translate', place, column, to })}
          close={() => setOpen(false)}
        />
      )}
    </>
  )
}
