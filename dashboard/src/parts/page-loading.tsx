import { SkeletonText } from '@carbon/react'
import { useTexts } from '../i18n/texts.tsx'

/** Where a part of a page will be. */
export function PartLoading() {
  const { common } = useTexts()
  return (
    <div className="page loading-page" role="status">
      <span className="hidden">{common.loading}</span>
      <SkeletonText heading width="30%" />
      <SkeletonText paragraph lineCount={6} />
    </div>
  )
}

/** Where a page will be: who does not see it hears where they are. */
export function PageLoading() {
  const { app } = useTexts()
  return (
    <>
      <h1 className="hidden">{app.title}</h1>
      <PartLoading />
    </>
  )
}

/** Before it is known who looks. */
export function AllLoading() {
  return (
    <main>
      <PageLoading />
    </main>
  )
}
