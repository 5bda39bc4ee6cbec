/** Passwords of our own accounts: which are good enough, and how they are kept. */
import { randomBytes, randomInt, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

/** OWASP's for scrypt with 32 MB: a quarter of a second on a clinic's server. */
const COST = { N: 2 ** 15, r: 8, p: 3 }
const KEY_BYTES = 32

/** scrypt$N$r$p$salt$key: a hash that was made with other costs can still be compared. */
export async function hashPassword(password: string, { N, r, p }: typeof COST = COST): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, KEY_BYTES, { N, r, p })
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt, key] = hash.split('$')
  const wanted = Buffer.from(key!, 'base64url')
  const given = await derive(password, Buffer.from(salt!, 'base64url'), wanted.length, { N: Number(N), r: Number(r), p: Number(p) })
  return timingSafeEqual(given, wanted)
}

/** Nobody's password: comparing with it takes as long as with a real account's. */
export const DUMMY_HASH = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`

function derive(
  password: string,
  salt: Buffer,
  bytes: number,
  { N, r, p }: Required<Pick<ScryptOptions, 'N' | 'r' | 'p'>>,
): Promise<Buffer> {
  return new Promise((done, failed) => {
    // one text, however the keyboard composed its letters
    scrypt(password.normalize('NFKC'), salt, bytes, { N, r, p, maxmem: 256 * N * r + 2 ** 20 }, (error, key) =>
      error ? failed(error) : done(key),
    )
  })
}

export const SHORTEST = 10
const LONGEST = 1000

/** What is wrong with it, as a sentence. */
export function passwordProblem(name: string, password: string): string | null {
  const letters = [...password.normalize('NFKC')]
  if (letters.length < SHORTEST) return `The password should have at least ${SHORTEST} characters.`
  if (letters.length > LONGEST) return `The password should have at most ${LONGEST} characters.`
  if (new Set(letters).size < 5) return 'The password should have at least 5 different characters.'
  // its name, its name twice, its name and a year: what is tried first
  const beyond = password.toLowerCase().replaceAll(name.toLowerCase(), '')
  if (beyond.length < password.length && !/\p{L}/u.test(beyond)) return 'The password should not be the user name.'
  return null
}

/** without those that look like others when they are written down */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Four groups of five: 99 bits, and short enough to be typed once. */
export function generatePassword(): string {
  const group = () => Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
