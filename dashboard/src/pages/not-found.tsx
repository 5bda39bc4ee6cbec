import { Link } from 'react-router'
import { useTexts } from '../i18n/texts.tsx'
import { Page } from '../parts/page.tsx'

export function NotFound() {
  const { notFound } = useTexts()
  return (
    <Page title={notFound.title}>
      <p>{notFound.text}</p>
      <p>
        <Link to="/" className="cds--link">
          {notFound.home}
        </Link>
      </p>
    </Page>
  )
}
