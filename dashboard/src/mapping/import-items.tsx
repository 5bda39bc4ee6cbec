import { Tag } from '@carbon/react'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'

const COLOURS = { create: 'green', replace: 'blue', unchanged: 'gray', none: 'red' } as const

export function ImportItems({ items }: { items: Answer<'importMappings'>['items'] }) {
  const { mappings } = useTexts()
  return (
    <ul className="import-items">
      {items.map(({ item, name, action, problems }) => (
        <li key={item}>
          <span className="row tight">
            <strong>{name ?? (item === 0 ? mappings.importFile : mappings.importItem(item))}</strong>
            <Tag size="sm" type={COLOURS[action]}>
              {mappings.importActions[action]}
            </Tag>
          </span>
          {problems.length > 0 && (
            <ul className="bad">
              {problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  )
}
