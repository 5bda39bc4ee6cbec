import { Tile } from '@carbon/react'
import { useTexts } from '../i18n/texts.tsx'
import { usePageTitle } from '../parts/page.tsx'
import { SignIn } from './sign-in.tsx'

export function LoginPage({ signedIn }: { signedIn: () => Promise<void> }) {
  const { app, login } = useTexts()
  usePageTitle(login.title)
  return (
    <main className="alone">
      <Tile className="login">
        <p className="quiet">{app.title}</p>
        <h1>{login.title}</h1>
        <SignIn signedIn={signedIn} />
      </Tile>
    </main>
  )
}
