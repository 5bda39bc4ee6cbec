/** Do DHIS2, the Mart and the queue work? Every page that is open asks: it is answered from memory for some seconds, and never waits for long. */
import type { z } from 'zod'
import type { Config } from '../config.ts'
import type { Probe } from '../dhis2/connect.ts'
import { RunFailure, systemSentence } from '../errors.ts'
import { dhis2Probe, type Service } from '../service.ts'
import { TooSlowError, within } from '../within.ts'
import type { statusOperations } from './contract/status.ts'

export type Status = z.input<(typeof statusOperations.readStatus.answers)[200]>
type Part = Status['dhis2']

export interface StatusTimes {
  /** an answer is given again for so long */
  keptMs: number
  /** for each part */
  limitMs: number
}
const TIMES: StatusTimes = { keptMs: 10_000, limitMs: 3000 }

export interface StatusWatch {
  read: () => Promise<Status>
  close: () => void
}

export function openStatus(parts: Pick<Service, 'store' | 'queues'> & { config: Config }, times: StatusTimes = TIMES): StatusWatch {
  const { store, queues, config } = parts
  const probe = dhis2Probe(config, times.limitMs)
  const looks = {
    dhis2: limited(() => lookAtDhis2(probe), times.limitMs),
    mart: limited(() => lookAtMart(store), times.limitMs),
    queue: limited(() => lookAtQueue(queues), times.limitMs),
    rejected: limited(() => store.countRejected({ state: 'open' }), times.limitMs),
  }
  const look = async (): Promise<Status> => {
    const [dhis2, mart, queue, openRejected] = await Promise.all([
      looks.dhis2().catch((error: unknown) => partOf('DHIS2', error)),
      looks.mart().catch((error: unknown) => partOf('The database', error)),
      looks.queue().catch((error: unknown) => partOf('The queue', error)),
      looks.rejected().catch(() => null),
    ])
    return { dhis2, mart, queue, openRejected, checkedAt: new Date().toISOString() }
  }
  let kept: { status: Promise<Status>; until: number } | null = null
  return {
    read() {
      if (!kept || performance.now() >= kept.until) kept = { status: look(), until: performance.now() + times.keptMs }
      return kept.status
    },
    close: () => void probe.close(),
  }
}

/** One look at a time: while one hangs, nobody begins another. */
function limited<T>(look: () => Promise<T>, ms: number): () => Promise<T> {
  let going: Promise<T> | null = null
  return () => {
    going ??= look().finally(() => (going = null))
    return within(ms, going)
  }
}

async function lookAtDhis2(probe: Probe): Promise<Part> {
  const { version, api } = await probe.look()
  return { ok: true, text: `DHIS2 ${version} answers, ${api} API.` }
}

async function lookAtMart(store: Service['store']): Promise<Part> {
  const { mappings, problems } = await store.findMart()
  const [first, ...others] = problems
  if (first !== undefined) return { ok: false, text: others.length === 0 ? first : `${first} So it is with ${others.length} more.` }
  if (mappings === 0) return { ok: true, text: 'The database answers. There is no mapping yet.' }
  return { ok: true, text: `The Mart has what the ${mappings === 1 ? 'mapping asks' : `${mappings} mappings ask`} for.` }
}

async function lookAtQueue({ kind, countWorkers }: Service['queues']): Promise<Part> {
  const workers = await countWorkers()
  const where = kind === 'redis' ? 'Redis' : 'PostgreSQL'
  if (workers === 0)
    return { ok: false, text: 'No process works on syncs: they wait until "bahmni-dhis2-sync serve" or "work" is started.' }
  return {
    ok: true,
    text: `The queue in ${where} answers, and ${workers === 1 ? '1 process works' : `${workers} processes work`} on syncs.`,
  }
}

function partOf(name: string, error: unknown): Part {
  if (error instanceof TooSlowError) return { ok: false, text: `${name} does not answer in time.` }
  if (error instanceof RunFailure) return { ok: false, text: error.message }
  return { ok: false, text: systemSentence(error) ?? `${name} fails. The program’s log may say why.` }
}
