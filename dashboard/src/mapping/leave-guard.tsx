import { Button } from '@carbon/react'
import { useEffect, type RefObject } from 'react'
import { useBlocker } from 'react-router'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'

/** Unsaved changes are not lost by a click beside, nor by closing the window. */
export function LeaveGuard({ dirty, done }: { dirty: boolean; done: RefObject<boolean> }) {
  const { form } = useTexts()
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => dirty && !done.current && currentLocation.pathname !== nextLocation.pathname,
  )
  useEffect(() => {
    if (!dirty) return
    const ask = (event: BeforeUnloadEvent) => {
      if (!done.current) event.preventDefault()
    }
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty, done])
  if (blocker.state !== 'blocked') return null
  return (
    <Dialog
      title={form.leaveTitle}
      size="sm"
      close={() => blocker.reset()}
      footer={
        <>
          <Button kind="secondary" onClick={() => blocker.reset()}>
            {form.stay}
          </Button>
          <Button kind="danger" onClick={() => blocker.proceed()}>
            {form.leave}
          </Button>
        </>
      }
    >
      <p>{form.leaveText}</p>
    </Dialog>
  )
}
