import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { RouterProvider } from 'react-router'
import { ApiContext } from './api/api-context.tsx'
import { createClient } from './api/client.ts'
import { worthAsking } from './api/use-read.ts'
import { createFormat } from './format/format.ts'
import type { Catalogue } from './i18n/en.ts'
import { CATALOGUES, type Language } from './i18n/languages.ts'
import { SpeechContext } from './i18n/texts.tsx'
import { SessionGuard } from './login/session-guard.tsx'
import { sessionGate } from './login/session-gate.ts'
import { MessagesProvider } from './parts/messages.tsx'
import { remember } from './remembered.ts'
import { createRouter } from './routes.tsx'

interface Props {
  first: { language: Language; texts: Catalogue }
}

const makeParts = () => {
  const gate = sessionGate()
  return {
    gate,
    api: createClient(gate.lost),
    queries: new QueryClient({ defaultOptions: { queries: { retry: worthAsking, staleTime: 2000, refetchOnWindowFocus: true } } }),
    router: createRouter(),
  }
}

export function App({ first }: Props) {
  const [{ gate, api, queries, router }] = useState(makeParts)
  const [{ language, texts }, setSpeech] = useState(first)
  const speech = useMemo(
    () => ({
      language,
      texts,
      format: createFormat(language),
      speak: (wanted: Language) => {
        remember('language', wanted)
        void CATALOGUES[wanted]().then((catalogue) => setSpeech({ language: wanted, texts: catalogue }))
      },
    }),
    [language, texts],
  )
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return (
    <SpeechContext value={speech}>
      <ApiContext value={api}>
        <QueryClientProvider client={queries}>
          <MessagesProvider>
            <SessionGuard gate={gate}>
              <RouterProvider router={router} />
            </SessionGuard>
          </MessagesProvider>
        </QueryClientProvider>
      </ApiContext>
    </SpeechContext>
  )
}
