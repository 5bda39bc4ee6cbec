import { WarningFilled } from '@carbon/react/icons'
import type { InputHTMLAttributes } from 'react'

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, 'size' | 'className'> {
  id: string
  label: string
  hideLabel?: boolean
  helper?: string
  /** what is wrong with the value */
  wrong?: string | undefined
  size?: 'sm' | 'md' | 'lg'
  narrow?: boolean
}

/** Carbon's text input, with its error said to those who hear it: Carbon names it in aria-errormessage alone, which few readers read. */
export function TextField({ id, label, hideLabel = false, helper, wrong, size = 'md', narrow = false, ...input }: Props) {
  const told = wrong !== undefined || helper !== undefined ? `${id}-told` : undefined
  return (
    <div className={`cds--form-item cds--text-input-wrapper ${narrow ? 'narrow' : ''}`}>
      <label htmlFor={id} className={hideLabel ? 'hidden' : 'cds--label'}>
        {label}
      </label>
      <div className="cds--text-input__field-outer-wrapper">
        <div className="cds--text-input__field-wrapper" data-invalid={wrong !== undefined || undefined}>
          {wrong !== undefined && <WarningFilled className="cds--text-input__invalid-icon" aria-hidden="true" />}
          <input
            {...input}
            id={id}
            className={`cds--text-input cds--text-input--${size} cds--layout--size-${size} ${wrong === undefined ? '' : 'cds--text-input--invalid'}`}
            aria-invalid={wrong !== undefined || undefined}
            aria-describedby={told}
          />
        </div>
        {wrong !== undefined ? (
          <p id={told} className="cds--form-requirement" role="alert">
            {wrong}
          </p>
        ) : (
          helper !== undefined && (
            <p id={told} className="cds--form__helper-text">
              {helper}
            </p>
          )
        )}
      </div>
    </div>
  )
}
