import { Button, HeaderGlobalAction, HeaderPanel, Select, SelectItem } from '@carbon/react'
import { UserAvatar } from '@carbon/react/icons'
import { useQueryClient } from '@tanstack/react-query'
import { use, useEffect, useRef, useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { LANGUAGES, type Language } from '../i18n/languages.ts'
import { SpeechContext } from '../i18n/texts.tsx'
import { useSession } from '../login/session.tsx'
import { applyTheme, themeOf, THEMES, type Theme } from '../theme.ts'

/** Who is signed in, the language and the colours. */
export function AccountMenu() {
  const { texts, language, speak } = use(SpeechContext)
  const { app } = texts
  const session = useSession()
  const api = useApi()
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const [theme, setTheme] = useState(themeOf)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!open) return
    const close = (event: Event) => {
      const escape = event instanceof KeyboardEvent && event.key === 'Escape'
      if (escape || (event.type === 'pointerdown' && !box.current?.contains(event.target as Node))) setOpen(false)
      if (escape) box.current?.querySelector('button')?.focus()
    }
    document.addEventListener('keydown', close)
    document.addEventListener('pointerdown', close)
    return () => {
      document.removeEventListener('keydown', close)
      document.removeEventListener('pointerdown', close)
    }
  }, [open])
  const signOut = async () => {
    await api('signOut')
    queries.clear()
    location.assign(document.baseURI)
  }
  return (
    <div ref={box} className="account">
      <HeaderGlobalAction
        aria-label={app.account}
        aria-expanded={open}
        isActive={open}
        tooltipAlignment="end"
        onClick={() => setOpen(!open)}
      >
        <UserAvatar size={20} />
      </HeaderGlobalAction>
      {open && (
        <HeaderPanel expanded aria-label={app.account} className="account-panel">
          <p>{app.signedInAs(session.user)}</p>
          <Select id="language" labelText={app.language} value={language} onChange={(event) => speak(event.target.value as Language)}>
            {Object.entries(LANGUAGES).map(([tag, name]) => (
              <SelectItem key={tag} value={tag} text={name} lang={tag} />
            ))}
          </Select>
          <Select
            id="theme"
            labelText={app.theme}
            value={theme}
            onChange={(event) => {
              setTheme(event.target.value as Theme)
              applyTheme(event.target.value as Theme)
            }}
          >
            {THEMES.map((name) => (
              <SelectItem key={name} value={name} text={app.themes[name]} />
            ))}
          </Select>
          {session.via === 'openmrs' && (
            <Button kind="ghost" size="md" href="/bahmni/home/index.html">
              {app.bahmniHome}
            </Button>
          )}
          <Button kind="tertiary" size="md" onClick={() => void signOut()}>
            {app.signOut}
          </Button>
        </HeaderPanel>
      )}
    </div>
  )
}
