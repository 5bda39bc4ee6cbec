import { useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore, type ReactNode } from 'react'
import { isApiError } from '../api/api-error.ts'
import { keyOf, useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Failure } from '../parts/failure.tsx'
import { AllLoading } from '../parts/page-loading.tsx'
import { LoginPage } from './login-page.tsx'
import { SignIn } from './sign-in.tsx'
import { SessionContext } from './session.tsx'
import type { SessionGate } from './session-gate.ts'

/** Who is signed in sees the program; a session that ends later is asked for above the page, which keeps all that was typed. */
export function SessionGuard({ gate, children }: { gate: SessionGate; children: ReactNode }) {
  const { login } = useTexts()
  const queries = useQueryClient()
  const session = useRead('readSession', {}, { staleTime: 60_000 })
  const waiting = useSyncExternalStore(gate.subscribe, gate.waiting)
  const signedIn = async () => {
    await queries.invalidateQueries({ queryKey: keyOf('readSession') })
    gate.open()
  }
  if (session.data === undefined) {
    if (isApiError(session.error, 'not-signed-in')) return <LoginPage signedIn={signedIn} />
    if (session.error)
      return (
        <main className="alone">
          <Failure error={session.error} retry={() => void session.refetch()} />
        </main>
      )
    return <AllLoading />
  }
  return (
    <SessionContext value={session.data}>
      {children}
      {waiting && (
        <Dialog title={login.endedTitle} size="sm">
          <SignIn ended signedIn={signedIn} />
        </Dialog>
      )}
    </SessionContext>
  )
}
