import { createApp, listen } from '../api/server.ts'
import { readConfig, type Config } from '../config.ts'
import { createLog, type Log } from '../log.ts'
import { openService, type Service } from '../service.ts'
import { EXIT } from './exit.ts'
import { endWithin, stopSignal } from './stop.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Workers, schedules and the web pages, until SIGTERM or SIGINT. */
export async function runServe(env: Env): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const log = createLog(config.logLevel)
  return serveUntilSignal(config, log, await openService(config, log))
}

export async function serveUntilSignal(config: Config, log: Log, service: Service): Promise<number> {
  const stopped = stopSignal()
  await service.startWorkers()
  await service.startSchedules()
  const app = createApp({ ...service, config, log, authenticate: () => Promise.resolve(null) })
  const web = await listen(app, config.host, config.port)
  process.stdout.write(`Bull Board: ${web.url}/queues  (Ctrl+C ends)\n`)
  await stopped
  await endWithin(config.shutdownSeconds, { service, closeWeb: web.close, log })
  return EXIT.ok
}

/** Workers and schedules alone. */
export async function runWork(env: Env): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const log = createLog(config.logLevel)
  const service = await openService(config, log)
  const stopped = stopSignal()
  await service.startWorkers()
  await service.startSchedules()
  await stopped
  await endWithin(config.shutdownSeconds, { service, log })
  return EXIT.ok
}
