/** The program as its user starts it: built, and in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterAll, inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    program: string
  }
}

const running = new Set<ChildProcess>()

// registered first, so done last: a test that failed leaves no process behind
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

export type Env = Readonly<Record<string, string | undefined>>

export interface Ended {
  code: number | null
  out: string
  err: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** resolves when standard output has this text; rejects when the program ends before */
  printed: (what: RegExp) => Promise<RegExpExecArray>
}

/** Only these variables, and what a process cannot do without. @param input what is piped in */
export function start(args: readonly string[], env: Env, input?: string): Running {
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(process.execPath, [inject('program'), ...args], {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.on('error', () => {}).end(input)
  let printed = ''
  const watchers = new Set<() => void>()
  child.stdout!.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    for (const watcher of watchers) watcher()
  })
  const err = text(child.stderr!)
  running.add(child)
  child.once('close', () => running.delete(child))
  const closed = new Promise<number | null>((done, failed) => child.once('error', failed).once('close', done))
  const ended = closed.then(async (code): Promise<Ended> => ({ code, out: printed, err: await err }))
  return {
    child,
    ended,
    printed: (what) =>
      new Promise((found, failed) => {
        const look = () => {
          const match = what.exec(printed)
          if (match) found(match)
        }
        watchers.add(look)
        look()
        void ended.then((end) => failed(new Error(`ended with ${end.code} before it printed ${what}\n${end.out}\n${end.err}`)))
      }),
  }
}

export const run = (args: readonly string[], env: Env = {}, input?: string): Promise<Ended> => start(args, env, input).ended
