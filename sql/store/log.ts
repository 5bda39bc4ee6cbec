/** The document's log table: what users read of each sync. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import type { LogRow, RunRequest } from './store.ts'

export interface LogFilter {
  /** ISO 8601 with a zone, both inclusive */
  from?: string | undefined
  to?: string | undefined
  /** parts of names, in any case */
  service?: string | undefined
  user?: string | undefined
  status?: LogRow['status'] | undefined
  /** a part of the comments or the status info, in any case */
  text?: string | undefined
}
/** Ids: older or newer than these, the ones next to them. */
interface LogPage {
  before?: number | undefined
  after?: number | undefined
  limit: number
}

export interface LogEntry {
  id: number
  service: string
  user: string
  comments: string
  status: LogRow['status']
  statusInfo: string
  at: Date | null
  /** yyyy-MM-dd */
  from: string | null
  to: string | null
  /** null: a Java service's */
  syncId: string | null
}

export interface LogStore {
  /** The newest first. `older`, `newer`: there are more on that side of the page. */
  listLog(filter: LogFilter, page: LogPage): Promise<{ rows: readonly LogEntry[]; older: boolean; newer: boolean }>
}

const entryRow = z.object({
  id: z.int(),
  service: z.string(),
  user: z.string(),
  comments: z.string(),
  status: z.enum(['pending', 'success', 'failed']),
  statusInfo: z.string(),
  at: z.date().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  syncId: z.string().nullable(),
})

export function logMethods(pool: DatabasePool): LogStore {
  return {
    async listLog(filter, { before, after, limit }) {
      const conditions = conditionsOf(filter)
      // the page next to `after` is the far end of what is newer
      const upward = after !== undefined && before === undefined
      const rows = await pool.any(sql.type(entryRow)`
        select log_id as id, coalesce(program, '') as service, coalesce(synced_by, '') as user, coalesce(comments, '') as comments, ${STATUS} as status,
          coalesce(status_info, '') as "statusInfo", ${AT} as at, to_char(start_date, 'YYYY-MM-DD') as from, to_char(end_date, 'YYYY-MM-DD') as to,
          (select run_id::text from sync_run r where r.log_id = log.log_id limit 1) as "syncId"
        from log where ${conditions}
          and ${before === undefined ? sql.fragment`true` : sql.fragment`log_id < ${before}::bigint`}
          and ${after === undefined ? sql.fragment`true` : sql.fragment`log_id > ${after}::bigint`}
        order by log_id ${upward ? sql.fragment`asc` : sql.fragment`desc`} limit ${limit}`)
      const page = upward ? rows.toReversed() : rows
      const [newest, oldest] = [page[0]?.id, page.at(-1)?.id]
      const anyWhere = async (place: FragmentSqlToken) =>
        pool.oneFirst(sql.type(z.object({ found: z.boolean() }))`select exists (select from log where ${conditions} and ${place}) as found`)
      // an empty page is just before or after the row that it was asked from
      const olderPlace =
        oldest !== undefined ? sql.fragment`log_id < ${oldest}` : after !== undefined && sql.fragment`log_id <= ${after}::bigint`
      const newerPlace =
        newest !== undefined ? sql.fragment`log_id > ${newest}` : before !== undefined && sql.fragment`log_id >= ${before}::bigint`
      return { rows: page, older: olderPlace && (await anyWhere(olderPlace)), newer: newerPlace && (await anyWhere(newerPlace)) }
    },
  }
}

// date_created is the server's wall clock without a zone, and the session's zone is the site's: see openPool
const AT = sql.fragment`case when isfinite(date_created) then date_created::timestamptz end`
// the Java services write no others; a hand that corrected a row may have
const STATUS = sql.fragment`case when lower(status) in ('pending', 'success') then lower(status) else 'failed' end`

