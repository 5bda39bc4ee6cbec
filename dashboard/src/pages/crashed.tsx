import { Button } from '@carbon/react'
import { useTexts } from '../i18n/texts.tsx'
import { Page } from '../parts/page.tsx'

/** A page that threw, or whose code did not arrive because a new version was installed meanwhile. */
export function Crashed() {
  const { crashed } = useTexts()
  return (
    <Page title={crashed.title}>
      <p>{crashed.text}</p>
      <Button onClick={() => location.reload()}>{crashed.reload}</Button>
    </Page>
  )
}
