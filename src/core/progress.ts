/** How far a sync is, how fast, and for how long yet: from what its own steps have done, and nothing where that says nothing. */

export interface StepProgress {
  step: string
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'skipped'
  /** of the steps that send enrollments known once these are planned */
  chunks: number
  chunksDone: number
  /** records that came to their end in this step */
  records: number
  startedAt: Date | null
  endedAt: Date | null
}

export interface Progress {
  percent: number
  recordsPerSecond: number | null
  secondsLeft: number | null
}

const SENDING = ['new-completed', 'updated-completed', 'new-active', 'updated-active']
/** Of a hundred, for the bar; what is left is for the four that send enrollments, by their chunks. */
const SHARE: Readonly<Record<string, number>> = { snapshot: 5, patients: 25, enrollments: 10 }
const SHARE_OF_SENDING = 60

export function progressOf(
  run: { state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'; cancelRequested: boolean },
  steps: readonly StepProgress[],
  at: Date,
): Progress {
  return {
    percent: run.state === 'succeeded' ? 100 : Math.min(99, Math.floor(percentOf(steps))),
    recordsPerSecond: rateOf(steps, at),
    secondsLeft: run.state === 'running' && !run.cancelRequested ? secondsLeft(steps, at) : null,
  }
}

const isPlanned = (steps: readonly StepProgress[]) => steps.some((s) => s.step === 'enrollments' && s.state === 'succeeded')
const ofSending = (steps: readonly StepProgress[]) => steps.filter((s) => SENDING.includes(s.step))
const sum = (steps: readonly StepProgress[], of: (step: StepProgress) => number) => steps.reduce((total, step) => total + of(step), 0)
const doneOf = (step: StepProgress) => (step.state === 'succeeded' ? step.chunks : step.chunksDone)

function percentOf(steps: readonly StepProgress[]): number {
  const before = sum(steps, (step) => {
    const done = step.state === 'succeeded' ? 1 : step.chunks > 0 ? step.chunksDone / step.chunks : 0
    return (SHARE[step.step] ?? 0) * done
  })
  if (!isPlanned(steps)) return before
  const sending = ofSending(steps)
  const chunks = sum(sending, (s) => s.chunks)
  return before + SHARE_OF_SENDING * (chunks === 0 ? 1 : sum(sending, doneOf) / chunks)
}

function secondsSpent({ startedAt, endedAt }: StepProgress, at: Date): number {
  return startedAt === null ? 0 : Math.max(0, (endedAt ?? at).getTime() - startedAt.getTime()) / 1000
}

/** Of the steps that send: what the snapshot found unchanged took no time. */
function rateOf(steps: readonly StepProgress[], at: Date): number | null {
  const sending = steps.filter((s) => s.step === 'patients' || SENDING.includes(s.step))
  const [records, seconds] = [sum(sending, (s) => s.records), sum(sending, (s) => secondsSpent(s, at))]
  return records === 0 || seconds === 0 ? null : Math.round((10 * records) / seconds) / 10
}

/**
 * A step goes on as it did so far, and one that has not begun goes as those like it did. Patients and enrollments cost DHIS2 unlike times, so before the
 * first chunk of enrollments is sent nothing can be said.
 */
function secondsLeft(steps: readonly StepProgress[], at: Date): number | null {
  if (!isPlanned(steps)) return null
  const sending = ofSending(steps)
  const left = (step: StepProgress) =>
    step.state === 'queued' || step.state === 'running' ? Math.max(0, step.chunks - step.chunksDone) : 0
  if (sum(sending, left) === 0) return 0
  const done = sum(sending, doneOf)
  if (done === 0) return null
  const usual = sum(sending, (s) => secondsSpent(s, at)) / done
  const each = (step: StepProgress) => (step.chunksDone > 0 ? secondsSpent(step, at) / step.chunksDone : usual)
  return Math.ceil(sum(sending, (step) => left(step) * each(step)))
}
