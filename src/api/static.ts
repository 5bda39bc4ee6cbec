/** The web interface: files of the build, and its one page for all addresses that a browser may open. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import express, { type RequestHandler, type Response, type Router } from 'express'
import { PROJECT } from '../project-folder.ts'

/** Where Bahmni's Apache has always sent this address, and where it stays. */
const BAHMNI = '/dhis-integration'
const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>DHIS2 Sync</title>
<h1>The web interface is not built</h1><p>Run <code>npm run build</code> where this program is installed, and load this page again.
The HTTP API and <a href="queues">the queues</a> work without it.</p>`

/** The folder that the build writes. */
export const BUILT_UI = join(PROJECT, 'dist', 'web')

/** What comes below Bahmni's path is what comes below the root, but for the Java service's own routes. */
export const belowBahmnisPath: RequestHandler = (request, response, next) => {
  if (request.path === BAHMNI && request.method === 'GET') {
    response.redirect(308, `${BAHMNI.slice(1)}/${request.url.slice(BAHMNI.length)}`)
    return
  }
  const rest = request.url.slice(BAHMNI.length)
  if (request.url.startsWith(`${BAHMNI}/`) && (!rest.startsWith('/api/') || rest.startsWith('/api/v1/'))) request.url = rest
  next()
}

export function webUi(folder: string): Router {
  const router = express.Router()
  // their names follow from their content
  router.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false, redirect: false }))
  router.use(express.static(folder, { index: false, redirect: false, maxAge: '1h' }))
  router.get(/^(?!\/api\/|\/assets\/|\/dhis-integration\/|\/queues\/)/, async (request, response, next) => {
    if (request.accepts(['json', 'html']) !== 'html') next()
    else await sendPage(join(folder, 'index.html'), request.path, response)
  })
  return router
}

/** Addresses in the page are relative, and <base> leads back to where the first one begins: so it works below any prefix that a proxy has. */
async function sendPage(file: string, path: string, response: Response): Promise<void> {
  const page = await readFile(file, 'utf8').catch(() => null)
  const up = '../'.repeat(path.split('/').length - 2) || './'
  response
    .status(page === null ? 503 : 200)
    .setHeader('cache-control', 'no-cache')
    .type('html')
    .send(page === null ? NOT_BUILT : page.replace('<base href="./"', `<base href="${up}"`))
}
