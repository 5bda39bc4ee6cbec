import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { addressOf } from './client.ts'
import { keyOf } from './use-read.ts'

/** Keeps the answer of readSync up to date as the sync goes on. The browser connects again by itself, and resumes. */
export function useSyncProgress(id: string, going: boolean): void {
  const queries = useQueryClient()
  useEffect(() => {
    if (!going) return
    const source = new EventSource(addressOf('followSync', { params: { id } }))
    const key = keyOf('readSync', { params: { id } })
    const take = (event: MessageEvent<string>) => void queries.setQueryData(key, JSON.parse(event.data) as SyncDetail)
    const end = (event: MessageEvent<string>) => {
      if (event.data) take(event)
      source.close()
      void queries.invalidateQueries()
    }
    source.addEventListener('sync', take)
    source.addEventListener('end', end)
    // refused for good: an ordinary request says why, and asks to sign in when that is it
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) void queries.invalidateQueries({ queryKey: key })
    })
    return () => source.close()
  }, [id, going, queries])
}
