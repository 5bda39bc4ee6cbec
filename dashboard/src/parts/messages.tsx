import { ToastNotification } from '@carbon/react'
import { createContext, use, useCallback, useMemo, useRef, useState, type ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { detailOf, titleOf } from './failure.tsx'

interface Message {
  id: number
  kind: 'success' | 'info' | 'warning' | 'error'
  title: string
  detail: string
}
interface Messages {
  say: (title: string, kind?: Message['kind'], detail?: string) => void
  fail: (error: unknown, title?: string) => void
}

const MessagesContext = createContext<Messages>({ say: () => {}, fail: () => {} })
export const useMessages = (): Messages => use(MessagesContext)

/** As the original's: a success goes by itself after some seconds, an error stays until it is closed. */
const SHOWN_MS = 6000

export function MessagesProvider({ children }: { children: ReactNode }) {
  const { problems, common } = useTexts()
  const [messages, setMessages] = useState<Message[]>([])
  const last = useRef(0)
  const close = useCallback((id: number) => setMessages((all) => all.filter((message) => message.id !== id)), [])
  const say = useCallback(
    (title: string, kind: Message['kind'] = 'success', detail = '') => {
      const id = ++last.current
      setMessages((all) => [...all.slice(-3), { id, kind, title, detail }])
      if (kind !== 'error') setTimeout(() => close(id), SHOWN_MS)
    },
    [close],
  )
  const value = useMemo(
    () => ({ say, fail: (error: unknown, title?: string) => say(title ?? titleOf(error, problems), 'error', detailOf(error)) }),
    [say, problems],
  )
  return (
    <MessagesContext value={value}>
      {children}
      <div className="messages">
        {messages.map(({ id, kind, title, detail }) => (
          <ToastNotification
            key={id}
            kind={kind}
            role={kind === 'error' ? 'alert' : 'status'}
            lowContrast
            title={title}
            subtitle={detail}
            aria-label={common.dismissMessage}
            statusIconDescription={kind}
            onCloseButtonClick={() => close(id)}
          />
        ))}
      </div>
    </MessagesContext>
  )
}
