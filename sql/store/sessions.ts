/** sync_session: who is signed in with an account of ours. Only hashes of the cookies are here. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import type { Right } from '../../src/api/contract/operation.ts'
import { rightsColumn, type Account } from './accounts.ts'

export interface SessionStore {
  /** Begins one, and forgets those that have ended. @returns false: the account's password has changed meanwhile, or it is gone */
  addSession(hash: string, account: Pick<Account, 'name' | 'password'>, hours: number): Promise<boolean>
  /** Whose it is; it counts as used. @returns null: it has ended, or was not used for so long */
  useSession(hash: string, idleMinutes: number): Promise<{ account: string; rights: readonly Right[]; expiresAt: Date } | null>
  endSession(hash: string): Promise<void>
  endSessionsOf(account: string): Promise<void>
}

const used = z.object({ account: z.string(), rights: rightsColumn, expiresAt: z.date() })

export function sessionMethods(pool: DatabasePool): SessionStore {
  return {
    addSession: (hash, { name, password }, hours) =>
      pool.transaction(async (tx) => {
        await tx.query(sql.unsafe`delete from sync_session where expires_at < now()`)
        const { rowCount } = await tx.query(sql.unsafe`
          insert into sync_session (hash, account, expires_at)
          select ${hash}, name, now() + make_interval(hours => ${hours}) from sync_account where name = ${name} and password = ${password} for share`)
        return rowCount === 1
      }),
    useSession: (hash, idleMinutes) =>
      pool.maybeOne(sql.type(used)`
        with found as (
          select s.hash, s.account, a.rights, s.used_at, s.expires_at from sync_session s join sync_account a on a.name = s.account
          where s.hash = ${hash} and s.expires_at > now() and s.used_at > now() - make_interval(mins => ${idleMinutes})
        ), used as (
          update sync_session s set used_at = now() from found f where s.hash = f.hash and f.used_at < now() - interval '1 minute'
        )
        select account, rights, least(expires_at, now() + make_interval(mins => ${idleMinutes})) as "expiresAt" from found`),
    async endSession(hash) {
      await pool.query(sql.unsafe`delete from sync_session where hash = ${hash}`)
    },
    async endSessionsOf(account) {
      await pool.query(sql.unsafe`delete from sync_session where account = ${account}`)
    },
  }
}
