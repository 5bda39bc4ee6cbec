import { Button } from '@carbon/react'
import { Add, TrashCan } from '@carbon/react/icons'
import { useState } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { TextField } from '../parts/text-field.tsx'

interface Props {
  column: string
  translations: Readonly<Record<string, string>>
  save: (to: Readonly<Record<string, string>>) => void
  close: () => void
}

/** A word of the Mart → the value for DHIS2, pair by pair. */
export function TranslationsDialog({ column, translations, save, close }: Props) {
  const { form, common } = useTexts()
  const [pairs, setPairs] = useState(() => {
    const given = Object.entries(translations).map(([from, to], key) => ({ key, from, to }))
    return given.length > 0 ? given : [{ key: 0, from: '', to: '' }]
  })
  const change = (key: number, changed: { from?: string; to?: string }) =>
    setPairs(pairs.map((pair) => (pair.key === key ? { ...pair, ...changed } : pair)))
  const done = () => {
    save(Object.fromEntries(pairs.filter(({ from }) => from !== '').map(({ from, to }) => [from, to])))
    close()
  }
  return (
    <Dialog
      title={form.translationsFor(column)}
      close={close}
      footer={
        <>
          <Button kind="secondary" onClick={close}>
            {common.cancel}
          </Button>
          <Button onClick={done}>{form.translationsDone}</Button>
        </>
      }
    >
      <p className="quiet">{form.translationsHint}</p>
      {pairs.map(({ key, from, to }, i) => (
        <div key={key} className="pair">
          <TextField
            id={`from-${key}`}
            size="md"
            label={`${form.translationFrom} ${i + 1}`}
            value={from}
            maxLength={1000}
            onChange={(event) => change(key, { from: event.target.value })}
          />
          <TextField
            id={`to-${key}`}
            size="md"
            label={`${form.translationTo} ${i + 1}`}
            value={to}
            maxLength={1000}
            onChange={(event) => change(key, { to: event.target.value })}
          />
          <button
            type="button"
            className="icon-button"
            aria-label={`${form.removeTranslation} ${i + 1}`}
            onClick={() => setPairs(pairs.filter((pair) => pair.key !== key))}
          >
            <TrashCan size={16} />
          </button>
        </div>
      ))}
      <div>
        <Button
          kind="ghost"
          size="sm"
          renderIcon={Add}
          onClick={() => setPairs([...pairs, { key: Math.max(-1, ...pairs.map((pair) => pair.key)) + 1, from: '', to: '' }])}
        >
          {form.addTranslation}
        </Button>
      </div>
    </Dialog>
  )
}
