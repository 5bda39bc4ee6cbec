/** sync_account: who may sign in with a name and a password of this program. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { RIGHTS, type Right } from '../../src/api/contract/operation.ts'

export interface Account {
  name: string
  /** hashed */
  password: string
  rights: readonly Right[]
}
interface ListedAccount extends Omit<Account, 'password'> {
  createdAt: Date
  passwordAt: Date
  sessions: number
}

/** Names are found in any case. */
export interface AccountStore {
  /** @returns false: there is one of this name */
  addAccount(account: Account): Promise<boolean>
  readAccount(name: string): Promise<Account | null>
  hasAccounts(): Promise<boolean>
  listAccounts(): Promise<readonly ListedAccount[]>
  /** Ends its sessions too. @returns false: there is no such account */
  setPassword(name: string, password: string): Promise<boolean>
  /** they hold at once, also in sessions that are open. @returns false: there is no such account */
  setRights(name: string, rights: readonly Right[]): Promise<boolean>
  /** Ends its sessions too. @returns false: there is no such account */
  removeAccount(name: string): Promise<boolean>
}

export const rightsColumn = z.array(z.enum(RIGHTS))
const account = z.object({ name: z.string(), password: z.string(), rights: rightsColumn })
const listed = z.object({ name: z.string(), rights: rightsColumn, createdAt: z.date(), passwordAt: z.date(), sessions: z.int() })

export function accountMethods(pool: DatabasePool): AccountStore {
  const named = (name: string) => sql.fragment`lower(name) = lower(${name})`
  return {
    async addAccount({ name, password, rights }) {
      const { rowCount } = await pool.query(sql.unsafe`
        insert into sync_account (name, password, rights) values (${name}, ${password}, ${sql.array([...rights], 'text')}) on conflict do nothing`)
      return rowCount === 1
    },
    readAccount: (name) => pool.maybeOne(sql.type(account)`select name, password, rights from sync_account where ${named(name)}`),
    hasAccounts: () => pool.exists(sql.unsafe`select from sync_account`),
    listAccounts: () =>
      pool.any(sql.type(listed)`
        select name, rights, created_at as "createdAt", password_at as "passwordAt",
          (select count(*)::int from sync_session where account = name and expires_at > now()) as sessions
        from sync_account order by lower(name)`),
    setPassword: (name, password) =>
      pool.transaction(async (tx) => {
        const changed = await tx.any(sql.type(z.object({ name: z.string() }))`
          update sync_account set password = ${password}, password_at = now() where ${named(name)} returning name`)
        // a statement of its own: it sees a session that was begun while the first one waited
        for (const row of changed) await tx.query(sql.unsafe`delete from sync_session where account = ${row.name}`)
        return changed.length === 1
      }),
    async setRights(name, rights) {
      const { rowCount } = await pool.query(
        sql.unsafe`update sync_account set rights = ${sql.array([...rights], 'text')} where ${named(name)}`,
      )
      return rowCount === 1
    },
    async removeAccount(name) {
      const { rowCount } = await pool.query(sql.unsafe`delete from sync_account where ${named(name)}`)
      return rowCount === 1
    },
  }
}
