/** Which of the Mart's rows a run has to look at. */
import { sql, type FragmentSqlToken } from 'slonik'
import type { Kind } from '../../src/core/model.ts'
import { isDismissed } from '../store/dismissed.ts'
import { BELONGS } from '../store/links.ts'
import type { RunRequest } from '../store/store.ts'

export interface DeltaOptions {
  mappingName: string
  /** last_synced_date as text; null: from the beginning */
  marker: string | null
  /** rows may appear in the Mart days after their date_created: a mart that was down, a tablet that was offline */
  overlapDays: number
}

/** asked once, where now() by itself is turned into the session's zone for each row */
const NOW = sql.fragment`(select now()::timestamp)`

/** A condition over the columns of selectRows (as r), for one kind. */
export function inDelta(
  kind: Kind,
  request: Pick<RunRequest, 'from' | 'to' | 'resync'>,
  { mappingName, marker, overlapDays }: DeltaOptions,
): FragmentSqlToken {
  if (request.resync) return sql.fragment`true`
  if (request.from !== null && request.to !== null) {
    // the last generation's date range: events by the day of the visit, the others by the day they were made
    const day = kind === 'event' ? sql.fragment`sync_timestamp(r.event_date)` : sql.fragment`r.created`
    return sql.fragment`${day}::date between ${request.from}::date and ${request.to}::date`
  }
  if (marker === null) return sql.fragment`true`
  // null and absurd dates are in every snapshot, the hash makes that cheap; a record rejected earlier is sent again until it passes, a doubtful one
  // once; a dismissed one is looked at, so that a change of its row is seen whatever its date. The marker's own moment may still get rows, and a marker in
  // the future (a clock that was ahead, a Java service that met a row of 2099) says nothing of what is synced.
  const noted = (table: FragmentSqlToken) =>
    sql.fragment`select record_key from ${table} where mapping_name = ${mappingName} and kind = ${kind}`
  return sql.fragment`(
    r.created >= ${marker}::timestamp - make_interval(days => ${overlapDays}) or r.created is null or r.created < '1900-01-01' or r.created > ${NOW}
    or ${marker}::timestamp > ${NOW}
    or ${isAmong(sql.fragment`record_key`, sql.fragment`${noted(sql.fragment`sync_rejected`)} and state <> 'settled'`)}
    or ${isAmong(sql.fragment`record_key`, noted(sql.fragment`sync_doubt`))}
  )`
}

/**
 * r's column is in one of these rows. Not "in", for which PostgreSQL goes through all of them for each row when they are many; and whether there are any is asked
 * once, because mostly there are none.
 */
const isAmong = (column: FragmentSqlToken, rows: FragmentSqlToken) =>
  sql.fragment`(exists (${rows}) and exists (select from (${rows}) as w where w.${column} = r.${column}))`

/** DHIS2 has such a row (as d; c is its sync_confirmed). @param force what it has is sent all the same */
export const isConfirmed = (force: boolean) => sql.fragment`(
  not ${force} and c.hash is not null and c.hash = d.hash
  and not exists (select from sync_doubt o where o.mapping_name = c.mapping_name and o.kind = c.kind and o.record_key = c.record_key))`

/** Nothing is sent of such a row: DHIS2 has it, or it was dismissed. */
export const isSettled = (mappingName: string, kind: Kind, force: boolean) =>
  sql.fragment`(${isDismissed(mappingName, kind)} or ${isConfirmed(force)})`

/**
 * An enrollment that is to be sent brings those of its events (as r) that were never delivered, however old they are.
 * @param sent a subquery of them: patient_id, program, unique_id, enrollment_date
 */
export const isOfSentEnrollment = (sent: FragmentSqlToken, mappingName: string) => sql.fragment`(
  ${isAmong(sql.fragment`patient_id`, sql.fragment`select patient_id from ${sent} as e`)}
  and exists (
    select from ${sent} as e where e.patient_id = r.patient_id and ${BELONGS})
  and not exists (select from event_tracker t where t.program = r.program and t.program_stage = r.program_stage and t.event_unique_id = r.unique_id)
  and not exists (select from sync_confirmed c where c.mapping_name = ${mappingName} and c.kind = 'event' and c.record_key = r.record_key)
)`
