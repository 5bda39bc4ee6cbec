import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { isApiError } from '../api/api-error.ts'
import type { Answer } from '../api/client.ts'
import { keyOf } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { useMessages } from '../parts/messages.tsx'
import { requestOf, type SyncForm } from './sync-form.ts'

const KEY = keyOf('readLastSyncs')

/** Starts a sync. One key for each filled form: pressing twice, or again after an answer that got lost, starts one sync. */
export function useStartSync(mapping: string) {
  const { sync } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const { say, fail } = useMessages()
  const [starting, setStarting] = useState(false)
  const key = useRef<{ for: string; key: string } | null>(null)
  const start = async (form: SyncForm): Promise<boolean> => {
    const body = requestOf(form, mapping)
    const content = JSON.stringify(body)
    if (key.current?.for !== content) key.current = { for: content, key: newKey() }
    setStarting(true)
    try {
      const started = await api('startSync', { body, headers: { 'idempotency-key': key.current.key } })
      key.current = null
      queries.setQueryData(KEY, (before: Answer<'readLastSyncs'> | undefined) => before && withActive(before, started))
      say(form.range ? sync.startedRange(mapping) : sync.started(mapping), 'info')
      return true
    } catch (error) {
      if (isApiError(error, 'sync-active')) say(sync.refused(mapping), 'warning', error.message)
      else fail(error)
      return false
    } finally {
      setStarting(false)
      void queries.invalidateQueries({ queryKey: KEY })
    }
  }
  return { start, starting }
}

/** Shown at once; the next answer has its steps. */
function withActive(before: Answer<'readLastSyncs'>, started: Answer<'startSync'>): Answer<'readLastSyncs'> {
  const active = { ...started, steps: [], percent: 0, recordsPerSecond: null, secondsLeft: null }
  return { rows: before.rows.map((row) => (row.mapping === started.mapping ? { ...row, active } : row)) }
}

/** crypto.randomUUID is there on secure addresses only, and clinics have plain HTTP. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
