import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import type { MappingBody } from '../../../src/api/contract/mappings.ts'
import { useApi } from '../api/api-context.tsx'
import { isApiError, type ApiError } from '../api/api-error.ts'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { useMessages } from '../parts/messages.tsx'

export type Stored = Answer<'readMapping'>

export function useSaveMapping(stored: Stored | null) {
  const { form } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { say } = useMessages()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [conflict, setConflict] = useState(false)
  const [nameTaken, setNameTaken] = useState<string | null>(null)
  /** read by the guard as the page is left: a state would come too late */
  const done = useRef(false)
  const write = async (body: MappingBody, etag: string | null) => {
    setBusy(true)
    setError(null)
    setConflict(false)
    try {
      if (stored === null) await api('createMapping', { body })
      else await api('replaceMapping', { params: { name: stored.mapping.name }, body, headers: { 'if-match': etag ?? stored.etag } })
      done.current = true
      say(form.savedText(body.name))
      await queries.invalidateQueries()
      await navigate('/mapping')
    } catch (failed) {
      if (isApiError(failed, 'changed')) setConflict(true)
      else if (isApiError(failed, 'name-taken')) {
        setNameTaken(body.name)
        document.querySelector<HTMLElement>('#mapping-name')?.focus()
      } else setError(failed)
    }
    setBusy(false)
  }
  const saveOver = async (body: MappingBody) => {
    try {
      const { etag } = await api('readMapping', { params: { name: stored!.mapping.name } })
      await write(body, etag)
    } catch (failed) {
      setError(failed)
    }
  }
  return {
    busy,
    error,
    problems: isApiError(error) ? (error satisfies ApiError).problems : [],
    conflict,
    nameTaken,
    done,
    save: (body: MappingBody) => write(body, null),
    saveOver,
    forget: () => setConflict(false),
  }
}
