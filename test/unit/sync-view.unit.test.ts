/** What is shown of a sync and its steps, and the story of a step. */
import { describe, expect, test } from 'vitest'
import { linesOf } from '../../src/api/handlers/syncs/sync-log.ts'
import { detailOf, syncAsAsked } from '../../src/api/handlers/syncs/sync-view.ts'
import type { Run, StepRow } from '../../sql/store/store.ts'
import { STEPS } from '../../sql/store/store.ts'
import { mappingOf } from '../support/clinic-model.ts'

const none = { created: 0, updated: 0, unchanged: 0, rejected: 0, adopted: 0 }
const COUNTS = { trackedEntity: none, enrollment: none, event: none }
const at = (seconds: number) => new Date(Date.UTC(2024, 2, 1) + seconds * 1000)

const run = (over: Partial<Run> = {}): Run => ({
  mappingName: 'HTS',
  requestedBy: 'clerk',
  comment: '-',
  dryRun: false,
  from: null,
  to: null,
  resync: false,
  retry: false,
  runId: '0b9c5f2e-6f0e-4b7e-9a52-5d1c1d7f3a10',
  mapping: mappingOf('hts'),
  state: 'running',
  cancelRequested: false,
  failure: null,
  snapshotAt: null,
  programs: [],
  createdAt: at(0),
  startedAt: at(1),
  endedAt: null,
  erasedAt: null,
  counts: COUNTS,
  ...over,
})
const step = (over: Partial<StepRow> = {}): StepRow => ({
  step: 'patients',
  state: 'succeeded',
  chunksTotal: 1,
  chunksDone: 1,
  counts: COUNTS,
  failure: null,
  startedAt: at(1),
  endedAt: at(2),
  ...over,
})
const states = (one: Run, steps: readonly StepRow[]) =>
  detailOf({ run: one, steps, at: at(10) }).steps.map((s) => [s.name, s.state, s.endedAt])

test('a run’s end is written before its last step’s: that has ended too', () => {
  const finish = step({ step: 'finish', state: 'running', chunksDone: 0, endedAt: null })
  for (const state of ['succeeded', 'failed', 'cancelled'] as const)
    expect(states(run({ state, endedAt: at(9) }), [step(), finish])).toEqual([
      ['patients', 'succeeded', at(2).toISOString()],
      ['finish', 'succeeded', at(9).toISOString()],
    ])
  expect(states(run(), [finish])).toEqual([['finish', 'running', null]])
})

test('the steps of a run that was cut off: one did not come to its end, the others did not begin', () => {
  const steps = STEPS.map((name, i) =>
    step({ step: name, state: i === 0 ? 'succeeded' : i === 1 ? 'running' : 'queued', endedAt: i === 0 ? at(2) : null }),
  )
  const detail = detailOf({ run: run({ state: 'failed', failure: 'It was cut off.', endedAt: at(9) }), steps, at: at(10) })
  expect(detail.steps.map((s) => s.state)).toEqual(['succeeded', 'failed', ...Array.from({ length: 6 }, () => 'skipped')])
  expect(detail.steps[1]).toMatchObject({ failure: 'It was cut off.', endedAt: at(9).toISOString() })
})

test('as it was asked for', () => {
  const later = run({ state: 'succeeded', cancelRequested: true, endedAt: at(9), counts: { ...COUNTS, event: { ...none, created: 3 } } })
  expect(syncAsAsked(later)).toEqual(syncAsAsked(run({ state: 'queued', startedAt: null })))
})

describe('the story of a step', () => {
  const texts = (...args: Parameters<typeof linesOf>) =>
    linesOf(...args).map(({ at: when, chunk, text }) => [when && (Date.parse(when) - at(0).getTime()) / 1000, chunk, text])
  const chunks = [
    { chunk: 0, at: at(5) },
    { chunk: 1, at: at(4) },
    { chunk: 7, at: at(6) },
  ]
  test('chunks in the order of time, numbered from one; what failed at its end', () => {
    const failed = step({ state: 'failed', failure: 'DHIS2 is away.', chunksTotal: 4, endedAt: at(9) })
    const said = {
      step: [],
      chunks: [
        { chunk: 0, text: '2 in 5 ms' },
        { chunk: 1, text: '3 in 5 ms' },
        { chunk: 2, text: 'failed: DHIS2 is away.' },
      ],
    }
    expect(texts(failed, chunks, 0, said)).toEqual([
      [1, null, 'begins, 4 chunks'],
      [4, 2, '3 in 5 ms'],
      [5, 1, '2 in 5 ms'],
      [6, 8, 'done'],
      [9, 3, 'failed: DHIS2 is away.'],
      [9, null, 'failed: DHIS2 is away.'],
    ])
  })
  test('the queue does not answer, and not all is shown', () => {
    const counts = { ...COUNTS, trackedEntity: { ...none, created: 1200, rejected: 1 } }
    expect(texts(step({ chunksTotal: 1203, counts }), [{ chunk: 4, at: null }], 1200, null)).toEqual([
      [1, null, 'begins, 1,203 chunks'],
      [null, null, '1,200 chunks before these are not shown'],
      [2, 5, 'done'],
      [2, null, 'done: 1,200 created, 1 rejected'],
    ])
  })
  test('one that did not begin says nothing; one that stood aside says why', () => {
    expect(texts(step({ state: 'queued', startedAt: null, endedAt: null }), [], 0, null)).toEqual([])
    expect(texts(step({ state: 'skipped', startedAt: null }), [], 0, { step: ['not done: the run was cancelled'], chunks: [] })).toEqual([
      [2, null, 'not done: the run was cancelled'],
      [2, null, 'not done'],
    ])
  })
})
