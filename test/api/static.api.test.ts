/** How the web interface is served: below any prefix, cached as it may be, and with a word when it is not built. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen, type WebServer } from '../../src/api/server.ts'
import { belowBahmnisPath, webUi } from '../../src/api/static.ts'

const PAGE = '<!doctype html><head><base href="./" /></head>'
let web: WebServer
let empty: WebServer
const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-web-'))
const serve = (folder: string) => {
  const app = express()
  app.use(belowBahmnisPath)
  app.get('/api/v1/thing', (_request, response) => void response.json('ours'))
  app.get('/dhis-integration/api/session', (_request, response) => void response.json('theirs'))
  app.use(webUi(folder))
  app.use((_request, response) => void response.status(404).json('nothing'))
  return listen(app, '127.0.0.1', 0)
}
beforeAll(async () => {
  mkdirSync(join(dir, 'built', 'assets'), { recursive: true })
  writeFileSync(join(dir, 'built', 'index.html'), PAGE)
  writeFileSync(join(dir, 'built', 'assets', 'app-1234.js'), '1')
  web = await serve(join(dir, 'built'))
  empty = await serve(join(dir, 'nothing'))
})
afterAll(async () => {
  await web.close()
  await empty.close()
  rmSync(dir, { recursive: true, force: true })
})
const get = (path: string, accept = 'text/html,*/*', at = web) => fetch(at.url + path, { headers: { accept }, redirect: 'manual' })

test.each([
  ['/', './'],
  ['/sync', './'],
  ['/mapping/edit/HTS%20Service', '../../'],
  ['/preview/HTS/2026-01-01/2026-01-31', '../../../'],
  ['/dhis-integration/', './'],
  ['/dhis-integration/runs/1', '../'],
])('%s is the page, whose addresses begin at %s', async (path, base) => {
  const answer = await get(path)
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache'])
  expect(await answer.text()).toContain(`<base href="${base}"`)
})

test('files named after their content are kept for good; one that is gone is not the page', async () => {
  const answer = await get('/assets/app-1234.js')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect((await get('/dhis-integration/assets/app-1234.js')).status).toBe(200)
  expect((await get('/assets/app-0000.js')).status).toBe(404)
})

test('scripts that look for a thing of the API get no page', async () => {
  expect([(await get('/api/v1/nothing')).status, (await get('/sync', 'application/json')).status]).toEqual([404, 404])
})

test('below Bahmni’s path our API is found, and the Java service’s own routes stay what they are', async () => {
  expect(await (await get('/dhis-integration/api/v1/thing')).json()).toBe('ours')
  expect(await (await get('/dhis-integration/api/session')).json()).toBe('theirs')
  const moved = await get('/dhis-integration?x=1')
  expect([moved.status, moved.headers.get('location')]).toEqual([308, 'dhis-integration/?x=1'])
})

test('when it is not built the page says how', async () => {
  const answer = await get('/sync', 'text/html', empty)
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('npm run build')])
})
