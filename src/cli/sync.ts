import { setTimeout as sleep } from 'node:timers/promises'
import type { RunRequest } from '../../sql/store/store.ts'
import { SILENT_SECONDS } from '../../queues/heartbeat.ts'
import { CUT_OFF, settleAsFailed } from '../../queues/settle-runs.ts'
import { readConfig, type Config } from '../config.ts'
import { systemSentence } from '../errors.ts'
import { createLog } from '../log.ts'
import { openService } from '../service.ts'
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
  const service = await openService(config, createLog(config.logLevel === 'info' ? 'error' : config.logLevel))
  try {
    const run = await service.queues.enqueue(request)
    const cancel = () => void service.store.requestCancel(run.runId)
    for (const signal of SIGNALS) process.once(signal, cancel)
    await service.startWorkers()
    const report = async () => {
      const ownChecks = request.dryRun && (await service.connect().catch(() => null))?.canValidate === false
      return readReport(service.store, run.runId, ownChecks ? 'own checks only' : 'DHIS2')
    }
    try {
      await followRun(service.store, run.runId, { stream: process.stderr, quiet })
    } catch (error) {
      const ended = await whenReachable(async () => {
        await settleAsFailed(service.store, run.runId, systemSentence(error) ?? CUT_OFF)
        return report()
      })
      // workers that the database came back to sooner may have completed it
      if (ended?.state !== 'succeeded') throw error
      return ended
    }
    for (const signal of SIGNALS) process.off(signal, cancel)
    return await report()
  } finally {
    // how the run ended is known: a connection that breaks now does not make it another end
    await service.close().catch(() => {})
  }
}

/**
 * A database that restarts is back in seconds. It is waited for until the next sync would take the run for abandoned by itself: whoever starts one when
 * this command has ended is never told to wait for a run that nobody works on. @returns null: it stays away
 */
async function whenReachable<Result>(settle: () => Promise<Result>): Promise<Result | null> {
  for (let tries = 0; tries <= SILENT_SECONDS; tries++) {
    try {
      return await settle()
    } catch {
      if (tries === 0) process.stderr.write(`Waiting up to ${SILENT_SECONDS} s for the database, to write down how this sync ended …\n`)
      await sleep(1000)
    }
  }
  return null
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
