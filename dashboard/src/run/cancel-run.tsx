import { Button } from '@carbon/react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useApi } from '../api/api-context.tsx'
import { isApiError } from '../api/api-error.ts'
import { keyOf } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { useMessages } from '../parts/messages.tsx'

export function CancelRun({ sync }: { sync: SyncDetail }) {
  const { run, problems } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const { say } = useMessages()
  const [asking, setAsking] = useState(false)
  if (sync.cancelRequested) return <p className="quiet">{run.cancelling}</p>
  const cancel = async () => {
    const key = keyOf('readSync', { params: { id: sync.id } })
    try {
      await api('cancelSync', { params: { id: sync.id } })
      queries.setQueryData(key, (before: SyncDetail | undefined) => before && { ...before, cancelRequested: true })
      say(run.cancelling, 'info')
    } catch (error) {
      if (!isApiError(error, 'sync-ended')) throw error
      say(problems['sync-ended'], 'info')
    }
    void queries.invalidateQueries({ queryKey: key })
  }
  return (
    <>
      <Button kind="danger--tertiary" size="md" onClick={() => setAsking(true)}>
        {run.cancel}
      </Button>
      {asking && (
        <Confirm
          danger
          title={run.cancelTitle}
          text={run.cancelText}
          action={run.cancel}
          keep={run.cancelKeep}
          run={cancel}
          close={() => setAsking(false)}
        />
      )}
    </>
  )
}
