/** PostgreSQL from an npm package, for the demo and the tests: nothing to install, no root, all in one folder. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { dirname, join, resolve } from 'node:path'
import exitHook from 'async-exit-hook'
import { RunFailure } from './errors.ts'
import { reachablePostgres } from './reachable-postgres.ts'

// The package stops its servers as soon as a signal comes; we close our own work first, and then the server.
for (const signal of ['SIGINT', 'SIGTERM']) exitHook.unhookEvent(signal)

export interface EmbeddedDatabase {
  url: string
  stop: () => Promise<void>
}

/** names the process that uses the folder */
const OWNER = '.owner'
const SETTINGS = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' }

/** Starts the server of the folder, which is made at the first call. @param settings of the server, besides ours. @throws RunFailure when another process uses the folder */
export async function startEmbeddedPostgres(dataDir: string, settings: Readonly<Record<string, string>> = {}): Promise<EmbeddedDatabase> {
  const place = await reachablePostgres(resolve(dataDir))
  const databaseDir = join(place.dataDir, 'postgres')
  await settleRunning(databaseDir)
  const port = await freePort()
  const password = 'embedded'
  const lines: string[] = []
  const server = new place.EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    persistent: true,
    // PostgreSQL refuses to run as root: the package runs it as an account of its own then
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (message: unknown) => lines.push(String(message)),
    onError: (message: unknown) => lines.push(String(message)),
  })
  const made = join(databaseDir, '.made')
  if (!existsSync(made)) {
    rmSync(databaseDir, { recursive: true, force: true })
    mkdirSync(dirname(databaseDir), { recursive: true })
    await server.initialise()
    writeFileSync(made, '')
  }
  writeFileSync(join(databaseDir, OWNER), String(process.pid))
  try {
    await server.start()
  } catch (error) {
    throw new RunFailure(
      `The embedded PostgreSQL did not start in ${databaseDir}. Remove the folder to begin anew, or set DATABASE_URL. ${lines.slice(-3).join(' ')}`,
      { cause: error },
    )
  }
  return { url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`, stop: () => server.stop() }
}

/** A server of the folder that still runs: another process's is left alone, one whose process was killed is ended. */
async function settleRunning(databaseDir: string): Promise<void> {
  const pidOf = (file: string) =>
    existsSync(join(databaseDir, file)) ? Number(readFileSync(join(databaseDir, file), 'utf8').split('\n')[0]) : 0
  const [server, owner] = [pidOf('postmaster.pid'), pidOf(OWNER)]
  if (owner !== 0 && owner !== process.pid && isAlive(owner) && isAlive(server))
    throw new RunFailure(
      `The embedded PostgreSQL of ${databaseDir} is in use by process ${owner}. End the other "npm start" first, or set DATA_DIR to another folder.`,
    )
  if (isAlive(server)) process.kill(server, 'SIGINT')
  while (isAlive(server)) await sleep(100)
  rmSync(join(databaseDir, 'postmaster.pid'), { force: true })
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
