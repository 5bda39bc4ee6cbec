import { useEffect } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { PageLoading } from '../parts/page-loading.tsx'

/** The page /login for whoever is signed in, or is now: on to what was asked for. Bull Board is no page of ours, and so is loaded. */
export function SignedIn() {
  const next = useSearchParams()[0].get('next') ?? '/'
  const navigate = useNavigate()
  useEffect(() => {
    const own = /^\/(?![/\\])/.test(next) ? next : '/'
    if (own.startsWith('/queues')) location.replace(new URL(own.slice(1), document.baseURI))
    else void navigate(own, { replace: true })
  }, [next, navigate])
  return <PageLoading />
}
