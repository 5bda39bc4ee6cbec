import { useRead } from '../api/use-read.ts'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { Empty } from '../parts/empty.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { SyncTable } from '../sync/sync-table.tsx'

export function SyncPage() {
  const { sync, home } = useTexts()
  const session = useSession()
  const syncs = useRead('readLastSyncs', {}, { every: 4000 })
  return (
    <Page title={sync.title}>
      <Read query={syncs}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Empty text={sync.empty}>{mayOne(session, ['mapping']) && <LinkButton to="/mapping/new">{home.addFirst}</LinkButton>}</Empty>
          ) : (
            <SyncTable rows={rows} />
          )
        }
      </Read>
    </Page>
  )
}
