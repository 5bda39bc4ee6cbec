/** Follows a run until its end, with a bar for each step on a terminal and a line for each finished step elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises'
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import { stepLabel } from '../../queues/jobs.ts'
import { total } from '../../jobs/finish-run.ts'
import type { Run, Step, StepRow, Store } from '../../sql/store/store.ts'

const POLL_MS = 250
const ENDED: readonly Run['state'][] = ['succeeded', 'failed', 'cancelled']

export interface ProgressOutput {
  stream: NodeJS.WriteStream
  /** nothing is printed */
  quiet: boolean
}

export async function followRun(store: Store, runId: string, output: ProgressOutput): Promise<Run> {
  const show = output.quiet ? () => {} : output.stream.isTTY ? bars(output.stream) : lines(output.stream)
  for (;;) {
    const run = await store.readRun(runId)
    if (!run) throw new Error(`run ${runId} is not in the database any more`)
    const ended = ENDED.includes(run.state)
    show(await store.readSteps(runId), ended)
    if (ended) return run
    await sleep(POLL_MS)
  }
}

type Show = (steps: readonly StepRow[], ended: boolean) => void

function bars(stream: NodeJS.WriteStream): Show {
  const multi = new MultiBar({ stream, format: '{label} {bar} {percentage}% {text}', hideCursor: true, emptyOnZero: true }, Presets.rect)
  const started = new Map<Step, SingleBar>()
  return (steps, ended) => {
    for (const step of shown(steps)) {
      const payload = { label: stepLabel(step.step).padEnd(34), text: textOf(step) }
      const done = step.state === 'succeeded' ? step.chunksTotal : step.chunksDone
      const bar = started.get(step.step) ?? multi.create(step.chunksTotal, 0, payload)
      started.set(step.step, bar)
      bar.setTotal(step.chunksTotal)
      bar.update(done, payload)
    }
    if (ended) multi.stop()
  }
}

function lines(stream: NodeJS.WriteStream): Show {
  const printed = new Set<Step>()
  return (steps) => {
    for (const step of shown(steps)) {
      if (printed.has(step.step) || step.state === 'running') continue
      printed.add(step.step)
      stream.write(`${stepLabel(step.step).padEnd(34)} ${textOf(step)}\n`)
    }
  }
}

const shown = (steps: readonly StepRow[]) => steps.filter((step) => step.step !== 'finish' && step.state !== 'queued')

function textOf(step: StepRow): string {
  if (step.state === 'failed') return `failed: ${step.failure ?? ''}`
  if (step.state === 'skipped') return 'not done'
  const counts = total([step])
  const parts = (['created', 'updated', 'unchanged', 'rejected'] as const).flatMap((key) =>
    counts[key] > 0 ? [`${counts[key]} ${key}`] : [],
  )
  if (parts.length > 0 || step.state !== 'succeeded') return parts.join(', ')
  return step.chunksTotal > 0 ? 'done' : 'nothing to do'
}
