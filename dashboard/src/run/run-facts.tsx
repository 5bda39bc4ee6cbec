import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Bar } from '../parts/bar.tsx'
import { Time } from '../parts/time.tsx'
import { useNow } from '../parts/use-now.ts'
import type { ReactNode } from 'react'

/** How far, how fast, how long. */
export function RunFacts({ sync }: { sync: SyncDetail }) {
  const { run } = useTexts()
  const format = useFormat()
  const now = useNow(1)
  const { startedAt, endedAt } = sync
  const took = startedAt === null ? null : (new Date(endedAt ?? now).getTime() - new Date(startedAt).getTime()) / 1000
  const facts: [string, ReactNode][] = [
    [run.startedAt, startedAt === null ? '–' : <Time at={startedAt} />],
    [run.took, took === null ? '–' : format.duration(took)],
    [run.rate, sync.recordsPerSecond === null ? '–' : format.number(Math.round(sync.recordsPerSecond))],
    endedAt === null
      ? [run.left, sync.secondsLeft === null ? run.leftUnknown : format.duration(sync.secondsLeft)]
      : [run.endedAt, <Time key="end" at={endedAt} />],
  ]
  const kind = sync.state === 'failed' || sync.state === 'cancelled' ? 'failed' : endedAt === null ? 'running' : 'done'
  return (
    <>
      <div className="big-bar">
        <Bar percent={sync.percent} label={run.progress} kind={kind} />
        <span>{sync.percent} %</span>
      </div>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
