import { useMemo } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { EMPTY_MAPPING, formOf } from '../mapping/form-state.ts'
import { MappingEditor } from '../mapping/mapping-editor.tsx'
import type { Stored } from '../mapping/use-save-mapping.ts'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'

/** What somebody is filling in is not read anew behind their back. */
const ONCE = { staleTime: Infinity }

export function NewMappingPage() {
  const { form } = useTexts()
  const from = useSearchParams()[0].get('from')
  const navigate = useNavigate()
  const source = useRead('readMapping', { params: { name: from ?? '' } }, { enabled: from !== null, ...ONCE })
  const cancel = () => void navigate('/mapping')
  return (
    <Page title={form.addTitle} about={from !== null && <p className="quiet">{form.duplicateOf(from)}</p>}>
      {from === null ? (
        <MappingEditor start={EMPTY_MAPPING} stored={null} cancel={cancel} />
      ) : (
        <Read query={source} lines={12}>
          {({ mapping }) => <Copied mapping={mapping} cancel={cancel} />}
        </Read>
      )}
    </Page>
  )
}

function Copied({ mapping, cancel }: { mapping: Stored['mapping']; cancel: () => void }) {
  const { mappings } = useTexts()
  const start = useMemo(() => ({ ...formOf(mapping), name: mappings.copyOf(mapping.name) }), [mapping, mappings])
  return <MappingEditor start={start} stored={null} cancel={cancel} />
}

export function EditMappingPage() {
  const { form } = useTexts()
  const { name = '' } = useParams()
  const navigate = useNavigate()
  const query = useRead('readMapping', { params: { name } }, ONCE)
  return (
    <Page title={form.editTitle(name)}>
      <Read query={query} lines={12}>
        {(stored) => <Stored key={stored.etag} stored={stored} cancel={() => void navigate('/mapping')} />}
      </Read>
    </Page>
  )
}

function Stored({ stored, cancel }: { stored: Stored; cancel: () => void }) {
  const start = useMemo(() => formOf(stored.mapping), [stored])
  return <MappingEditor start={start} stored={stored} cancel={cancel} />
}
