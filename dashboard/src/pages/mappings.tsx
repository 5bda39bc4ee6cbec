import { Button, Search } from '@carbon/react'
import { Add, Export, Upload } from '@carbon/react/icons'
import { useState } from 'react'
import { useApi } from '../api/api-context.tsx'
import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { ImportDialog } from '../mapping/import-dialog.tsx'
import { exportName } from '../mapping/export-name.ts'
import { MappingTable } from '../mapping/mapping-table.tsx'
import { download } from '../parts/download.ts'
import { Empty } from '../parts/empty.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { useMessages } from '../parts/messages.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { useFilters } from '../parts/use-filters.ts'

export function MappingsPage() {
  const { mappings } = useTexts()
  const api = useApi()
  const { say, fail } = useMessages()
  const [{ search }, setFilters] = useFilters(['search'])
  const [importing, setImporting] = useState(false)
  const query = useRead('listMappings')
  const save = async (name?: string) => {
    try {
      const file = await api('exportMappings', name === undefined ? {} : { query: { name } })
      download(exportName(name, new Date()), `${JSON.stringify(file, null, 2)}\n`)
      say(name === undefined ? mappings.exportedAll : mappings.exported(name))
    } catch (error) {
      fail(error)
    }
  }
  const wanted = search.trim().toLowerCase()
  return (
    <Page
      title={mappings.title}
      actions={
        <>
          <LinkButton to="/mapping/new" renderIcon={Add}>
            {mappings.add}
          </LinkButton>
          <Button kind="tertiary" size="md" renderIcon={Upload} onClick={() => setImporting(true)}>
            {mappings.import}
          </Button>
          <Button kind="tertiary" size="md" renderIcon={Export} disabled={(query.data?.rows.length ?? 0) === 0} onClick={() => void save()}>
            {mappings.exportAll}
          </Button>
        </>
      }
    >
      <Read query={query}>
        {({ rows }) => {
          if (rows.length === 0)
            return (
              <Empty text={mappings.empty}>
                <LinkButton to="/mapping/new">{mappings.add}</LinkButton>
              </Empty>
            )
          const shown = rows
            .filter(({ name }) => name.toLowerCase().includes(wanted))
            .toSorted((a, b) => a.name.localeCompare(b.name, undefined, { sensitivity: 'base' }))
          return (
            <>
              <Search
                id="mapping-search"
                size="md"
                className="narrow"
                labelText={mappings.search}
                placeholder={mappings.search}
                value={search}
                onChange={(event) => setFilters({ search: event.target.value })}
              />
              {shown.length === 0 ? <Empty text={mappings.emptySearch} /> : <MappingTable rows={shown} save={(name) => void save(name)} />}
            </>
          )
        }}
      </Read>
      {importing && <ImportDialog close={() => setImporting(false)} />}
    </Page>
  )
}
