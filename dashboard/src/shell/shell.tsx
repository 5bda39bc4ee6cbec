import { Suspense, useEffect, useRef } from 'react'
import { Outlet, useLocation, useNavigation } from 'react-router'
import { useTexts } from '../i18n/texts.tsx'
import { PageLoading } from '../parts/page-loading.tsx'
import { OfflineBanner } from './offline-banner.tsx'
import { TopBar } from './top-bar.tsx'

/** What is around every page. */
export function Shell() {
  const { app } = useTexts()
  const { pathname } = useLocation()
  const navigation = useNavigation()
  const content = useRef<HTMLElement>(null)
  const first = useRef(true)
  // a new page is read from its beginning, as after a load
  useEffect(() => {
    if (!first.current) content.current?.focus()
    first.current = false
    window.scrollTo(0, 0)
  }, [pathname])
  return (
    <>
      <button type="button" className="skip" onClick={() => content.current?.focus()}>
        {app.skip}
      </button>
      <TopBar />
      {navigation.state === 'loading' && <div className="page-bar" aria-hidden="true" />}
      <main id="content" ref={content} tabIndex={-1}>
        <OfflineBanner />
        <Suspense fallback={<PageLoading />}>
          <Outlet />
        </Suspense>
      </main>
    </>
  )
}
