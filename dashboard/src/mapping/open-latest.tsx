import type { Dispatch } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import type { Action, FormState } from './form-state.ts'

interface Props {
  value: FormState['openLatest']
  invalid: string | undefined
  dispatch: Dispatch<Action>
}

/** The question of the document, with what each answer does drawn beside it. */
export function OpenLatest({ value, invalid, dispatch }: Props) {
  const { form, common } = useTexts()
  const answer = (yes: 'yes' | 'no', text: string) => (
    <label className={`choice ${value === yes ? 'chosen' : ''}`}>
      <span className="choice-head">
        <input
          type="radio"
          name="open-latest"
          id={`open-latest-${yes}`}
          value={yes}
          checked={value === yes}
          aria-describedby={`open-latest-${yes}-text`}
          onChange={() => dispatch({ do: 'set', changed: { openLatest: yes } })}
        />
        <strong>{common[yes]}</strong>
      </span>
      <Drawing reopens={yes === 'yes'} />
      <span id={`open-latest-${yes}-text`} className="quiet">
        {text}
      </span>
    </label>
  )
  return (
    <fieldset className="choices" aria-invalid={invalid ? true : undefined}>
      <legend>
        {form.openLatest} <span aria-hidden="true">*</span>
      </legend>
      {answer('yes', form.openLatestYes)}
      {answer('no', form.openLatestNo)}
      {invalid && (
        <p className="bad small" role="alert">
          {invalid}
        </p>
      )}
    </fieldset>
  )
}

/** Left: a new active enrollment of Bahmni. Right: the completed one that DHIS2 has, and what becomes of it. */
function Drawing({ reopens }: { reopens: boolean }) {
  const { drawing } = useTexts().form
  const arrow = reopens ? 'M112 34 C 150 34, 150 34, 184 34' : 'M112 34 C 150 34, 150 84, 184 84'
  const head = reopens ? 'M178 29 l8 5 l-8 5' : 'M178 79 l8 5 l-8 5'
  return (
    <svg viewBox="0 0 320 112" className="drawing" aria-hidden="true">
      <text x="58" y="10" textAnchor="middle">
        {drawing.bahmni}
      </text>
      <text x="252" y="10" textAnchor="middle">
        {drawing.dhis2}
      </text>
      <rect x="4" y="18" width="108" height="32" rx="16" className="pill active" />
      <text x="58" y="38" textAnchor="middle" className="on">
        {drawing.active}
      </text>
      <path d={arrow} className="flow" />
      <path d={head} className="flow" />
      <rect x="188" y="18" width="128" height="32" rx="16" className={reopens ? 'pill active' : 'pill completed'} />
      <text x="252" y="38" textAnchor="middle" className={reopens ? 'on' : ''}>
        {reopens ? drawing.active : drawing.completed}
      </text>
      {reopens ? (
        <text x="252" y="66" textAnchor="middle">
          {`${drawing.before}: ${drawing.completed} → ${drawing.reopened}`}
        </text>
      ) : (
        <>
          <text x="252" y="62" textAnchor="middle">
            {drawing.stays}
          </text>
          <rect x="188" y="68" width="128" height="32" rx="16" className="pill active" />
          <text x="252" y="88" textAnchor="middle" className="on">
            {`${drawing.active} · ${drawing.created}`}
          </text>
        </>
      )}
    </svg>
  )
}
