/** sync_audit: who did what; and which of it still has to go to OpenMRS's audit log. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'

interface AuditFilter {
  /** a part of the name, in any case */
  user?: string | undefined
  type?: string | undefined
  from?: string | undefined
  to?: string | undefined
  /** id: only older ones */
  before?: string | undefined
}
interface AuditEntry {
  id: string
  at: Date
  user: string
  type: string
  message: string
}
/** One that this process alone delivers, for as long as its claim holds. */
export interface ClaimedEntry extends AuditEntry {
  /** tries before this one */
  attempts: number
  /** a request with it went out before, and nobody has seen the answer */
  unanswered: boolean
}

export interface NewEntry {
  user: string
  /** as the originals named them: SAVE_DHIS_MAPPING */
  type: string
  /** no patient data: everyone with the right log reads it */
  message: string
  requestId: string | null
  /** nothing is written when the user did the same so shortly before */
  unlessWithinMinutes?: number
}

export interface AuditStore {
  recordAudit(entry: NewEntry): Promise<void>
  /** the newest first */
  listAudit(filter: AuditFilter, limit: number): Promise<readonly AuditEntry[]>

  // ---- delivery to OpenMRS
  /** The oldest that is due. Whoever claims it is taken for gone after so many seconds, and the request for sent. */
  claimAudit(seconds: number): Promise<ClaimedEntry | null>
  auditDelivered(id: string): Promise<void>
  /** to be tried again after so many seconds */
  auditFailed(id: string, failed: { seconds: number; unanswered: boolean }): Promise<void>
  /** Those that wait for longer than so many days are not delivered any more. @returns how many */
  giveUpAudit(days: number): Promise<number>
}

const entry = z.object({ id: z.string(), at: z.date(), user: z.string(), type: z.string(), message: z.string() })
const claimed = entry.extend({ attempts: z.int(), unanswered: z.boolean() })
const ENTRY = sql.fragment`audit_id::text as id, at, user_name as "user", type, message`

/** PostgreSQL reads no year 0, and JavaScript does. */
const instant = (iso: string) => sql.fragment`to_timestamp(${Date.parse(iso) / 1000}::double precision)`

export function auditMethods(pool: DatabasePool): AuditStore {
  return {
    async recordAudit({ user, type, message, requestId, unlessWithinMinutes = 0 }) {
      await pool.query(sql.unsafe`
        insert into sync_audit (user_name, type, message, request_id) select ${user}, ${type}, ${message}, ${requestId}
        where ${unlessWithinMinutes}::int = 0 or not exists (
          select from sync_audit where user_name = ${user} and type = ${type} and at > now() - make_interval(mins => ${unlessWithinMinutes}))`)
    },
    listAudit: ({ user, type, from, to, before }, limit) =>
      pool.any(sql.type(entry)`
        select ${ENTRY} from sync_audit where ${sql.join(
          [
            sql.fragment`true`,
            ...(user === undefined ? [] : [sql.fragment`position(lower(${user}) in lower(user_name)) > 0`]),
            ...(type === undefined ? [] : [sql.fragment`type = ${type}`]),
            ...(from === undefined ? [] : [sql.fragment`at >= ${instant(from)}`]),
            ...(to === undefined ? [] : [sql.fragment`at <= ${instant(to)}`]),
            ...(before === undefined ? [] : [sql.fragment`audit_id < ${before}::bigint`]),
          ],
          sql.fragment` and `,
        )} order by audit_id desc limit ${limit}`),
    claimAudit: (seconds) =>
      pool.maybeOne(sql.type(claimed)`
        with due as (
          select audit_id, unanswered from sync_audit where delivery = 'waiting' and next_at <= now()
          order by audit_id limit 1 for update skip locked
        )
        update sync_audit a set attempts = attempts + 1, next_at = now() + make_interval(secs => ${seconds}), unanswered = true
        from due where a.audit_id = due.audit_id
        returning a.audit_id::text as id, at, user_name as "user", type, message, attempts - 1 as attempts, due.unanswered`),
    async auditDelivered(id) {
      await pool.query(sql.unsafe`update sync_audit set delivery = 'delivered', unanswered = false where audit_id = ${id}`)
    },
    async auditFailed(id, { seconds, unanswered }) {
      await pool.query(sql.unsafe`
        update sync_audit set next_at = now() + make_interval(secs => ${seconds}), unanswered = ${unanswered} where audit_id = ${id}`)
    },
    async giveUpAudit(days) {
      const { rowCount } = await pool.query(sql.unsafe`
        update sync_audit set delivery = 'given-up' where delivery = 'waiting' and at < now() - make_interval(days => ${days})`)
      return rowCount
    },
  }
}
