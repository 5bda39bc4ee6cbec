import { useEffect, type ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'

export function usePageTitle(title: string): void {
  const { app } = useTexts()
  useEffect(() => {
    document.title = title === app.title ? title : `${title} · ${app.title}`
  }, [title, app.title])
}

interface Props {
  title: string
  /** beside the title: what can be done with the whole page */
  actions?: ReactNode
  /** between title and content */
  about?: ReactNode
  children: ReactNode
}

export function Page({ title, actions, about, children }: Props) {
  usePageTitle(title)
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {about}
        </div>
        {actions && <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  )
}
