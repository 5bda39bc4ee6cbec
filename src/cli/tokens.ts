/** Tokens for scripts and servers that ask the API. */
import { hashOf, newSecret, TOKEN_PREFIX } from '../accounts/secret.ts'
import { EXIT, UsageError } from './exit.ts'
import { rightsOf, rightsText } from './rights.ts'
import { audit, day } from './users.ts'
import { withStore, type Env } from './with-store.ts'

const LONGEST_DAYS = 3650

export async function createToken(env: Env, options: { name: string; right: readonly string[]; expires: string }): Promise<number> {
  const { name } = options
  const rights = rightsOf(options.right)
  const days = /^\d{1,4}$/.test(options.expires) ? Number(options.expires) : 0
  if (days < 1 || days > LONGEST_DAYS) throw new UsageError(`--expires should be a number of days from 1 to ${LONGEST_DAYS}.`)
  if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/.test(name))
    throw new UsageError(
      '--name should have letters, digits, blanks and . _ - only, begin with a letter or digit, and have at most 60 of them.',
    )
  const secret = `${TOKEN_PREFIX}${newSecret()}`
  return withStore(env, async (store) => {
    const expiresAt = await store.addToken({ name, hash: hashOf(secret), rights, createdBy: env['USER'] ?? 'cli', days })
    if (!expiresAt) throw new UsageError(`There is a token "${name}" already. Revoke it, or choose another name.`)
    await audit(env, store, 'CREATE_TOKEN', `Made the token "${name}" until ${day(expiresAt)}: ${rightsText(rights)}`)
    // the token alone, for a script
    process.stdout.write(`${secret}\n`)
    process.stderr.write(
      `The token "${name}" is good until ${day(expiresAt)}: ${rightsText(rights)}. It is shown this once. Send it as\n  Authorization: Bearer ${TOKEN_PREFIX}…\n`,
    )
    return EXIT.ok
  })
}

export async function listTokens(env: Env): Promise<number> {
  const tokens = await withStore(env, (store) => store.listTokens())
  const lines = tokens.map(({ name, rights, createdBy, createdAt, expiresAt, usedAt }) => {
    const until = expiresAt.getTime() > Date.now() ? `until ${day(expiresAt)}` : `expired on ${day(expiresAt)}`
    const used = usedAt ? `last used ${usedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'never used'
    return `${name}: ${rightsText(rights)}; made by ${createdBy} on ${day(createdAt)}, ${until}, ${used}\n`
  })
  process.stdout.write(lines.join('') || 'There are no tokens. "tokens create" makes one.\n')
  return EXIT.ok
}

export async function revokeToken(env: Env, name: string): Promise<number> {
  return withStore(env, async (store) => {
    if (!(await store.revokeToken(name))) throw new UsageError(`There is no token "${name}". "tokens list" names those that there are.`)
    await audit(env, store, 'REVOKE_TOKEN', `Revoked the token "${name}"`)
    process.stdout.write(`The token "${name}" is good for nothing from now on.\n`)
    return EXIT.ok
  })
}
