/**
 * Figures for Prometheus. What is counted of runs and records comes from the database, and so is right with any number of processes, of which each tells the
 * same; requests to DHIS2 and the process' own figures are those of the process that is asked. Labels are mappings, steps and states, never patients.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Depth } from '../queues/depths.ts'
import { OUTCOMES, type Figures } from '../sql/store/figures.ts'
import type { ObservedRequest } from './dhis2/http.ts'
import { VERSION } from './version.ts'
import { within } from './within.ts'

export interface Metrics {
  /** how many requests may be on their way to DHIS2, and how large they are, from now on */
  showPace: (limits: { inFlight: number; share: number }) => void
  /** of each request to DHIS2 */
  observe: (request: ObservedRequest) => void
  /** Prometheus' text; what cannot be known now is left out */
  read: () => Promise<string>
  contentType: string
}

export interface MetricsSource {
  figures: () => Promise<Figures>
  depths: () => Promise<readonly Depth[]>
}

/** Several Prometheus ask at the same time, and often. */
const KEPT_MS = 5000
const LIMIT_MS = 3000
const PREFIX = 'bahmni_dhis2_'
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

export function openMetrics(source: MetricsSource, now: () => number = () => performance.now()): Metrics {
  const registry = new Registry()
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] })

  const requests = new Histogram({
    name: `${PREFIX}dhis2_request_seconds`,
    help: 'Requests of this process to DHIS2, each try by itself; status "none": no answer came',
    labelNames: ['method', 'endpoint', 'status'] as const,
    buckets: SECONDS,
    registers: [registry],
  })
  const retries = new Counter({
    name: `${PREFIX}dhis2_retries_total`,
    help: 'Requests of this process to DHIS2 that were second or later tries',
    labelNames: ['method', 'endpoint'] as const,
    registers: [registry],
  })
  const atATime = gauge('dhis2_requests_at_a_time', 'Requests of this process that may write to DHIS2 at a time', [])
  const share = gauge('dhis2_request_share', 'Part of a chunk that goes in one request of this process, 1 or less', [])
  const up = gauge('up', 'Can this process reach the part: 1 or 0', ['part'])
  const runs = gauge('syncs', 'Syncs in the database by state, dry runs too', ['mapping', 'state'])
  const records = gauge('records', 'Records that syncs in the database have settled, by outcome', ['mapping', 'kind', 'outcome'])
  const lastSuccess = gauge('last_success_timestamp_seconds', 'End of the last sync that succeeded', ['mapping'])
  const activeSince = gauge('active_since_timestamp_seconds', 'When the sync that is going on was asked for', ['mapping'])
  const steps = gauge('last_step_seconds', 'Duration of the steps of the last sync that came to its end', ['mapping', 'step'])
  const openRejected = gauge('open_rejected_records', 'Rejected records that somebody has to mend', ['mapping'])
  const oldestRejected = gauge('oldest_open_rejected_timestamp_seconds', 'When the record was rejected first that is open for longest', [
    'mapping',
  ])
  const queues = gauge('queue_jobs', 'Jobs in the queue by state', ['queue', 'state'])
  gauge('build_info', 'Version of the program', ['version', 'node']).set({ version: VERSION, node: process.versions.node }, 1)

  /** A part that is out of reach has no figures: old ones would look like new ones. */
  const forget = (of: 'database' | 'queue') => {
    up.set({ part: of }, 0)
    const gauges = of === 'queue' ? [queues] : [runs, records, lastSuccess, activeSince, steps, openRejected, oldestRejected]
    for (const each of gauges) each.reset()
  }
  const showFigures = (figures: Figures) => {
    forget('database')
    up.set({ part: 'database' }, 1)
    for (const r of figures.runs) runs.set({ mapping: r.mapping, state: r.state }, r.runs)
    for (const r of figures.records) for (const outcome of OUTCOMES) records.set({ mapping: r.mapping, kind: r.kind, outcome }, r[outcome])
    for (const { mapping, lastSuccessAt, activeSince: since } of figures.times) {
      if (lastSuccessAt) lastSuccess.set({ mapping }, lastSuccessAt.getTime() / 1000)
      if (since) activeSince.set({ mapping }, since.getTime() / 1000)
    }
    for (const { mapping, step, seconds } of figures.steps) steps.set({ mapping, step }, seconds)
    for (const { mapping, open, oldestAt } of figures.rejected) {
      openRejected.set({ mapping }, open)
      oldestRejected.set({ mapping }, oldestAt.getTime() / 1000)
    }
  }
  const showDepths = (depths: readonly Depth[]) => {
    forget('queue')
    up.set({ part: 'queue' }, 1)
    for (const { queue, state, jobs } of depths) queues.set({ queue, state }, jobs)
  }

  let kept: { looked: Promise<unknown>; until: number } | null = null
  let isStarted = false
  return {
    showPace(limits) {
      atATime.set(limits.inFlight)
      share.set(limits.share)
    },
    observe({ method, endpoint, status, ms, attempt }) {
      requests.observe({ method, endpoint, status: status === null ? 'none' : String(status) }, ms / 1000)
      if (attempt > 1) retries.inc({ method, endpoint })
    },
    async read() {
      // commands that nobody asks for figures need not measure their event loop
      if (!isStarted) collectDefaultMetrics({ register: registry })
      isStarted = true
      if (!kept || now() >= kept.until) {
        const looked = Promise.all([
          within(LIMIT_MS, source.figures()).then(showFigures, () => forget('database')),
          within(LIMIT_MS, source.depths()).then(showDepths, () => forget('queue')),
        ])
        kept = { looked, until: now() + KEPT_MS }
      }
      await kept.looked
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}
