/** The API's documentation is for anyone, and needs nothing of the Internet. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PROBLEM_CODES } from '../../src/api/contract/problem.ts'
import { defineOperations } from '../../src/api/contract/operation.ts'
import { routesOf } from '../../src/api/handler.ts'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { routes } from '../../src/api/routes.ts'
import { openApi, type Api } from '../support/api.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 0 })
})
afterAll(() => api.close())

test('every route that is served is in the document, and no other', async () => {
  const { status, headers, body } = await api.call('GET', '/api/openapi.json', { as: null })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch('application/json')
  const told = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  expect(told.toSorted()).toEqual(routes.map(({ operation }) => `${operation.method} ${operation.path}`).toSorted())
})

test('the page and all that it loads come from here, and no script stands in it', async () => {
  const page = await api.call('GET', '/api/docs', { as: null })
  expect(page.status).toBe(200)
  expect(page.text).not.toMatch(/https?:\/\/|<script>|onload=/)
  expect(page.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe|https?:/)
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part!)
  expect(parts).toHaveLength(4)
  for (const part of parts) expect((await api.call('GET', `/api/${part}`, { as: null })).status, part).toBe(200)
  expect((await api.call('GET', '/api/docs/start.js', { as: null })).text).toMatch("url: 'openapi.json'")
  expect((await api.call('GET', '/api/docs/../../package.json', { as: null })).status).toBe(404)
})

test('the type of a problem is the place in the manual that explains it', async () => {
  const { body } = await api.call('GET', '/syncs', { as: null })
  const [path, anchor] = body.type.split('#')
  const manual = await api.call('GET', path, { as: null })
  expect(manual.status).toBe(200)
  expect(manual.text).toMatch(`id="${anchor}"`)
  expect(PROBLEM_CODES).toContain(anchor)
})

test('in tests a refusal that its operation does not declare is found', async () => {
  const operations = defineOperations({ odd: { method: 'get', path: '/odd', summary: 'x', access: [], answers: { 204: null } } })
  const other = await openApi({
    patients: 0,
    routes: routesOf(operations, { odd: () => Promise.reject(new ApiProblem('name-taken', 'It is.')) }),
  })
  try {
    expect((await other.call('GET', '/odd')).body.code).toBe('internal')
    expect((await other.call('GET', '/odd', { as: null })).body.code).toBe('not-signed-in')
  } finally {
    await other.close()
  }
})
