/** sync_token: scripts and servers that ask the API. Only hashes of the tokens are here. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import type { Right } from '../../src/api/contract/operation.ts'
import { rightsColumn } from './accounts.ts'

export interface TokenStore {
  /** @returns when it expires; null: there is one of this name */
  addToken(token: { name: string; hash: string; rights: readonly Right[]; createdBy: string; days: number }): Promise<Date | null>
  /** Whose it is; it counts as used. @returns null: there is none, or it has expired */
  useToken(hash: string): Promise<{ name: string; rights: readonly Right[]; expiresAt: Date } | null>
  listTokens(): Promise<readonly ListedToken[]>
  /** @returns false: there is no such token */
  revokeToken(name: string): Promise<boolean>
}
interface ListedToken {
  name: string
  rights: readonly Right[]
  createdBy: string
  createdAt: Date
  expiresAt: Date
  /** to the minute */
  usedAt: Date | null
}

const usable = z.object({ name: z.string(), rights: rightsColumn, expiresAt: z.date() })
const listed = usable.extend({ createdBy: z.string(), createdAt: z.date(), usedAt: z.date().nullable() })

export function tokenMethods(pool: DatabasePool): TokenStore {
  return {
    addToken: ({ name, hash, rights, createdBy, days }) =>
      pool.maybeOneFirst(sql.type(z.object({ expires_at: z.date() }))`
        insert into sync_token (name, hash, rights, created_by, expires_at)
        values (${name}, ${hash}, ${sql.array([...rights], 'text')}, ${createdBy}, now() + make_interval(days => ${days}))
        on conflict (name) do nothing returning expires_at`),
    useToken: (hash) =>
      pool.maybeOne(sql.type(usable)`
        with found as (
          select name, rights, expires_at, used_at from sync_token where hash = ${hash} and expires_at > now()
        ), used as (
          update sync_token t set used_at = now() from found f
          where t.name = f.name and (f.used_at is null or f.used_at < now() - interval '1 minute')
        )
        select name, rights, expires_at as "expiresAt" from found`),
    listTokens: () =>
      pool.any(sql.type(listed)`
        select name, rights, created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt", used_at as "usedAt"
        from sync_token order by name`),
    async revokeToken(name) {
      const { rowCount } = await pool.query(sql.unsafe`delete from sync_token where name = ${name}`)
      return rowCount === 1
    },
  }
}
