import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useTexts } from '../i18n/texts.tsx'
import { stepOfRun } from '../sync/current-step.ts'

/** For ears: a new sentence every ten percent, not with every record. */
export function ProgressAnnouncer({ sync }: { sync: SyncDetail }) {
  const { run, steps, syncStates } = useTexts()
  const step = stepOfRun(sync)
  const text =
    sync.endedAt !== null
      ? run.announceEnd(syncStates[sync.state])
      : run.announce(step === null ? syncStates[sync.state] : steps[step], Math.floor(sync.percent / 10) * 10)
  return (
    <p className="hidden" role="status" aria-live="polite">
      {text}
    </p>
  )
}
