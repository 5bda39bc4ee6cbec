import { Button } from '@carbon/react'
import { useQueryClient } from '@tanstack/react-query'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'

/** Somebody else has saved the same mapping since it was opened here. */
export function ConflictDialog({ keep, close }: { keep: () => void; close: () => void }) {
  const { form, common } = useTexts()
  const queries = useQueryClient()
  return (
    <Dialog
      title={form.conflictTitle}
      size="sm"
      close={close}
      footer={
        <>
          <Button kind="secondary" onClick={close}>
            {common.cancel}
          </Button>
          <Button kind="tertiary" onClick={() => void queries.invalidateQueries({ queryKey: ['readMapping'] })}>
            {form.loadTheirs}
          </Button>
          <Button kind="danger" onClick={keep}>
            {form.keepMine}
          </Button>
        </>
      }
    >
      <p>{form.conflictText}</p>
    </Dialog>
  )
}
