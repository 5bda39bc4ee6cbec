import { randomBytes } from 'node:crypto'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const ALL = LETTERS + '0123456789'
const UID = /^[a-zA-Z][a-zA-Z0-9]{10}$/

/** DHIS2's uid: a letter, then ten letters or digits. */
export function isUid(text: string): boolean {
  return UID.test(text)
}

export function randomUid(): string {
  const bytes = randomBytes(11)
  let uid = ''
  for (const [i, byte] of bytes.entries()) uid += i === 0 ? LETTERS[byte % LETTERS.length] : ALL[byte % ALL.length]
  return uid
}
