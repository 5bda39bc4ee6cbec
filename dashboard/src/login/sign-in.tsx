import { Button, InlineLoading, InlineNotification, PasswordInput } from '@carbon/react'
import { useState, type FormEvent } from 'react'
import { useApi } from '../api/api-context.tsx'
import { isApiError } from '../api/api-error.ts'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Failure } from '../parts/failure.tsx'
import { textOf } from '../parts/form-data.ts'
import { TextField } from '../parts/text-field.tsx'

interface Props {
  /** a session was there before */
  ended?: boolean
  signedIn: () => Promise<void>
}

/** All ways of signing in that this server has. */
export function SignIn({ ended = false, signedIn }: Props) {
  const { login, common } = useTexts()
  const options = useRead('readLoginOptions')
  if (options.error) return <Failure error={options.error} retry={() => void options.refetch()} />
  if (!options.data) return <InlineLoading description={common.loading} />
  const { local, openmrsLoginUrl, setup } = options.data
  return (
    <div className="sign-in">
      {ended && <p>{openmrsLoginUrl === null ? login.endedText : login.endedBahmni}</p>}
      {openmrsLoginUrl !== null && <WithBahmni url={openmrsLoginUrl} ended={ended} signedIn={signedIn} />}
      {openmrsLoginUrl !== null && local && <p className="quiet">{login.or}</p>}
      {local && <WithPassword signedIn={signedIn} />}
      {openmrsLoginUrl === null && !local && (
        <>
          <p>{login.none}</p>
          {setup !== null && <p className="quiet">{setup}</p>}
        </>
      )}
    </div>
  )
}

function WithBahmni({ url, ended, signedIn }: { url: string; ended: boolean; signedIn: () => Promise<void> }) {
  const { login, app } = useTexts()
  const api = useApi()
  const [unknown, setUnknown] = useState(false)
  const again = async () => {
    try {
      await api('readSession')
      await signedIn()
    } catch {
      setUnknown(true)
    }
  }
  return (
    <>
      {!ended && <p>{login.bahmniIntro}</p>}
      <div className="row">
        <Button href={url} {...(ended && { target: '_blank', rel: 'noopener' })}>
          {login.bahmni}
          {ended && <span className="hidden"> ({app.newWindow})</span>}
        </Button>
        <Button kind="tertiary" onClick={() => void again()}>
          {login.bahmniAgain}
        </Button>
      </div>
      {unknown && <InlineNotification kind="warning" lowContrast hideCloseButton title={login.notYet} />}
    </>
  )
}

function WithPassword({ signedIn }: { signedIn: () => Promise<void> }) {
  const { login, problems } = useTexts()
  const api = useApi()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    setBusy(true)
    setProblem(null)
    try {
      await api('signIn', { body: { name: textOf(data, 'name'), password: textOf(data, 'password') } })
      await signedIn()
    } catch (error) {
      setProblem(isApiError(error, 'wrong-password') ? problems['wrong-password'] : isApiError(error) ? error.message : problems.other)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="stack">
      <TextField id="login-name" name="name" label={login.name} autoComplete="username" required autoFocus />
      <PasswordInput id="login-password" name="password" labelText={login.password} autoComplete="current-password" required />
      {problem !== null && <InlineNotification kind="error" role="alert" lowContrast hideCloseButton title={problem} />}
      <Button type="submit" disabled={busy}>
        {busy ? <InlineLoading description={login.submitting} /> : login.submit}
      </Button>
    </form>
  )
}
