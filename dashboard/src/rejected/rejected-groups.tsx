import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Empty } from '../parts/empty.tsx'
import { Read } from '../parts/read.tsx'
import { GroupCard } from './group-card.tsx'
import type { RejectedFilters } from './filters.ts'

/** @param level of the causes' headings */
export function RejectedGroups({ filters, level }: { filters: RejectedFilters; level: 2 | 3 }) {
  const { rejected } = useTexts()
  const groups = useRead('groupRejected', { query: filters }, { every: 30_000 })
  const filtered = Object.entries(filters).some(([key, value]) => value !== undefined && !(key === 'state' && value === 'open'))
  return (
    <Read query={groups}>
      {({ rows }) =>
        rows.length === 0 ? (
          <Empty text={filtered ? rejected.emptyFilter : rejected.empty} />
        ) : (
          <ul className="groups">
            {rows.map((group) => (
              <li key={group.cause}>
                <GroupCard group={group} filters={filters} level={level} />
              </li>
            ))}
          </ul>
        )
      }
    </Read>
  )
}
