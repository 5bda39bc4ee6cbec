import { createAuthenticate } from '../api/authenticate.ts'
import { FIRST_USER } from '../api/handlers/session/read-login-options.ts'
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

/** @param more what to say beside the addresses */
export async function serveUntilSignal(config: Config, log: Log, service: Service, more: readonly string[] = []): Promise<number> {
  const stopped = stopSignal()
  await service.startWorkers()
  await service.startSchedules()
  service.startAuditDelivery()
  const authenticate = createAuthenticate({ ...service, idleMinutes: config.sessionIdleMinutes })
  const web = await listen(createApp({ ...service, config, log, authenticate }), config.host, config.port)
  const nobody = service.openmrs === null && !(await service.store.hasAccounts())
  const lines = [
    `Open ${web.url} in a browser  (Ctrl+C ends)`,
    `Bull Board: ${web.url}/queues`,
    ...more,
    ...(nobody ? [`Nobody can sign in yet. ${FIRST_USER}`, 'Or set OPENMRS_URL, for the users of OpenMRS.'] : []),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
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
  service.startAuditDelivery()
  await stopped
  await endWithin(config.shutdownSeconds, { service, log })
  return EXIT.ok
}
