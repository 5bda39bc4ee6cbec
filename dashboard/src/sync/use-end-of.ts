import { useEffect, useRef } from 'react'
import { useTexts } from '../i18n/texts.tsx'
import { useMessages } from '../parts/messages.tsx'
import type { LastSync } from './sync-table.tsx'
import { totalOf } from './totals.ts'

/** Says how a sync ended that was seen going on here, in the original's words. */
export function useEndOf({ mapping, active, last }: LastSync): void {
  const { sync, syncStates } = useTexts()
  const { say } = useMessages()
  const going = useRef<string | null>(null)
  useEffect(() => {
    if (active) {
      going.current = active.id
      return
    }
    if (going.current === null || last?.id !== going.current) return
    going.current = null
    if (last.state === 'failed') say(sync.failed, 'error', last.failure ?? '')
    else if (last.state === 'succeeded' && totalOf(last.counts) === 0) say(sync.noDelta(mapping), 'info')
    else say(sync.ended(mapping, syncStates[last.state]), last.state === 'succeeded' ? 'success' : 'warning')
  }, [active, last, mapping, say, sync, syncStates])
}
