import { CheckmarkFilled, CircleDash, ErrorFilled, InProgress, Subtract, type CarbonIconType } from '@carbon/react/icons'
import type { SyncDetail } from '../../../src/api/contract/syncs.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Bar } from '../parts/bar.tsx'
import { KINDS, OUTCOMES } from '../sync/totals.ts'

type Step = SyncDetail['steps'][number]
const ICONS: Readonly<Record<Step['state'], CarbonIconType>> = {
  queued: CircleDash,
  running: InProgress,
  succeeded: CheckmarkFilled,
  failed: ErrorFilled,
  skipped: Subtract,
}
/** The document counts six; what comes before and after them has no number. */
const isNumbered = ({ name }: Step) => name !== 'snapshot' && name !== 'finish'

export function StepTimeline({ steps }: { steps: readonly Step[] }) {
  const numbered = steps.filter(isNumbered)
  return (
    <ol className="timeline">
      {steps.map((step) => (
        <StepItem key={step.name} step={step} number={isNumbered(step) ? numbered.indexOf(step) + 1 : null} of={numbered.length} />
      ))}
    </ol>
  )
}

function StepItem({ step, number, of }: { step: Step; number: number | null; of: number }) {
  const { run, steps, stepStates, outcomes } = useTexts()
  const format = useFormat()
  const Icon = ICONS[step.state]
  const percent = step.chunks === 0 ? (step.state === 'succeeded' ? 100 : 0) : Math.round((100 * step.chunksDone) / step.chunks)
  const counted = OUTCOMES.map((outcome) => [outcome, KINDS.reduce((sum, kind) => sum + step.counts[kind][outcome], 0)] as const)
  const took =
    step.startedAt !== null && step.endedAt !== null ? (new Date(step.endedAt).getTime() - new Date(step.startedAt).getTime()) / 1000 : null
  return (
    <li className={`step ${step.state}`} aria-current={step.state === 'running' ? 'step' : undefined}>
      <Icon size={20} aria-hidden="true" />
      <div>
        <p className="step-head">
          <strong>{steps[step.name]}</strong>
          {number !== null && <span className="quiet">{run.stepOf(number, of)}</span>}
          <span className="quiet step-state">
            {stepStates[step.state]}
            {took !== null && step.state !== 'skipped' && ` · ${format.duration(took)}`}
          </span>
        </p>
        {(step.state === 'running' || step.state === 'failed') && step.chunks > 0 && (
          <>
            <Bar percent={percent} label={steps[step.name]} kind={step.state === 'failed' ? 'failed' : 'running'} />
            <p className="quiet small">{run.chunks(format.number(step.chunksDone), format.number(step.chunks))}</p>
          </>
        )}
        {counted.some(([, n]) => n > 0) && (
          <p className="quiet small">
            {counted
              .filter(([, n]) => n > 0)
              .map(([outcome, n]) => `${outcomes[outcome]} ${format.number(n)}`)
              .join(' · ')}
          </p>
        )}
        {step.failure !== null && <p className="bad small">{step.failure}</p>}
      </div>
    </li>
  )
}
