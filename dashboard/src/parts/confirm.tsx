import { Button, InlineLoading } from '@carbon/react'
import { useState, type ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from './dialog.tsx'
import { Failure } from './failure.tsx'

interface Props {
  title: string
  text: ReactNode
  action: string
  keep?: string
  danger?: boolean
  /** what is still missing before it may be done */
  disabled?: boolean
  run: () => Promise<void>
  /** what is run closes it by itself */
  stays?: boolean
  close: () => void
  children?: ReactNode
}

/** Asks before something that cannot be taken back, does it, and says when it failed. */
export function Confirm({ title, text, action, keep, danger = false, disabled = false, stays = false, run, close, children }: Props) {
  const { common } = useTexts()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const confirm = async () => {
    setBusy(true)
    setError(null)
    try {
      await run()
      if (!stays) close()
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={title}
      close={close}
      size="sm"
      footer={
        <>
          <Button kind="secondary" onClick={close}>
            {keep ?? common.cancel}
          </Button>
          <Button kind={danger ? 'danger' : 'primary'} disabled={busy || disabled} onClick={() => void confirm()}>
            {busy ? <InlineLoading description={action} /> : action}
          </Button>
        </>
      }
    >
      <p>{text}</p>
      {children}
      {error !== null && <Failure error={error} />}
    </Dialog>
  )
}
