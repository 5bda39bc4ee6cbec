/** Accounts of this program, for sites without OpenMRS. */
import { generatePassword, hashPassword, passwordProblem } from '../accounts/password.ts'
import type { Store } from '../../sql/store/store.ts'
import { askPassword, type Terminal } from './ask-password.ts'
import { EXIT, UsageError } from './exit.ts'
import { rightsOf, rightsText } from './rights.ts'
import { withStore, type Env } from './with-store.ts'

interface PasswordOptions {
  generate?: boolean
}

export async function addUser(
  env: Env,
  name: string,
  options: PasswordOptions & { right: readonly string[] },
  terminal: Terminal,
): Promise<number> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,59}$/.test(name))
    throw new UsageError('A user name has letters, digits and . _ @ - only, begins with a letter or digit, and has at most 60 of them.')
  const rights = rightsOf(options.right)
  return withStore(env, async (store) => {
    if (await store.readAccount(name)) throw new UsageError(`There is a user ${name} already. "users passwd" and "users rights" change it.`)
    const { password, notice } = await choosePassword(name, options, terminal)
    if (!(await store.addAccount({ name, password, rights }))) throw new UsageError(`There is a user ${name} already.`)
    await audit(env, store, 'ADD_USER', `Added the user ${name}: ${rightsText(rights)}`)
    process.stdout.write(`The user ${name} may sign in: ${rightsText(rights)}.\n${notice}`)
    return EXIT.ok
  })
}

export async function changePassword(env: Env, name: string, options: PasswordOptions, terminal: Terminal): Promise<number> {
  return withStore(env, async (store) => {
    const account = await found(store, name)
    const { password, notice } = await choosePassword(account.name, options, terminal)
    if (!(await store.setPassword(account.name, password))) throw missing(name)
    await audit(env, store, 'CHANGE_PASSWORD', `Gave the user ${account.name} another password`)
    process.stdout.write(`The password of ${account.name} is another one, and the user is signed out everywhere.\n${notice}`)
    return EXIT.ok
  })
}

export async function changeRights(env: Env, name: string, options: { right: readonly string[] }): Promise<number> {
  const rights = rightsOf(options.right)
  return withStore(env, async (store) => {
    const account = await found(store, name)
    if (!(await store.setRights(account.name, rights))) throw missing(name)
    await audit(env, store, 'CHANGE_RIGHTS', `Gave the user ${account.name} these rights: ${rightsText(rights)}`)
    process.stdout.write(`${account.name}: ${rightsText(rights)}, from now on.\n`)
    return EXIT.ok
  })
}

export async function removeUser(env: Env, name: string): Promise<number> {
  return withStore(env, async (store) => {
    const account = await found(store, name)
    if (!(await store.removeAccount(account.name))) throw missing(name)
    await audit(env, store, 'REMOVE_USER', `Removed the user ${account.name}`)
    process.stdout.write(`The user ${account.name} is removed, and signed out everywhere.\n`)
    return EXIT.ok
  })
}

export async function listUsers(env: Env): Promise<number> {
  const accounts = await withStore(env, (store) => store.listAccounts())
  const lines = accounts.map(
    ({ name, rights, createdAt, passwordAt, sessions }) =>
      `${name}: ${rightsText(rights)}; since ${day(createdAt)}, password of ${day(passwordAt)}, sessions: ${sessions}\n`,
  )
  process.stdout.write(lines.join('') || 'There are no users. "users add" adds one.\n')
  return EXIT.ok
}

/** hashed; the notice is for whoever does not know it yet */
async function choosePassword(
  name: string,
  { generate = false }: PasswordOptions,
  terminal: Terminal,
): Promise<{ password: string; notice: string }> {
  const password = generate ? generatePassword() : await askPassword(terminal)
  const problem = passwordProblem(name, password)
  if (problem !== null) throw new UsageError(problem)
  return { password: await hashPassword(password), notice: generate ? `Password: ${password}\nIt is shown this once.\n` : '' }
}

async function found(store: Store, name: string) {
  const account = await store.readAccount(name)
  if (!account) throw missing(name)
  return account
}
const missing = (name: string) => new UsageError(`There is no user ${name}. "users list" names those that there are.`)

export const day = (at: Date) => at.toISOString().slice(0, 10)
export const audit = (env: Env, store: Store, type: string, message: string) =>
  store.recordAudit({ user: `${env['USER'] ?? 'cli'} (command line)`, type, message, requestId: null })
