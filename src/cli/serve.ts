import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { bullBoard } from '../../dashboard/bull-board.ts'
import { readConfig, type Config } from '../config.ts'
import { createLog } from '../log.ts'
import { openService, type Service } from '../service.ts'
import { EXIT } from './exit.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Workers and Bull Board, until SIGTERM or SIGINT; jobs in flight are finished first. */
export async function runServe(env: Env): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  return serveUntilSignal(config, await openService(config, createLog(config.logLevel)))
}

export async function serveUntilSignal(config: Config, service: Service): Promise<number> {
  await service.startWorkers()
  const app = express()
  app.disable('x-powered-by')
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/', (_request, response) => response.redirect('/queues'))
  app.use('/queues', bullBoard(service.queues, '/queues'))
  const server = createServer(app)
  await new Promise<void>((done, failed) => server.once('error', failed).listen(config.port, config.host, done))
  const { port } = server.address() as AddressInfo
  process.stdout.write(`Bull Board: http://${config.host}:${port}/queues  (Ctrl+C ends)\n`)
  await stopSignal()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await service.close()
  return EXIT.ok
}

export async function runWork(env: Env): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const service = await openService(config, createLog(config.logLevel))
  await service.startWorkers()
  await stopSignal()
  await service.close()
  return EXIT.ok
}

function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}
