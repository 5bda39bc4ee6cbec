import { InlineNotification } from '@carbon/react'
import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { RejectedGroups } from '../rejected/rejected-groups.tsx'
import { rejectedOf, totalOf } from '../sync/totals.ts'
import { CountsTable } from './counts-table.tsx'
import { ProgressAnnouncer } from './progress-announcer.tsx'
import { RunFacts } from './run-facts.tsx'
import { RunLog } from './run-log.tsx'
import { StepTimeline } from './step-timeline.tsx'
import { Warnings } from './warnings.tsx'

export function RunBody({ sync }: { sync: SyncDetail }) {
  const { run } = useTexts()
  const session = useSession()
  const rejected = rejectedOf(sync.counts)
  const ended = sync.endedAt !== null
  return (
    <>
      <ProgressAnnouncer sync={sync} />
      {sync.failure !== null && (
        <InlineNotification
          kind={sync.state === 'cancelled' ? 'warning' : 'error'}
          lowContrast
          hideCloseButton
          title={run.failure}
          subtitle={sync.failure}
        />
      )}
      {ended && sync.state === 'succeeded' && totalOf(sync.counts) === 0 && <p className="notice">{run.nothing}</p>}
      <RunFacts sync={sync} />
      <div className="run-split">
        <section aria-labelledby="steps">
          <h2 id="steps">{run.steps}</h2>
          <StepTimeline steps={sync.steps} />
        </section>
        <section aria-labelledby="counts">
          <h2 id="counts">{run.counts}</h2>
          <CountsTable counts={sync.counts} />
        </section>
      </div>
      {(rejected > 0 || ended) && (
        <section aria-labelledby="rejected">
          <h2 id="rejected">{run.rejected}</h2>
          {rejected === 0 ? (
            <p className="quiet">{run.rejectedNone}</p>
          ) : (
            <RejectedGroups key={rejected} filters={{ sync: sync.id }} level={3} />
          )}
        </section>
      )}
      {mayOne(session, ['upload']) && ended && <Warnings id={sync.id} />}
      <RunLog id={sync.id} going={!ended} />
    </>
  )
}
