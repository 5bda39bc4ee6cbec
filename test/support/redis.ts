/** A Redis of a test's own, on a free port; tests are skipped where there is no redis-server. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

export interface OwnRedis {
  host: string
  port: number
  /** as when its machine loses power */
  kill: () => Promise<void>
  /** on the same port, with what it had or without */
  restart: (what: 'with its data' | 'empty') => Promise<void>
  stop: () => Promise<void>
}

export const REDIS_IS_HERE = isHere()

function isHere(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export async function startRedis(): Promise<OwnRedis> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-redis-'))
  let child = await serve(port, dir)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    host: '127.0.0.1',
    port,
    kill,
    async restart(what) {
      await kill()
      if (what === 'empty') rmSync(join(dir, 'appendonlydir'), { recursive: true, force: true })
      child = await serve(port, dir)
    },
    async stop() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function serve(port: number, dir: string): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise<void>((ready, failed) => {
    child.once('error', failed)
    child.once('exit', (code) => failed(new Error(`redis-server ended with ${code}`)))
    child.stdout.on('data', (chunk: Buffer) => chunk.toString().includes('Ready to accept') && ready())
  })
  return child
}
