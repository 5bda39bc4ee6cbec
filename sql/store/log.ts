/** The document's log table: what users read of each sync. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import type { LogRow, RunRequest } from './store.ts'

/** @param chosen how many rejected records it sends again; null: it is no retry */
export async function insertLog(tx: CommonQueryMethods, request: RunRequest, chosen: number | null): Promise<number> {
  const comment =
    chosen === null ? request.comment : `${request.comment} (retry of ${chosen} rejected ${chosen === 1 ? 'record' : 'records'})`
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
