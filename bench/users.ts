/**
 * Fifty people at their browsers while a sync runs in the same process, as in a clinic: some follow the sync, some read the log, some look at the preview. Nobody
 * may get an error, and the sync should hardly notice them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { hashOf, newSecret, TOKEN_PREFIX } from '../src/accounts/secret.ts'
import { RIGHTS } from '../src/api/contract/operation.ts'
import { percentile, type Figure, type Measurement } from './measurement.ts'
import { ended, MAPPING, REQUEST, type Site } from './site.ts'

const USERS = 50
/** a page is read for so long, on the average */
const READING_MS = 2000
/** of each object, as a real server takes */
const MS_PER_OBJECT = 4
const CONCURRENCY = 2

type Kind = 'logs' | 'preview' | 'sync' | 'progress'
interface Visit {
  kind: Kind
  ms: number
  ok: boolean
}

export const users: Measurement = {
  name: 'users',
  about: `${USERS} users beside a sync`,
  async measure(stage) {
    const windows = stage.short ? { without: 8, with: 15 } : { without: 10, with: 30 }
    const seconds = 3 * windows.without + 2 * windows.with
    // a patient's enrollment and visits are sent in one step, in which all is measured
    const patients = Math.ceil((1.3 * seconds * CONCURRENCY * 1000) / MS_PER_OBJECT / 5)
    const site = await stage.open({
      name: 'bench_users',
      patients,
      msPerObject: MS_PER_OBJECT,
      // small chunks: many of them end in each window
      env: { SYNC_CONCURRENCY: String(CONCURRENCY), SYNC_CHUNK_SIZE: '25', PORT: '0' },
    })
    const served = site.start(['serve'])
    const [, url] = await served.printed(/Open (\S+) in a browser/)
    const crowd = await openCrowd(site, url!)

    const calm = await crowd.during(windows.with * 1000, null)
    const { runId } = await site.service.queues.enqueue(REQUEST)
    while ((await site.service.store.readSteps(runId)).find((step) => step.step === 'new-active')!.chunksDone < 4) await sleep(200)
    await crowd.eventLoopLag()
    const rates = { without: [] as number[], with: [] as number[] }
    const visits: Visit[] = []
    for (const [who, length] of [
      ['without', windows.without],
      ['with', windows.with],
      ['without', windows.without],
      ['with', windows.with],
      ['without', windows.without],
    ] as const) {
      const [before, started] = [(await site.sink.figures()).objects, performance.now()]
      if (who === 'with') visits.push(...(await crowd.during(length * 1000, runId)))
      else await sleep(length * 1000)
      const rate = ((await site.sink.figures()).objects - before) / ((performance.now() - started) / 1000)
      rates[who].push(rate)
      stage.say(`  ${who} users: ${Math.round(rate)} objects/s`)
    }
    const going = await site.service.store.readRun(runId)
    if (going?.state !== 'running') throw new Error('the sync was too short to be measured')
    const lag = await crowd.eventLoopLag()
    await site.service.queues.cancel(runId)
    await ended(site.service, runId).catch(() => {})

    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const kinds = ['logs', 'preview', 'sync', 'progress'] as const
    const p95 = (of: readonly Visit[], kind: Kind) =>
      percentile(
        of.filter((v) => v.kind === kind).map((v) => v.ms),
        95,
      )
    return [
      {
        name: `answers to ${USERS} users that were no success`,
        value: [...calm, ...visits].filter((v) => !v.ok).length,
        unit: '',
        target: { atMost: 0 },
      },
      {
        name: `the sync's rate beside ${USERS} users, to that without`,
        value: mean(rates.with) / mean(rates.without),
        unit: '×',
        target: { atLeast: 0.9 },
      },
      ...kinds.flatMap((kind): Figure[] => [
        { name: `p95 of ${kind} without a sync`, value: p95(calm, kind), unit: 'ms', better: 'less' },
        { name: `p95 of ${kind} beside a sync`, value: p95(visits, kind), unit: 'ms', better: 'less' },
      ]),
      { name: 'requests of the users beside a sync', value: visits.length, unit: '' },
      { name: 'event loop delay, 99 of 100', value: 1000 * lag, unit: 'ms', better: 'less' },
    ]
  },
}

interface Crowd {
  /** @param runId followed by some; null: there is none */
  during: (ms: number, runId: string | null) => Promise<Visit[]>
  /** seconds since it was asked last, of the slowest in a hundred turns; as an administrator sees it in /metrics */
  eventLoopLag: () => Promise<number>
}

async function openCrowd(site: Site, url: string): Promise<Crowd> {
  const tokens = await Promise.all(
    Array.from({ length: USERS }, async (_, i) => {
      const secret = `${TOKEN_PREFIX}${newSecret()}`
      await site.service.store.addToken({ name: `user ${i}`, hash: hashOf(secret), rights: RIGHTS, createdBy: 'bench', days: 1 })
      return secret
    }),
  )
  const ask = async (kind: Kind, path: string, token: string, until: number): Promise<Visit> => {
    const started = performance.now()
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(until - started) + 30_000))
    try {
      const response = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` }, signal })
      if (kind === 'progress') {
        // a stream: its first word is what a page waits for
        const reader = response.body!.getReader()
        await reader.read()
        const visit = { kind, ms: performance.now() - started, ok: response.status === 200 }
        await sleep(Math.max(0, Math.min(5000, until - performance.now())))
        await reader.cancel()
        return visit
      }
      await response.arrayBuffer()
      return { kind, ms: performance.now() - started, ok: response.status === 200 }
    } catch {
      return { kind, ms: performance.now() - started, ok: false }
    }
  }
  const mapping = encodeURIComponent(MAPPING.name)
  return {
    async during(ms, runId) {
      const until = performance.now() + ms
      const visits: Visit[] = []
      const live = async (token: string, i: number) => {
        const pages: [Kind, string][] = [
          ['logs', '/logs'],
          ['preview', `/mappings/${mapping}/preview`],
          ...(runId === null
            ? []
            : ([
                ['sync', `/syncs/${runId}`],
                ['progress', `/syncs/${runId}/progress`],
              ] as [Kind, string][])),
        ]
        await sleep(Math.random() * READING_MS)
        for (let at = i; performance.now() < until; at++) {
          const [kind, path] = pages[at % pages.length]!
          visits.push(await ask(kind, path, token, until))
          await sleep(Math.min(READING_MS * (0.5 + Math.random()), Math.max(0, until - performance.now())))
        }
      }
      await Promise.all(tokens.map(live))
      return visits
    },
    async eventLoopLag() {
      const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${tokens[0]}` } })).text()
      return Number(/^nodejs_eventloop_lag_p99_seconds\S* (\S+)$/m.exec(text)?.[1])
    },
  }
}
