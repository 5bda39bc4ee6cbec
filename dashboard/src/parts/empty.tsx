import type { ReactNode } from 'react'

/** Nothing to show, and why that is. */
export function Empty({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 64 40" width="96" height="60" aria-hidden="true">
        <path d="M8 34h48M14 34V14l18-8 18 8v20" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M26 34V22h12v12" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="3 2" />
      </svg>
      <p>{text}</p>
      {children}
    </div>
  )
}
