/** The API's documentation: the document, and pages to read it on. They need nothing of the Internet, and no script stands in the HTML. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import express, { type Request, type Response, type Router } from 'express'
import type { Route } from '../handler.ts'
import { inlineStyles } from '../security-headers.ts'
import { openApiDocument } from './open-api.ts'
import { PROBLEM_MANUAL } from './problem-manual.ts'

const require = createRequire(import.meta.url)
const SWAGGER_UI = dirname(require.resolve('swagger-ui-dist/package.json'))
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>API · Bahmni → DHIS2 sync</title>
<link rel="stylesheet" href="docs/swagger-ui.css" />
<link rel="icon" href="docs/favicon-32x32.png" />
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`
/** No validator of others: it would be asked over the Internet. */
const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#api', validatorUrl: null, deepLinking: true, defaultModelsExpandDepth: -1 })\n`

/** Below /api. */
export function apiDocs(routes: readonly Route[]): Router {
  const router = express.Router({ strict: true })
  const document = JSON.stringify(openApiDocument(routes))
  router.get('/openapi.json', (_request: Request, response: Response) => void response.type('application/json').send(document))
  router.get('/docs', inlineStyles, (_request: Request, response: Response) => void response.type('html').send(PAGE))
  // its links are relative to /api/docs
  router.get('/docs/', (_request: Request, response: Response) => response.redirect('../docs'))
  router.get('/docs/start.js', (_request: Request, response: Response) => void response.type('text/javascript').send(START))
  router.get('/docs/problems', inlineStyles, (_request: Request, response: Response) => void response.type('html').send(PROBLEM_MANUAL))
  for (const file of FILES)
    router.get(`/docs/${file}`, (_request: Request, response: Response) => response.sendFile(file, { root: SWAGGER_UI, maxAge: '1d' }))
  return router
}
