/** What Prometheus is told. */
import { expect, test } from 'vitest'
import type { Depth } from '../../queues/depths.ts'
import type { Figures } from '../../sql/store/figures.ts'
import { openMetrics } from '../../src/metrics.ts'

const FIGURES: Figures = {
  runs: [{ mapping: 'HTS "Service"', state: 'succeeded', runs: 3 }],
  records: [{ mapping: 'HTS "Service"', kind: 'event', created: 5, updated: 4, unchanged: 3, rejected: 2, adopted: 1 }],
  times: [{ mapping: 'HTS "Service"', lastSuccessAt: new Date(1000), activeSince: null }],
  steps: [{ mapping: 'HTS "Service"', step: 'patients', seconds: 1.5 }],
  rejected: [{ mapping: 'HTS "Service"', open: 2, oldestAt: new Date(5000) }],
}
const DEPTHS: Depth[] = [{ queue: 'sync-chunks', state: 'waiting', jobs: 7 }]

function source() {
  const state = { figures: FIGURES as Figures | Error, depths: DEPTHS as Depth[] | Error, asked: 0, now: 0 }
  const answer = <T>(value: T | Error) => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value))
  const metrics = openMetrics(
    {
      figures: () => {
        state.asked++
        return answer(state.figures)
      },
      depths: () => answer(state.depths),
    },
    () => state.now,
  )
  return { state, metrics }
}

test('figures of syncs and records by mapping, and of the queue', async () => {
  const text = await source().metrics.read()
  const mapping = 'mapping="HTS \\"Service\\""'
  for (const line of [
    `bahmni_dhis2_syncs{${mapping},state="succeeded"} 3`,
    `bahmni_dhis2_records{${mapping},kind="event",outcome="rejected"} 2`,
    `bahmni_dhis2_records{${mapping},kind="event",outcome="created"} 5`,
    `bahmni_dhis2_last_success_timestamp_seconds{${mapping}} 1`,
    `bahmni_dhis2_last_step_seconds{${mapping},step="patients"} 1.5`,
    `bahmni_dhis2_open_rejected_records{${mapping}} 2`,
    `bahmni_dhis2_oldest_open_rejected_timestamp_seconds{${mapping}} 5`,
    'bahmni_dhis2_queue_jobs{queue="sync-chunks",state="waiting"} 7',
    'bahmni_dhis2_up{part="database"} 1',
    'bahmni_dhis2_up{part="queue"} 1',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m)
  expect(text).toMatch(/^bahmni_dhis2_build_info\{version="\d+\.\d+\.\d+",node="20|^bahmni_dhis2_build_info\{version="\d+\.\d+\.\d+"/m)
})

test('requests to DHIS2: each try by endpoint and status, and the tries that were not the first', async () => {
  const { metrics } = source()
  const request = { method: 'POST', endpoint: 'tracker', ms: 300 }
  metrics.observe({ ...request, status: 503, attempt: 1 })
  metrics.observe({ ...request, status: null, attempt: 2 })
  metrics.observe({ ...request, status: 200, attempt: 3 })
  const lines = (await metrics.read()).split('\n')
  for (const status of ['503', 'none', '200'])
    expect(lines).toContain(`bahmni_dhis2_dhis2_request_seconds_count{method="POST",endpoint="tracker",status="${status}"} 1`)
  expect(lines).toContain('bahmni_dhis2_dhis2_request_seconds_bucket{le="0.5",method="POST",endpoint="tracker",status="200"} 1')
  expect(lines).toContain('bahmni_dhis2_dhis2_retries_total{method="POST",endpoint="tracker"} 2')
})

test('how many requests go at a time, and how large they are, as it is now', async () => {
  const { metrics } = source()
  metrics.showPace({ inFlight: 2, share: 1 })
  metrics.showPace({ inFlight: 1, share: 0.5 })
  const lines = (await metrics.read()).split('\n')
  expect(lines).toContain('bahmni_dhis2_dhis2_requests_at_a_time 1')
  expect(lines).toContain('bahmni_dhis2_dhis2_request_share 0.5')
})

test('asked often, the database is asked once in five seconds', async () => {
  const { state, metrics } = source()
  await Promise.all([metrics.read(), metrics.read(), metrics.read()])
  state.now = 4999
  await metrics.read()
  expect(state.asked).toBe(1)
  state.now = 5000
  await metrics.read()
  expect(state.asked).toBe(2)
})

test('a part that is out of reach has no figures, and says so; the others have theirs', async () => {
  const { state, metrics } = source()
  await metrics.read()
  state.figures = new Error('away')
  state.now = 5000
  const text = await metrics.read()
  expect(text).toMatch('bahmni_dhis2_up{part="database"} 0')
  expect(text).not.toMatch(/^bahmni_dhis2_(syncs|records|last_success\w*|open_rejected\w*)\{/m)
  expect(text).toMatch(/^bahmni_dhis2_queue_jobs\{/m)
})

test('a mapping that is gone is gone from the figures, and two sources share nothing', async () => {
  const { state, metrics } = source()
  await metrics.read()
  state.figures = { ...FIGURES, runs: [] }
  state.now = 5000
  expect(await metrics.read()).not.toMatch(/^bahmni_dhis2_syncs\{/m)
  expect(await source().metrics.read()).toMatch(/^bahmni_dhis2_syncs\{/m)
})
