import { Button, FileUploaderDropContainer, InlineLoading, InlineNotification } from '@carbon/react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Failure } from '../parts/failure.tsx'
import { useMessages } from '../parts/messages.tsx'
import { ImportItems } from './import-items.tsx'

type Items = Answer<'importMappings'>['items']
interface Looked {
  file: string
  content: unknown
  items: Items
}

/** Drop a file, see what it would change, confirm. */
export function ImportDialog({ close }: { close: () => void }) {
  const { mappings, common } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const { say } = useMessages()
  const [looked, setLooked] = useState<Looked | null>(null)
  const [busy, setBusy] = useState<'looking' | 'importing' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [broken, setBroken] = useState(false)
  const look = async (file: File) => {
    setError(null)
    setBroken(false)
    setLooked(null)
    setBusy('looking')
    try {
      const content = parsed(await file.text())
      if (content === undefined) setBroken(true)
      else setLooked({ file: file.name, content, items: (await api('importMappings', { query: { dryRun: true }, body: content })).items })
    } catch (failed) {
      setError(failed)
    }
    setBusy(null)
  }
  const changing = looked?.items.filter(({ action }) => action === 'create' || action === 'replace').length ?? 0
  const wrong = looked?.items.some(({ problems }) => problems.length > 0) ?? false
  const confirm = async () => {
    setBusy('importing')
    setError(null)
    try {
      const { imported, items } = await api('importMappings', { body: looked!.content })
      if (imported) {
        say(mappings.imported(changing))
        await queries.invalidateQueries()
        close()
        return
      }
      setLooked({ ...looked!, items })
    } catch (failed) {
      setError(failed)
    }
    setBusy(null)
  }
  return (
    <Dialog
      title={mappings.importTitle}
      close={close}
      footer={
        <>
          <Button kind="secondary" onClick={close}>
            {common.cancel}
          </Button>
          <Button disabled={!looked || wrong || changing === 0 || busy !== null} onClick={() => void confirm()}>
            {busy === 'importing' ? <InlineLoading description={mappings.importing} /> : mappings.importConfirm(changing)}
          </Button>
        </>
      }
    >
      <p>{mappings.importHint}</p>
      <FileUploaderDropContainer
        labelText={looked ? mappings.importOther : mappings.importDrop}
        accept={['.json', 'application/json']}
        onAddFiles={(_, { addedFiles }) => {
          const [file] = addedFiles
          if (file) void look(file)
        }}
      />
      <div aria-live="polite" className="stack">
        {busy === 'looking' && <InlineLoading description={mappings.importReading} />}
        {broken && <InlineNotification kind="error" role="alert" lowContrast hideCloseButton title={mappings.importBroken} />}
        {error !== null && <Failure error={error} />}
        {looked && (
          <>
            <p>
              <strong>{looked.file}</strong>
            </p>
            {wrong && <InlineNotification kind="error" role="alert" lowContrast hideCloseButton title={mappings.importProblems} />}
            {!wrong && changing === 0 && <p className="notice">{mappings.importNothing}</p>}
            <ImportItems items={looked.items} />
          </>
        )}
      </div>
    </Dialog>
  )
}

/** undefined: no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
