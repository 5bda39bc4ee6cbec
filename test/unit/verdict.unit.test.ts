/** How a run ends, and when a step stands aside. */
import { expect, test } from 'vitest'
import { judge } from '../../jobs/finish-run.ts'
import { standsAside } from '../../queues/step-worker.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { STEPS, type Counts, type Run, type Step, type StepRow, type StepState } from '../../sql/store/store.ts'

const none = (): Counts => ({ created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 })
const counts = (over: Partial<Counts> = {}) =>
  Object.fromEntries(KINDS.map((k, i) => [k, i === 0 ? { ...none(), ...over } : none()])) as Record<Kind, Counts>
const steps = (over: Partial<Record<Step, { state?: StepState; counts?: Partial<Counts>; failure?: string }>> = {}): StepRow[] =>
  STEPS.map((step) => ({
    step,
    state: over[step]?.state ?? 'succeeded',
    chunksTotal: 1,
    chunksDone: 1,
    counts: counts(over[step]?.counts),
    failure: over[step]?.failure ?? null,
    startedAt: null,
    endedAt: null,
  }))
const run = (over: Partial<Run> & { onRejected?: 'stop' | 'continue' } = {}): Run =>
  ({
    runId: 'r',
    mapping: { onRejected: over.onRejected ?? 'stop' },
    cancelRequested: false,
    dryRun: false,
    from: null,
    to: null,
    resync: false,
    ...over,
  }) as Run

test.each([
  ['all went well', run(), steps({ patients: { counts: { created: 2 } } }), 0, { state: 'succeeded', statusInfo: '', moveMarkers: true }],
  ['nothing to do', run(), steps(), 0, { state: 'succeeded', statusInfo: 'No delta data to sync.', moveMarkers: true }],
  ['a dry run leaves the markers', run({ dryRun: true }), steps(), 0, { state: 'succeeded', moveMarkers: false }],
  ['a period leaves the markers', run({ from: '2024-01-01', to: '2024-02-01' }), steps(), 0, { state: 'succeeded', moveMarkers: false }],
  [
    'stop: a rejected record fails the run',
    run(),
    steps({ patients: { counts: { created: 5, rejected: 1 } } }),
    3,
    {
      state: 'failed',
      failure: '1 record was rejected',
      statusInfo: '1 record was rejected, Please contact Admin team.',
      moveMarkers: false,
    },
  ],
  [
    'continue: rejected records are told and the markers move',
    run({ onRejected: 'continue' }),
    steps({ patients: { counts: { created: 5, rejected: 2 } } }),
    0,
    { state: 'succeeded', statusInfo: '2 records were rejected', moveMarkers: true },
  ],
  [
    'a failed step says why',
    run(),
    steps({ patients: { state: 'failed', failure: 'DHIS2 does not answer' } }),
    9,
    {
      state: 'failed',
      failure: 'DHIS2 does not answer',
      statusInfo: 'DHIS2 does not answer, Please contact Admin team.',
      moveMarkers: false,
    },
  ],
  ['a cancelled run', run({ cancelRequested: true }), steps(), 4, { state: 'cancelled', moveMarkers: false }],
  [
    'a step that never came to its end is never called a success',
    run(),
    steps({ snapshot: { state: 'running' } }),
    0,
    { state: 'failed', failure: 'step snapshot did not come to its end', moveMarkers: false },
  ],
  [
    'records without an outcome are never called a success',
    run(),
    steps({ patients: { counts: { created: 1 } } }),
    2,
    { state: 'failed', moveMarkers: false },
  ],
])('%s', (_name, r, s, pending, expected) => {
  expect(judge(r, s, pending)).toMatchObject(expected)
})

test.each<[string, Run, Step, StepRow[], RegExp | null]>([
  ['nothing happened', run(), 'new-active', steps(), null],
  ['cancelled', run({ cancelRequested: true }), 'patients', steps(), /cancelled/],
  ['an earlier step failed', run(), 'enrollments', steps({ patients: { state: 'failed' } }), /patients failed/],
  ['an earlier step never came to its end', run(), 'enrollments', steps({ patients: { state: 'running' } }), /patients failed/],
  ['its own first try failed', run(), 'patients', steps({ patients: { state: 'failed' } }), null],
  ['stop: rejected in a sending step', run(), 'enrollments', steps({ patients: { counts: { rejected: 1 } } }), /rejected in step patients/],
  ['stop: rejected in a step that sends nothing', run(), 'patients', steps({ snapshot: { counts: { rejected: 1 } } }), null],
  ['continue', run({ onRejected: 'continue' }), 'enrollments', steps({ patients: { counts: { rejected: 1 } } }), null],
])('a step stands aside: %s', (_name, r, step, s, reason) => {
  const aside = standsAside(r, step, s)
  if (reason === null) expect(aside).toBeNull()
  else expect(aside).toMatch(reason)
})
