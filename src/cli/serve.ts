import { createApp, listen } from '../api/server.ts'
import { readConfig, type Config } from '../config.ts'
import { createLog, type Log } from '../log.ts'
import { openService, type Service } from '../service.ts'
import { EXIT } from './exit.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Workers and Bull Board, until SIGTERM or SIGINT; jobs in flight are finished first. */
export async function runServe(env: Env): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const log = createLog(config.logLevel)
  return serveUntilSignal(config, log, await openService(config, log))
}

export async function serveUntilSignal(config: Config, log: Log, service: Service): Promise<number> {
  await service.startWorkers()
  const app = createApp({ ...service, config, log, authenticate: () => Promise.resolve(null) })
  const web = await listen(app, config.host, config.port)
  process.stdout.write(`Bull Board: ${web.url}/queues  (Ctrl+C ends)\n`)
  await stopSignal()
  await web.close()
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
