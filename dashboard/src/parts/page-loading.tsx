import { SkeletonText } from '@carbon/react'
import { useTexts } from '../i18n/texts.tsx'

/** Where a page will be. */
export function PageLoading() {
  const { common } = useTexts()
  return (
    <div className="page loading-page" role="status">
      <span className="hidden">{common.loading}</span>
      <SkeletonText heading width="30%" />
      <SkeletonText paragraph lineCount={6} />
    </div>
  )
}
