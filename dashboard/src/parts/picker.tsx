import { ChevronDown, Close } from '@carbon/react/icons'
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'

export interface Option {
  value: string
  label: string
  hint: string
}
export interface Options {
  options: readonly Option[]
  loading: boolean
  /** why there are none */
  problem?: string | undefined
}

interface Props {
  id: string
  label: string
  hideLabel?: boolean
  placeholder: string
  /** nothing fits what was typed */
  none: string
  value: string
  /** the chosen one as it is shown */
  shown: string
  /** a hook: what fits what was typed; asked only while the list is open */
  useOptions: (text: string, open: boolean) => Options
  choose: (value: string) => void
  /** what may be taken as it was typed or pasted */
  literal?: RegExp
  invalid?: string | undefined
  warning?: string | undefined
  /** below the field */
  about?: ReactNode
}

/** A field to search and choose in: the combobox pattern of ARIA, light enough for a hundred in one table. */
export function Picker(props: Props) {
  const { id, label, hideLabel = false, placeholder, value, shown, choose, literal, invalid, warning, about } = props
  const { common } = useTexts()
  const [text, setText] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const [options, setOptions] = useState<readonly Option[]>([])
  const input = useRef<HTMLInputElement>(null)
  const list = useId()
  const told = useId()
  const close = () => {
    setOpen(false)
    setText(null)
    setActive(0)
  }
  const take = (chosen: string) => {
    if (chosen !== value) choose(chosen)
    close()
  }
  const leave = () => {
    const typed = text?.trim()
    if (typed === undefined) return close()
    if (typed === '') return take('')
    const exact = options.find((option) => option.label.toLowerCase() === typed.toLowerCase() || option.value === typed)
    if (exact) return take(exact.value)
    return literal?.test(typed) ? take(typed) : close()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (open) setActive((now) => (now + (event.key === 'ArrowDown' ? 1 : options.length - 1)) % Math.max(1, options.length))
      else setOpen(true)
    } else if (event.key === 'Enter' && open) {
      event.preventDefault()
      const option = options[active]
      if (text !== null && literal?.test(text.trim()) && !options.some((one) => one.value === text.trim())) take(text.trim())
      else if (option) take(option.value)
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation()
      event.preventDefault()
      close()
    }
  }
  return (
    <div className="picker">
      <label htmlFor={id} className={hideLabel ? 'hidden' : 'cds--label'}>
        {label}
      </label>
      <div className="picker-field">
        <input
          ref={input}
          id={id}
          className={`cds--text-input cds--text-input--md ${invalid ? 'cds--text-input--invalid' : ''}`}
          role="combobox"
          aria-expanded={open}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={open && options.length > 0 ? `${list}-${active}` : undefined}
          aria-invalid={invalid ? true : undefined}
          aria-describedby={told}
          autoComplete="off"
          spellCheck={false}
          placeholder={placeholder}
          value={text ?? shown}
          onChange={(event) => {
            setText(event.target.value)
            setActive(0)
            setOpen(true)
          }}
          onFocus={(event) => event.target.select()}
          onClick={() => setOpen(true)}
          onBlur={leave}
          onKeyDown={onKeyDown}
        />
        {value === '' ? (
          <ChevronDown size={16} className="picker-icon" aria-hidden="true" />
        ) : (
          <button
            type="button"
            className="picker-clear"
            tabIndex={-1}
            aria-label={`${common.clear}: ${label}`}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              take('')
              input.current?.focus()
            }}
          >
            <Close size={16} />
          </button>
        )}
        {open && <PickerList {...props} text={text ?? ''} id={list} active={active} take={take} found={setOptions} />}
      </div>
      <div id={told}>
        {about}
        {invalid && <Told className="bad small" text={invalid} />}
        {warning && <Told className="warn small" text={warning} />}
      </div>
    </div>
  )
}

function Told({ text, className }: { text: string; className: string }) {
  return text.split('\n').map((line) => (
    <p key={line} className={className}>
      {line}
    </p>
  ))
}

interface ListProps extends Pick<Props, 'useOptions' | 'none' | 'label'> {
  text: string
  id: string
  active: number
  take: (value: string) => void
  found: (options: readonly Option[]) => void
}

function PickerList({ useOptions, none, label, text, id, active, take, found }: ListProps) {
  const { common } = useTexts()
  const { options, loading, problem } = useOptions(text, true)
  const before = useRef<readonly Option[] | null>(null)
  if (before.current !== options) {
    before.current = options
    queueMicrotask(() => found(options))
  }
  return (
    <div className="picker-list">
      <ul id={id} role="listbox" aria-label={label}>
        {options.map((option, i) => (
          <li
            key={option.value}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === active}
            ref={i === active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(option.value)}
          >
            <span>{option.label}</span>
            <span className="quiet small">{option.hint}</span>
          </li>
        ))}
      </ul>
      {options.length === 0 && <p className="quiet small picker-none">{loading ? common.loading : (problem ?? none)}</p>}
    </div>
  )
}
