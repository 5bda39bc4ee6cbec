/** The web pages: Bull Board, and whether the process lives. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { SyncQueues } from '../queues/sync-queues.ts'
import { bullBoard } from './bull-board.ts'

export interface WebServer {
  /** as a browser asks for it */
  url: string
  close: () => Promise<void>
}

export async function startWebServer(queues: Pick<SyncQueues, 'steps' | 'chunks'>, host: string, port: number): Promise<WebServer> {
  const app = express()
  app.disable('x-powered-by')
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/', (_request, response) => response.redirect('/queues'))
  app.use('/queues', bullBoard(queues, '/queues'))
  const server = createServer(app)
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, host, done))
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
