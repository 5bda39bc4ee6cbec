/** Brings what users did to OpenMRS's audit log. The queue is our own audit table, so an OpenMRS that is away delays nobody. */
import { setTimeout as wait } from 'node:timers/promises'
import type { AuditStore, ClaimedEntry } from '../sql/store/audit.ts'
import type { Log } from './log.ts'
import type { OpenmrsEntry, WriteOpenmrsAudit } from './openmrs/audit-log.ts'
import { OpenmrsUnavailable } from './openmrs/errors.ts'

export interface AuditDeliveryParts {
  store: Pick<AuditStore, 'claimAudit' | 'auditDelivered' | 'auditFailed' | 'giveUpAudit'>
  write: WriteOpenmrsAudit
  log: Pick<Log, 'warn'>
  signal: AbortSignal
  sleep?: (ms: number) => Promise<unknown>
}

const LOOK_MS = 10_000
const FIRST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 10 * 60_000
/** longer than OpenMRS may take for the four requests of an entry */
const CLAIM_SECONDS = 300
/** OpenMRS's page shows when an entry came, not when it happened: after a week it would only mislead */
export const GIVEN_UP_DAYS = 7

/** Until the signal: one entry after the other, the oldest first. Any number of processes may do it. */
export async function deliverAudit(parts: AuditDeliveryParts): Promise<void> {
  const { signal, sleep = (ms) => wait(ms, undefined, { signal, ref: false }) } = parts
  let failures = 0
  while (!signal.aborted) {
    const went = await deliverOne(parts).catch(() => 'failed' as const)
    failures = went === 'failed' ? failures + 1 : 0
    if (went !== 'delivered') await sleep(went === 'failed' ? backOff(failures) : LOOK_MS).catch(() => {})
  }
}

/** `failed`, too, when the database is away: what was claimed is found again. */
async function deliverOne({ store, write, log }: AuditDeliveryParts): Promise<'delivered' | 'failed' | 'none'> {
  const givenUp = await store.giveUpAudit(GIVEN_UP_DAYS)
  if (givenUp > 0)
    log.warn({ entries: givenUp }, `audit entries did not get to OpenMRS within ${GIVEN_UP_DAYS} days; our own table has them`)
  const entry = await store.claimAudit(CLAIM_SECONDS)
  if (!entry) return 'none'
  try {
    await write(toOpenmrs(entry), entry.unanswered)
  } catch (error) {
    const known = error instanceof OpenmrsUnavailable
    log.warn({ entry: entry.id, attempts: entry.attempts + 1 }, known ? error.message : 'an audit entry could not be sent to OpenMRS')
    await store.auditFailed(entry.id, {
      seconds: backOff(entry.attempts + 1) / 1000,
      unanswered: entry.unanswered || !known || error.mayHaveArrived,
    })
    return 'failed'
  }
  await store.auditDelivered(entry.id)
  return 'delivered'
}

const backOff = (failures: number) => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1))

/**
 * OpenMRS writes down our account and the time of arrival: who it was and when is in the text, with the number by which an entry that came twice is known.
 * Bahmni's page takes what comes after a ~ for parameters, and does not open when they are none.
 */
function toOpenmrs({ id, at, user, type, message }: ClaimedEntry): OpenmrsEntry {
  return { type, message: `${user}: ${message} [${at.toISOString()}, no. ${id}]`.replaceAll('~', '-') }
}
