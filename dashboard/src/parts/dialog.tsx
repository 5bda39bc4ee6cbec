import { useEffect, useId, useRef, type ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Close } from '@carbon/react/icons'

interface Props {
  title: string
  children: ReactNode
  /** buttons */
  footer?: ReactNode
  /** none: it stays until what it asks for is done */
  close?: () => void
  size?: 'sm' | 'md' | 'lg'
}

/** The browser's own modal dialog: it keeps the focus, gives it back, and makes the page behind inert. */
export function Dialog({ title, children, footer, close, size = 'md' }: Props) {
  const { common } = useTexts()
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    if (element && !element.open) element.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={`dialog dialog-${size}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        close?.()
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) close?.()
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          {close && (
            <button type="button" className="icon-button" aria-label={common.close} onClick={close}>
              <Close size={20} />
            </button>
          )}
        </header>
        <div className="dialog-content">{children}</div>
        {footer && <footer className="row">{footer}</footer>}
      </div>
    </dialog>
  )
}
