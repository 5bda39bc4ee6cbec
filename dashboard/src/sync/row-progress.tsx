import { Link } from 'react-router'
import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useTexts } from '../i18n/texts.tsx'
import { Bar } from '../parts/bar.tsx'
import { stepOfRun } from './current-step.ts'

/** The sync that is going on: its step, its percent, whose it is. */
export function RowProgress({ active }: { active: SyncDetail }) {
  const { sync, steps, syncStates } = useTexts()
  const step = stepOfRun(active)
  const text = step === null ? syncStates[active.state] : sync.running(steps[step], active.percent)
  return (
    <div className="row-progress">
      <Bar percent={active.percent} label={sync.percentLabel(active.mapping)} />
      <p>
        <span>{text}</span> <span className="quiet">{sync.by(active.user)}</span> <Link to={`/runs/${active.id}`}>{sync.details}</Link>
      </p>
    </div>
  )
}
