/** Signing in: what is done, whoever tries. */
import { describe, expect, test } from 'vitest'
import { DUMMY_HASH } from '../../src/accounts/password.ts'
import { createSignIn } from '../../src/accounts/sign-in.ts'

/** One account, maria with the password "right"; each step writes itself down. */
function parts({ changed = false, wait = null as number | null } = {}) {
  const steps: string[] = []
  const signIn = createSignIn({
    store: {
      readAccount: (name) => {
        steps.push('read')
        return Promise.resolve(name === 'maria' ? { name, password: 'hash of right', rights: [] } : null)
      },
      addSession: (hash, account, hours) => {
        steps.push(`session of ${account.name} for ${hours} h`)
        expect(hash).toMatch(/^[0-9a-f]{64}$/)
        return Promise.resolve(!changed)
      },
    },
    attempts: {
      begin: () => {
        steps.push('count')
        return Promise.resolve(wait)
      },
      succeeded: () => {
        steps.push('forgive')
        return Promise.resolve()
      },
    },
    sessionHours: 12,
    verify: (password, hash) => {
      steps.push(hash === DUMMY_HASH ? 'compare with nobody’s' : 'compare')
      return Promise.resolve(hash === `hash of ${password}`)
    },
  })
  return { signIn, steps }
}

describe('signing in', () => {
  test('counts the try first, and forgives it when the password was right', async () => {
    const { signIn, steps } = parts()
    expect(await signIn('maria', 'right', '10.0.0.1')).toMatchObject({
      state: 'in',
      account: 'maria',
      secret: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(steps).toEqual(['count', 'read', 'compare', 'session of maria for 12 h', 'forgive'])
  })
  test('with a wrong password, nothing is begun or forgiven', async () => {
    const { signIn, steps } = parts()
    expect(await signIn('maria', 'wrong', '10.0.0.1')).toEqual({ state: 'wrong', account: 'maria' })
    expect(steps).toEqual(['count', 'read', 'compare'])
  })
  test('with an unknown name the same is done, on nobody’s hash', async () => {
    const { signIn, steps } = parts()
    expect(await signIn('nobody', 'right', '10.0.0.1')).toEqual({ state: 'wrong', account: null })
    expect(steps).toEqual(['count', 'read', 'compare with nobody’s'])
  })
  test('after too many tries no password is looked at', async () => {
    const { signIn, steps } = parts({ wait: 30 })
    expect(await signIn('maria', 'right', '10.0.0.1')).toEqual({ state: 'too-many', seconds: 30 })
    expect(steps).toEqual(['count'])
  })
  test('a password that is changed meanwhile lets nobody in', async () => {
    expect(await parts({ changed: true }).signIn('maria', 'right', '10.0.0.1')).toEqual({ state: 'wrong', account: 'maria' })
  })
})
