/** Can this process do its work now? Without DHIS2 it can: syncs wait, and its pages say why. */
import { databaseIsNewer, migrationLevel } from '../../sql/migrate.ts'
import { systemSentence, RunFailure } from '../errors.ts'
import { TooSlowError, within } from '../within.ts'
import type { ApiContext } from './handler.ts'

interface Part {
  name: 'database' | 'migrations' | 'queue' | 'dhis2'
  ok: boolean
  /** when it is not well the process is not ready */
  required: boolean
  text: string
}

export interface Readiness {
  ready: boolean
  parts: Part[]
}

const LIMIT_MS = 2000
/** asked for every few seconds, by several at the same time */
const KEPT_MS = 2000

export function openReadiness(ctx: Pick<ApiContext, 'store' | 'queues' | 'live'>): () => Promise<Readiness> {
  let kept: { found: Promise<Readiness>; until: number } | null = null
  return () => {
    if (!kept || performance.now() >= kept.until) kept = { found: look(ctx), until: performance.now() + KEPT_MS }
    return kept.found
  }
}

async function look({ store, queues, live }: Pick<ApiContext, 'store' | 'queues' | 'live'>): Promise<Readiness> {
  const [applied, queue, dhis2] = await Promise.all([
    tried('database', store.listMigrations()),
    tried('queue', queues.steps.getJobCounts('waiting')),
    within(LIMIT_MS, live.status()).then(
      (status) => status.dhis2,
      () => ({ ok: false, text: 'DHIS2 does not answer in time.' }),
    ),
  ])
  const parts: Part[] = [
    { name: 'database', required: true, ok: applied.ok, text: applied.ok ? 'The database answers.' : applied.text },
    { name: 'migrations', required: true, ...levelOf(applied.ok ? applied.value : null) },
    { name: 'queue', required: true, ok: queue.ok, text: queue.ok ? `The queue in ${WHERE[queues.kind]} answers.` : queue.text },
    { name: 'dhis2', required: false, ...dhis2 },
  ]
  return { ready: parts.every((part) => part.ok || !part.required), parts }
}

const WHERE = { postgres: 'PostgreSQL', redis: 'Redis' } as const

function levelOf(applied: readonly string[] | null): { ok: boolean; text: string } {
  if (applied === null) return { ok: false, text: 'Whether the tables are those of this version cannot be seen now.' }
  const { missing, unknown } = migrationLevel(applied)
  if (unknown.length > 0) return { ok: false, text: databaseIsNewer(unknown) }
  if (missing.length > 0) return { ok: false, text: `The database lacks ${missing.join(', ')}. Run "bahmni-dhis2-sync migrate".` }
  return { ok: true, text: 'The tables are those of this version.' }
}

async function tried<T>(name: string, work: Promise<T>): Promise<{ ok: true; value: T } | { ok: false; text: string }> {
  try {
    return { ok: true, value: await within(LIMIT_MS, work) }
  } catch (error) {
    if (error instanceof TooSlowError) return { ok: false, text: `The ${name} does not answer in time.` }
    if (error instanceof RunFailure) return { ok: false, text: error.message }
    return { ok: false, text: systemSentence(error) ?? `The ${name} fails. The program’s log may say why.` }
  }
}
