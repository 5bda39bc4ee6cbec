import { setTimeout as sleep } from 'node:timers/promises'
import { RunActiveError, type Run, type RunRequest, type Store } from '../../sql/store/store.ts'
import { SILENT_SECONDS } from '../../queues/heartbeat.ts'
import { readConfig, type Config } from '../config.ts'
import { systemSentence } from '../errors.ts'
import { createLog } from '../log.ts'
import { openService, type Service } from '../service.ts'
import { EXIT, UsageError } from './exit.ts'
import { followRun } from './progress.ts'
import { printReport, readReport, type RunReport } from './report.ts'

export interface SyncOptions {
  comment: string
  user: string
  dryRun?: boolean
  from?: string
  to?: string
  resync?: boolean
  json?: boolean
}

export async function runSync(
  env: Readonly<Record<string, string | undefined>>,
  mappingName: string,
  options: SyncOptions,
): Promise<number> {
  const request = requestOf(mappingName, options)
  const report = await syncOnce(readConfig(env, ['database', 'dhis2']), request, options.json ?? false)
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : printReport(report)}\n`)
  return report.state === 'succeeded' ? EXIT.ok : EXIT.failed
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Queues the run, works on it here (other workers may help), and follows it to its end. */
export async function syncOnce(config: Config, request: RunRequest, quiet: boolean): Promise<RunReport> {
  const service = await openService(config, createLog(config.logLevel === 'info' ? 'warn' : config.logLevel))
  try {
    const run = await enqueue(service, request)
    const cancel = () => void service.store.requestCancel(run.runId)
    for (const signal of SIGNALS) process.once(signal, cancel)
    await service.startWorkers()
    try {
      await followRun(service.store, run.runId, { stream: process.stderr, quiet })
    } catch (error) {
      await settleWhenReachable(service.store, run.runId, systemSentence(error) ?? CUT_OFF)
      throw error
    }
    for (const signal of SIGNALS) process.off(signal, cancel)
    const ownChecks = request.dryRun && (await service.connect().catch(() => null))?.canValidate === false
    return await readReport(service.store, run.runId, ownChecks ? 'own checks only' : 'DHIS2')
  } finally {
    await service.close()
  }
}

const CUT_OFF = 'The run was cut off before its end. Sync again to send what is missing.'

/** A run that no process works on would be in the way for ever: its own was killed, or lost the database. @throws RunActiveError */
async function enqueue({ queues, store }: Service, request: RunRequest): Promise<Run> {
  try {
    return await queues.enqueue(request)
  } catch (error) {
    if (!(error instanceof RunActiveError)) throw error
    const { runId } = error
    // a worker that is there takes the run's jobs in their turn, though it may not work on them now
    const abandoned =
      (await store.listSilentRuns(SILENT_SECONDS)).some((run) => run.runId === runId) && (await queues.steps.getWorkersCount()) === 0
    if (!abandoned) throw error
    await settle(store, runId, CUT_OFF)
    return queues.enqueue(request)
  }
}

/** Ends a run as failed; jobs that it left in the queue do nothing any more. */
async function settle(store: Store, runId: string, failure: string): Promise<void> {
  await store.requestCancel(runId)
  await store.finishRun(runId, { state: 'failed', failure, statusInfo: failure, moveMarkers: false })
}

/** A database that restarts is back in seconds; one that stays away leaves the run to the next sync. */
async function settleWhenReachable(store: Store, runId: string, failure: string): Promise<void> {
  for (let tries = 1; tries <= 5; tries++) {
    try {
      return await settle(store, runId, failure)
    } catch {
      await sleep(1000)
    }
  }
}

/** @throws UsageError */
export function requestOf(mappingName: string, options: SyncOptions): RunRequest {
  const { from = null, to = null } = options
  if (options.comment.trim() === '') throw new UsageError('--comment should say why: it is what the log shows.')
  checkPeriod(from, to)
  return {
    mappingName,
    requestedBy: options.user,
    comment: options.comment,
    dryRun: options.dryRun ?? false,
    from,
    to,
    resync: options.resync ?? false,
  }
}

/** Both days or none, real ones, in order. @throws UsageError */
export function checkPeriod(from: string | null, to: string | null): void {
  for (const [name, day] of [
    ['--from', from],
    ['--to', to],
  ] as const)
    if (day !== null && !isDay(day)) throw new UsageError(`${name} should be a day like 2024-03-01, not "${day}".`)
  if ((from === null) !== (to === null)) throw new UsageError('--from and --to go together.')
  if (from !== null && to !== null && from > to) throw new UsageError('--from should not be after --to.')
}

/** JavaScript takes 2024-02-30 for the first of March; PostgreSQL knows no year 0. */
function isDay(text: string): boolean {
  const time = /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
