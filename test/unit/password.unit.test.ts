/** Passwords: which are good enough, and what is kept of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DUMMY_HASH, generatePassword, hashPassword, passwordProblem, SHORTEST, verifyPassword } from '../../src/accounts/password.ts'

const CHEAP = { N: 2, r: 1, p: 1 }

describe('a hash', () => {
  test('is of this password and of no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), async (password, other) => {
        const hash = await hashPassword(password, CHEAP)
        expect(await verifyPassword(password, hash)).toBe(true)
        expect(await verifyPassword(other, hash)).toBe(other.normalize('NFKC') === password.normalize('NFKC'))
      }),
    )
  })
  test('differs each time, and holds its own costs', async () => {
    const [a, b] = [await hashPassword('a good password'), await hashPassword('a good password')]
    expect(a).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/)
    expect(a).not.toBe(b)
    expect(await verifyPassword('a good password', await hashPassword('a good password', CHEAP))).toBe(true)
  })
  test('does not depend on how a keyboard composes letters', async () => {
    expect(await verifyPassword('Café-2024-x', await hashPassword('Cafe\u0301-2024-x', CHEAP))).toBe(true)
  })
  test('of nobody is as dear as a real one, and nobody’s', async () => {
    const costs = (hash: string) => hash.split('$').slice(0, 4)
    expect(costs(DUMMY_HASH)).toEqual(costs(await hashPassword('a good password')))
    expect(DUMMY_HASH).toHaveLength((await hashPassword('x')).length)
    expect(await verifyPassword('', DUMMY_HASH)).toBe(false)
  })
})

describe('a password', () => {
  test.each([
    ['123456789', /at least 10 characters/],
    ['🎗🎗🎗🎗🎗', /at least 10 characters/],
    ['x'.repeat(1001), /at most 1000/],
    ['aaaaaaaaaa', /5 different/],
    ['1212121212', /5 different/],
    ['maria.chikowero', /not be the user name/],
    ['MARIA.CHIKOWERO', /not be the user name/],
    ['maria.chikowero2024!', /not be the user name/],
    ['maria.chikoweromaria.chikowero', /not be the user name/],
  ])('%j is refused', (password, sentence) => {
    expect(passwordProblem('maria.chikowero', password)).toMatch(sentence)
  })
  test.each(['correct horse', 'maria.chikowero likes tea', '0123456789', 'Sünc-2024!'])('%j is taken', (password) => {
    expect(passwordProblem('maria.chikowero', password)).toBeNull()
  })
  test('that is made is good, and another one each time', () => {
    const made = Array.from({ length: 200 }, generatePassword)
    for (const password of made) {
      expect(password).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/)
      expect(password).not.toMatch(/[il01o]/)
      expect(passwordProblem('maria', password)).toBeNull()
    }
    expect(new Set(made).size).toBe(200)
    expect(SHORTEST).toBe(10)
  })
})
