import { Button } from '@carbon/react'
import { Copy, Edit, Export, TrashCan } from '@carbon/react/icons'
import { useState } from 'react'
import { Link } from 'react-router'
import type { Answer } from '../api/client.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { DeleteMapping } from './delete-mapping.tsx'

type Row = Answer<'listMappings'>['rows'][number]

export function MappingTable({ rows, save }: { rows: readonly Row[]; save: (name: string) => void }) {
  const { mappings, common } = useTexts()
  const format = useFormat()
  const [deleting, setDeleting] = useState<Row | null>(null)
  const edit = (name: string) => `/mapping/edit/${encodeURIComponent(name)}`
  const actions = (row: Row, { name } = row) => (
    <div className="row tight end">
      <LinkButton to={edit(name)} kind="tertiary" size="sm" renderIcon={Edit} label={`${mappings.edit} ${name}`}>
        {mappings.edit}
      </LinkButton>
      <Button kind="ghost" size="sm" renderIcon={Export} aria-label={`${mappings.export} ${name}`} onClick={() => save(name)}>
        {mappings.export}
      </Button>
      <LinkButton
        to={`/mapping/new?from=${encodeURIComponent(name)}`}
        kind="ghost"
        size="sm"
        renderIcon={Copy}
        label={`${mappings.duplicate} ${name}`}
      >
        {mappings.duplicate}
      </LinkButton>
      <Button kind="danger--ghost" size="sm" renderIcon={TrashCan} aria-label={`${common.delete} ${name}`} onClick={() => setDeleting(row)}>
        {common.delete}
      </Button>
    </div>
  )
  return (
    <>
      <DataTable
        caption={mappings.title}
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { key: 'name', head: mappings.name, rowHeader: true, cell: ({ name }) => <Link to={edit(name)}>{name}</Link> },
          {
            key: 'relations',
            head: mappings.relations,
            cell: ({ instance, enrollments, events }) => (
              <ul className="quiet small">
                {[instance, enrollments, ...events].map((relation) => (
                  <li key={relation}>{relation}</li>
                ))}
              </ul>
            ),
          },
          {
            key: 'changed',
            head: mappings.changed,
            cell: ({ modifiedAt, modifiedBy, createdAt, createdBy }) => {
              const at = modifiedAt ?? createdAt
              const by = modifiedBy ?? createdBy
              return at === null ? (by ?? '') : <span title={format.utc(at)}>{mappings.updated(format.dateTime(at), by ?? '–')}</span>
            },
          },
          {
            key: 'actions',
            head: <span className="hidden">{common.actions}</span>,
            label: '',
            className: 'buttons',
            cell: (row) => actions(row),
          },
        ]}
      />
      {deleting && <DeleteMapping name={deleting.name} etag={deleting.etag} close={() => setDeleting(null)} />}
    </>
  )
}