function conditionsOf({ from, to, service, user, status, text }: LogFilter) {
  // by its position, so that % and _ are what they are
  const contains = (column: FragmentSqlToken, part: string) => sql.fragment`position(lower(${part}) in lower(${column})) > 0`
  return sql.join(
    [
      sql.fragment`true`,
      // the first halves are for the index; an hour that the clocks show twice makes them too wide or too narrow, hence the day
      ...(from === undefined
        ? []
        : [
            sql.fragment`date_created >= ${from}::timestamptz::timestamp - interval '1 day' and date_created::timestamptz >= ${from}::timestamptz`,
          ]),
      ...(to === undefined
        ? []
        : [
            sql.fragment`date_created <= ${to}::timestamptz::timestamp + interval '1 day' and date_created::timestamptz <= ${to}::timestamptz`,
          ]),
      ...(service === undefined ? [] : [contains(sql.fragment`program`, service)]),
      ...(user === undefined ? [] : [contains(sql.fragment`synced_by`, user)]),
      ...(status === undefined ? [] : [sql.fragment`${STATUS} = ${status}`]),
      ...(text === undefined
        ? []
        : [
            sql.fragment`(${contains(sql.fragment`coalesce(comments, '')`, text)} or ${contains(sql.fragment`coalesce(status_info, '')`, text)})`,
          ]),
    ],
    sql.fragment` and `,
  )
}

/** @param chosen how many rejected records it sends again; null: it is no retry */
export async function insertLog(tx: CommonQueryMethods, request: RunRequest, chosen: number | null): Promise<number> {
  const comment =
    chosen === null ? request.comment : `${request.comment} (retry of ${chosen} rejected ${chosen === 1 ? 'record' : 'records'})`
  // one at a time until the transaction's end: whoever has read up to an id has then seen all that are below it
  await tx.query(sql.unsafe`select pg_advisory_xact_lock(hashtextextended('log', 0))`)
  // date_created is in the server's local time, to the second, as the originals write it
  return tx.oneFirst(sql.type(z.object({ log_id: z.int() }))`
    insert into log (program, synced_by, comments, status, status_info, date_created, start_date, end_date)
    values (${request.mappingName}, ${request.requestedBy}, ${comment}, 'pending', '', date_trunc('second', now())::timestamp,
      ${request.from}::timestamp, ${request.to}::timestamp)
    returning log_id`)
}

/** A Java service that was killed left its row pending, and users could not sync again. No run of ours is going on when this is called. */
export async function settleAbandonedLogs(tx: CommonQueryMethods, mappingName: string): Promise<void> {
  await tx.query(sql.unsafe`
    update log set status = 'failed', status_info = 'Cut off before its end. The next sync takes over what it had sent.'
    where program = ${mappingName} and status = 'pending'`)
}

export async function settleLog(tx: CommonQueryMethods, logId: number, status: 'success' | 'failed', statusInfo: string): Promise<void> {
  await tx.query(sql.unsafe`update log set status = ${status}, status_info = ${statusInfo} where log_id = ${logId}`)
}

/** The newest rows first. */
export async function readLog(pool: CommonQueryMethods, limit: number): Promise<readonly LogRow[]> {
  const rows = await pool.any(sql.type(
    z.object({
      log_id: z.int(),
      program: z.string(),
      synced_by: z.string(),
      comments: z.string(),
      status: z.enum(['pending', 'success', 'failed']),
      status_info: z.string(),
      date_created: z.string(),
    }),
  )`
    select log_id, coalesce(program, '') as program, coalesce(synced_by, '') as synced_by, coalesce(comments, '') as comments, status,
      coalesce(status_info, '') as status_info, coalesce(date_created::text, '') as date_created
    from log order by log_id desc limit ${limit}`)
  return rows.map((row) => ({
    logId: row.log_id,
    program: row.program,
    syncedBy: row.synced_by,
    comments: row.comments,
    status: row.status,
    statusInfo: row.status_info,
    dateCreated: row.date_created,
  }))
}
