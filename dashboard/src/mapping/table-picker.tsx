import { useMemo, type Dispatch } from 'react'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { titleOf } from '../parts/failure.tsx'
import { Picker, type Options } from '../parts/picker.tsx'
import type { Action, Place } from './form-state.ts'

const SHOWN = 100

function useRelations(text: string): Options {
  const { problems } = useTexts()
  const query = useRead('listRelations', {}, { staleTime: 60_000 })
  const wanted = text.trim().toLowerCase()
  const options = useMemo(
    () =>
      (query.data?.rows ?? [])
        .filter(({ name }) => name.toLowerCase().includes(wanted))
        .slice(0, SHOWN)
        .map(({ name, type }) => ({ value: name, label: name, hint: type })),
    [query.data, wanted],
  )
  return { options, loading: query.isLoading, ...(query.error && { problem: titleOf(query.error, problems) }) }
}

interface Props {
  place: Place
  label: string
  table: string
  invalid: string | undefined
  warning: string | undefined
  dispatch: Dispatch<Action>
}

/** One of the Mart's relations; typing a part of the name finds it. */
export function TablePicker({ place, label, table, invalid, warning, dispatch }: Props) {
  const { form } = useTexts()
  return (
    <div className="table-picker">
      <Picker
        id={`table-${place.part}-${place.at}`}
        label={label}
        placeholder={form.tablePlaceholder}
        none={form.noTable}
        value={table}
        shown={table}
        useOptions={useRelations}
        choose={(chosen) => dispatch({ do: 'table', place, table: chosen })}
        invalid={invalid}
        warning={warning}
      />
    </div>
  )
}
