import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { isApiError } from '../api/api-error.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { useMessages } from '../parts/messages.tsx'

/** Asks once; and once more when the mapping has synced records. */
export function DeleteMapping({ name, etag, close }: { name: string; etag: string; close: () => void }) {
  const { mappings, common } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const { say } = useMessages()
  const [hasHistory, setHasHistory] = useState(false)
  const remove = async (withHistory: boolean) => {
    await api('deleteMapping', { params: { name }, query: { withHistory }, headers: { 'if-match': etag } })
    say(mappings.deleted(name))
    await queries.invalidateQueries()
  }
  const first = async () => {
    try {
      await remove(false)
      close()
    } catch (error) {
      if (!isApiError(error, 'has-history')) throw error
      setHasHistory(true)
    }
  }
  if (hasHistory)
    return (
      <Confirm
        key="history"
        danger
        title={mappings.deleteTitle(name)}
        text={mappings.deleteHistory}
        action={mappings.deleteAnyway}
        run={() => remove(true)}
        close={close}
      />
    )
  return (
    <Confirm
      key="first"
      danger
      title={mappings.deleteTitle(name)}
      text={mappings.deleteText}
      action={common.delete}
      run={first}
      stays
      close={close}
    />
  )
}
