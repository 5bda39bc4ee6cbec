import { Button } from '@carbon/react'
import { Launch } from '@carbon/react/icons'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { useRead } from '../api/use-read.ts'
import { useSyncProgress } from '../api/use-sync-progress.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { SyncTag } from '../parts/state-tag.tsx'
import { CancelRun } from '../run/cancel-run.tsx'
import { RunBody } from '../run/run-body.tsx'

export function RunPage() {
  const { run } = useTexts()
  const id = useParams()['id'] ?? ''
  // where the live connection is not possible (a proxy, an old browser) this is what moves the numbers
  const [slow, setSlow] = useState<number | false>(5000)
  const query = useRead('readSync', { params: { id } }, { every: slow })
  const going = query.data !== undefined && query.data.endedAt === null
  if (query.data && !going && slow !== false) setSlow(false)
  useSyncProgress(id, going)
  const session = useSession()
  const sync = query.data
  return (
    <Page
      title={sync ? run.title(sync.mapping) : run.title('…')}
      about={sync && <About sync={sync} />}
      actions={
        sync && (
          <>
            <Button
              kind="ghost"
              size="md"
              href={new URL(`queues/queue/sync-steps`, document.baseURI).href}
              target="_blank"
              renderIcon={Launch}
            >
              {run.jobs}
            </Button>
            {going && mayOne(session, ['upload']) && <CancelRun sync={sync} />}
          </>
        )
      }
    >
      <Read query={query} lines={10}>
        {(detail) => <RunBody sync={detail} />}
      </Read>
      <p>
        <Link to="/sync" className="cds--link">
          {run.backToSync}
        </Link>
      </p>
    </Page>
  )
}

function About({
  sync,
}: {
  sync: {
    user: string
    comment: string
    state: Parameters<typeof SyncTag>[0]['state']
    dryRun: boolean
    resync: boolean
    retry: boolean
    from: string | null
    to: string | null
  }
}) {
  const { run } = useTexts()
  const format = useFormat()
  const kinds = [
    sync.dryRun && run.dryRun,
    sync.resync && run.resync,
    sync.retry && run.retry,
    sync.from !== null && sync.to !== null && run.period(format.day(sync.from), format.day(sync.to)),
  ].filter((kind): kind is string => typeof kind === 'string')
  return (
    <div className="row tight">
      <SyncTag state={sync.state} />
      <span>{run.by(sync.user, sync.comment)}</span>
      {kinds.map((kind) => (
        <span key={kind} className="quiet">
          · {kind}
        </span>
      ))}
    </div>
  )
}
