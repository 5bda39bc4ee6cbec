import { useMemo } from 'react'
import { useRead } from '../api/use-read.ts'
import type { Answer, Input } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { titleOf } from '../parts/failure.tsx'
import type { Option, Options } from '../parts/picker.tsx'
import { useLater } from '../parts/use-later.ts'

export type Dhis2Field = Answer<'searchDhis2'>['rows'][number]
export type Dhis2Type = NonNullable<NonNullable<Input<'searchDhis2'>['query']>['type']>

/** Most instances have fewer of a type: then one answer serves every search. */
const ALL = 2000
const SHOWN = 50
const STALE_MS = 5 * 60_000

export function useDhis2Fields(type: Dhis2Type, enabled = true) {
  const query = useRead('searchDhis2', { query: { type, limit: ALL } }, { staleTime: STALE_MS, enabled })
  const byUid = useMemo(() => new Map((query.data?.rows ?? []).map((field) => [field.uid, field])), [query.data])
  return { query, byUid, rows: query.data?.rows ?? [] }
}

/** One that is not among the first: of a large DHIS2, or none at all. */
export function useDhis2Field(type: Dhis2Type, uid: string): { field: Dhis2Field | null; missing: boolean } {
  const { query, byUid } = useDhis2Fields(type)
  const alone = useRead(
    'searchDhis2',
    { query: { type, text: uid, limit: 5 } },
    { enabled: uid !== '' && query.data?.more === true && !byUid.has(uid), staleTime: STALE_MS },
  )
  const field = byUid.get(uid) ?? alone.data?.rows.find((one) => one.uid === uid) ?? null
  const looked = query.data !== undefined && (!query.data.more || alone.data !== undefined)
  return { field, missing: uid !== '' && field === null && looked }
}

const fits = (field: Dhis2Field, text: string) =>
  [field.name, field.code ?? '', field.uid].some((part) => part.toLowerCase().includes(text))
const byName = ({ uid, name, code, valueType }: Dhis2Field): Option => ({
  value: uid,
  label: name,
  hint: [valueType, code, uid].filter(Boolean).join(' · '),
})

/** A hook for a picker of this type of DHIS2's objects. */
export const dhis2Options = (type: Dhis2Type, optionOf: (field: Dhis2Field) => Option = byName) =>
  function useDhis2Options(text: string): Options {
    const { problems } = useTexts()
    const { query } = useDhis2Fields(type)
    const wanted = text.trim().toLowerCase()
    const asked = useLater(wanted, 250)
    const more = useRead(
      'searchDhis2',
      { query: { type, text: asked, limit: SHOWN } },
      { enabled: query.data?.more === true && asked !== '', keep: true, staleTime: STALE_MS },
    )
    const source = query.data?.more && asked !== '' ? more : query
    const options = useMemo(
      () =>
        (source.data?.rows ?? [])
          .filter((field) => fits(field, wanted))
          .slice(0, SHOWN)
          .map(optionOf),
      [source.data, wanted],
    )
    return { options, loading: source.isLoading, ...(source.error && { problem: titleOf(source.error, problems) }) }
  }
