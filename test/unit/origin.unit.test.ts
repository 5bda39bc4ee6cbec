/** Requests that another web site makes a browser send. */
import { describe, expect, test } from 'vitest'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { refuseForeignOrigin } from '../../src/api/origin.ts'

type Headers = Partial<Record<'origin' | 'referer' | 'sec-fetch-site', string>>

function isRefused(headers: Headers, over: { host?: string; publicUrl?: string } = {}): boolean {
  const { host = 'bahmni.example.org:8060', publicUrl = null } = over
  try {
    refuseForeignOrigin({ headers, host }, publicUrl)
    return false
  } catch (error) {
    expect(error).toBeInstanceOf(ApiProblem)
    expect((error as ApiProblem).code).toBe('foreign-origin')
    return true
  }
}

describe('without PUBLIC_URL', () => {
  test.each<[string, Headers]>([
    ['our own page', { origin: 'http://bahmni.example.org:8060', 'sec-fetch-site': 'same-origin' }],
    ['our own page behind a proxy that speaks https', { origin: 'https://bahmni.example.org:8060' }],
    ['a script, which says nothing', {}],
    ['the address bar', { 'sec-fetch-site': 'none' }],
    ['an old browser that says only where it was', { referer: 'http://bahmni.example.org:8060/mappings' }],
  ])('%s is let through', (_name, headers) => expect(isRefused(headers)).toBe(false))

  test.each<[string, Headers]>([
    ['another site', { origin: 'https://evil.example.org' }],
    ['a page that hides where it is from', { origin: 'null' }],
    ['the same host with another port', { origin: 'http://bahmni.example.org:8050' }],
    ['the same host without the port', { origin: 'http://bahmni.example.org' }],
    ['a host that begins like ours', { origin: 'http://bahmni.example.org:8060.evil.org' }],
    ['a host that ends like ours', { origin: 'http://evil-bahmni.example.org:8060' }],
    ['ours as a user name', { origin: 'http://bahmni.example.org:8060@evil.org' }],
    ['no web page', { origin: 'chrome-extension://bahmni.example.org:8060' }],
    ['a file', { origin: 'file://' }],
    ['no address', { origin: 'bahmni.example.org:8060' }],
    ['empty', { origin: '' }],
    ['several', { origin: 'http://bahmni.example.org:8060, https://evil.example.org' }],
    ['another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour, as the browser says', { 'sec-fetch-site': 'same-site' }],
    ['a browser that contradicts itself', { origin: 'http://bahmni.example.org:8060', 'sec-fetch-site': 'cross-site' }],
    ['an old browser that was elsewhere', { referer: 'https://evil.example.org/bahmni.example.org:8060' }],
  ])('%s is refused', (_name, headers) => expect(isRefused(headers)).toBe(true))

  test('the port that goes with http and https need not be written', () => {
    expect(isRefused({ origin: 'https://bahmni.example.org' }, { host: 'bahmni.example.org:443' })).toBe(false)
    expect(isRefused({ origin: 'http://bahmni.example.org' }, { host: 'BAHMNI.example.org:80' })).toBe(false)
    expect(isRefused({ origin: 'http://[::1]:8060' }, { host: '[::1]:8060' })).toBe(false)
  })
  test.each(['', 'a b', 'evil.org/', '@', '%'])('the Host header %j is nobody’s', (host) => {
    expect(isRefused({ origin: 'http://bahmni.example.org:8060' }, { host })).toBe(true)
  })
  test('no Host header at all is nobody’s', () => {
    expect(() => refuseForeignOrigin({ headers: { origin: 'http://bahmni.example.org:8060' }, host: undefined }, null)).toThrow(ApiProblem)
  })
})

describe('with PUBLIC_URL', () => {
  const behind = { host: 'localhost:8060', publicUrl: 'https://bahmni.example.org/dhis2-sync' }
  test('users come from there, whatever Host the proxy gives us', () => {
    expect(isRefused({ origin: 'https://bahmni.example.org' }, behind)).toBe(false)
    expect(isRefused({ referer: 'https://bahmni.example.org/dhis2-sync/mappings' }, behind)).toBe(false)
    expect(isRefused({}, behind)).toBe(false)
  })
  test.each(['http://bahmni.example.org', 'https://bahmni.example.org:8443', 'http://localhost:8060', 'https://example.org', 'null'])(
    '%s is refused',
    (origin) => expect(isRefused({ origin }, behind)).toBe(true),
  )
  test('and is told where to go', () => {
    expect(() => refuseForeignOrigin({ headers: { origin: 'http://localhost:8060' }, host: 'localhost:8060' }, behind.publicUrl)).toThrow(
      'Open this program at https://bahmni.example.org/dhis2-sync, which is PUBLIC_URL.',
    )
  })
})
