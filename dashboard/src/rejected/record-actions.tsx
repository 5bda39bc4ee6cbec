import { Button } from '@carbon/react'
import { useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { useTexts } from '../i18n/texts.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { useMessages } from '../parts/messages.tsx'
import type { RejectedFilters, REJECTED_STATES } from './filters.ts'
import { TextField } from '../parts/text-field.tsx'

type Chosen = { ids: string[] } | { filter: RejectedFilters }

interface Props {
  chosen: Chosen
  count: number
  state: (typeof REJECTED_STATES)[number]
  /** names the records for those who hear the buttons one by one */
  about: string
  done?: () => void
}

/** Retry and dismiss what is open, reopen what was dismissed. */
export function RecordActions({ chosen, count, state, about, done }: Props) {
  const { rejected } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const { say } = useMessages()
  const [asking, setAsking] = useState<'retry' | 'dismiss' | null>(null)
  const [text, setText] = useState('')
  const id = useId()
  const changed = () => {
    for (const name of ['groupRejected', 'listRejected', 'readLastSyncs', 'readStatus'])
      void queries.invalidateQueries({ queryKey: [name] })
    setText('')
    done?.()
  }
  const retry = async () => {
    const { records, refused } = await api('retryRejected', { body: { ...chosen, comment: text } })
    if (records > 0) say(rejected.retryDone(records))
    for (const one of refused) say(rejected.retryRefused(one.mapping), 'warning', one.message)
    changed()
  }
  const dismiss = async () => {
    const { records } = await api('dismissRejected', { body: { ...chosen, reason: text } })
    say(rejected.dismissDone(records))
    changed()
  }
  const reopen = async () => {
    const { records } = await api('reopenRejected', { body: chosen })
    say(rejected.reopenDone(records))
    changed()
  }
  if (state === 'settled') return null
  if (state === 'dismissed')
    return (
      <Button kind="tertiary" size="sm" aria-label={`${rejected.reopen}: ${about}`} onClick={() => void reopen()}>
        {rejected.reopen}
      </Button>
    )
  const asked = {
    retry: { title: rejected.retryTitle, text: rejected.retryText(count), action: rejected.retry, label: rejected.comment, run: retry },
    dismiss: {
      title: rejected.dismissTitle,
      text: rejected.dismissText(count),
      action: rejected.dismiss,
      label: rejected.reason,
      run: dismiss,
    },
  }
  const now = asking === null ? null : asked[asking]
  return (
    <>
      <Button kind="tertiary" size="sm" aria-label={`${rejected.retry}: ${about}`} onClick={() => setAsking('retry')}>
        {rejected.retry}
      </Button>
      <Button kind="ghost" size="sm" aria-label={`${rejected.dismiss}: ${about}`} onClick={() => setAsking('dismiss')}>
        {rejected.dismiss}
      </Button>
      {now && (
        <Confirm
          title={now.title}
          text={now.text}
          action={now.action}
          disabled={text.trim() === ''}
          run={now.run}
          close={() => setAsking(null)}
        >
          <TextField
            id={id}
            label={`${now.label} *`}
            value={text}
            maxLength={2000}
            required
            autoFocus
            onChange={(event) => setText(event.target.value)}
          />
        </Confirm>
      )}
    </>
  )
}
