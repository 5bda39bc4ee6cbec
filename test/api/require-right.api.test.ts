/** Pages that are no operation of the API, with the same session and rights: Bull Board. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'
import { rawRequest } from '../support/raw-request.ts'

const HTML = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0 })
})
afterAll(() => api.close())

describe('Bull Board', () => {
  test.each(['/queues', '/queues/', '/queues/api/queues', '/queues/static/js/main.js', '/QUEUES', '/queues/queue/x?status=failed'])(
    '%s is nobody’s',
    async (path) => {
      const answer = await rawRequest(api.url, { path })
      expect(answer.status).toBe(401)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'not-signed-in' })
    },
  )
  test('who opens it in a browser gets to the page where one signs in, and knows the way back', async () => {
    for (const navigation of [HTML, { ...HTML, 'sec-fetch-mode': 'navigate' }]) {
      const answer = await rawRequest(api.url, { path: '/queues/queue/chunks?status=failed', headers: navigation })
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toBe(`/login?next=${encodeURIComponent('/queues/queue/chunks?status=failed')}`)
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })
  test('the way back leads nowhere else', async () => {
    const answer = await rawRequest(api.url, { path: 'http://evil.example.org/queues?x=//evil', headers: HTML })
    expect(answer.headers.location).toBe(`/login?next=${encodeURIComponent('/queues?x=//evil')}`)
  })
  test.each<[string, string, Record<string, string>]>([
    ['a script of a page', 'GET', { ...HTML, 'sec-fetch-mode': 'cors' }],
    ['a script that asks for anything', 'GET', { accept: '*/*' }],
    ['a form', 'POST', HTML],
  ])('%s is told, not sent away', async (_name, method, headers) => {
    const answer = await rawRequest(api.url, { method, path: '/queues/api/queues', headers })
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'not-signed-in', status: 401 })
  })
  test('a user without the right is told so, in the browser too', async () => {
    for (const headers of [{}, HTML]) {
      const answer = await rawRequest(api.url, { path: '/queues', headers: { authorization: 'Test mapping', ...headers } })
      expect(JSON.parse(answer.text)).toMatchObject({
        status: 403,
        code: 'forbidden',
        detail: expect.stringMatching(/app:dhis2sync:upload or app:dhis2sync:log/),
      })
    }
  })
  test('opens for who may sync or read the log', async () => {
    for (const right of ['upload', 'log'] as const) {
      const page = await api.call('GET', '/queues/', { as: [right], headers: HTML })
      expect(page.status).toBe(200)
      expect(page.text).toContain('<div id="root">')
      expect((await api.call('GET', '/queues/api/queues', { as: [right] })).body.queues).toHaveLength(3)
    }
  })
  test('takes nothing from another web site', async () => {
    const answer = await api.call('PUT', '/queues/api/queues/x/pause', { headers: { origin: 'https://evil.example.org' } })
    expect(answer.body).toMatchObject({ code: 'foreign-origin' })
  })
})

test('behind a proxy with a path of its own the page to sign in is there too', async () => {
  const behind = await openApi({ patients: 0, env: { PUBLIC_URL: 'https://bahmni.example.org/dhis2-sync/' } })
  try {
    const answer = await rawRequest(behind.url, { path: '/queues', headers: HTML })
    expect(answer.headers.location).toBe(`/dhis2-sync/login?next=${encodeURIComponent('/queues')}`)
  } finally {
    await behind.close()
  }
})
