import type { Dispatch } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Picker } from '../parts/picker.tsx'
import type { Action, ConstantName, Constants as Given, Place } from './form-state.ts'
import { dhis2Options, useDhis2Fields, type Dhis2Type } from './use-dhis2-fields.ts'

const TYPES: Readonly<Record<ConstantName, Dhis2Type>> = { OrgUnit: 'orgUnit', program: 'program', program_stage: 'programStage' }
const OPTIONS = {
  // the Mart names org units by their code
  OrgUnit: dhis2Options('orgUnit', ({ uid, name, code }) => ({ value: code ?? uid, label: name, hint: code ?? uid })),
  program: dhis2Options('program'),
  program_stage: dhis2Options('programStage'),
}

interface Props {
  place: Place
  names: readonly ConstantName[]
  constants: Given
  dispatch: Dispatch<Action>
}

/** Values that every row of a relation has, where the Mart has no column for them. */
export function Constants({ place, names, constants, dispatch }: Props) {
  const { form } = useTexts()
  const used = names.filter((name) => constants[name])
  return (
    <details className="fold constants" open={used.length > 0}>
      <summary>
        <h3>{form.constants}</h3>
      </summary>
      <p className="quiet small">{form.constantsHint}</p>
      <div className="row top">
        {names.map((name) => (
          <Constant key={name} place={place} name={name} value={constants[name] ?? ''} dispatch={dispatch} />
        ))}
      </div>
    </details>
  )
}

function Constant({ place, name, value, dispatch }: { place: Place; name: ConstantName; value: string; dispatch: Dispatch<Action> }) {
  const { form } = useTexts()
  const { rows } = useDhis2Fields(TYPES[name], value !== '')
  const found = rows.find(({ uid, code }) => uid === value || (name === 'OrgUnit' && code === value))
  return (
    <div className="constant">
      <Picker
        id={`constant-${place.part}-${place.at}-${name}`}
        label={form.constant[name]}
        placeholder={form.fieldPlaceholder}
        none={form.noField}
        value={value}
        shown={found?.name ?? value}
        literal={/^\S.*$/}
        useOptions={OPTIONS[name]}
        choose={(chosen) => dispatch({ do: 'constant', place, name, value: chosen })}
        about={value !== '' && <code className="quiet small">{value}</code>}
      />
    </div>
  )
}
