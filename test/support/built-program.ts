/** vitest's set-up of the kinds of tests that start the program: it is built from the sources of now, once for all of a run. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'

/** Below the project, so that its packages are found. */
const CACHE = '.cache'
const HOME = join(CACHE, `program-${process.pid}`)

/** @returns the tear-down */
export function setup(project: TestProject): () => void {
  // another kind's set-up may have built it
  if (!existsSync(HOME)) build()
  project.provide('program', resolve(HOME, 'main.js'))
  return () => rmSync(HOME, { recursive: true, force: true })
}

function build(): void {
  removeOld()
  execFileSync(process.execPath, [join('scripts', 'build.mjs'), HOME], { stdio: 'inherit' })
}

/** What a run of tests left that was killed. */
function removeOld(): void {
  if (!existsSync(CACHE)) return
  for (const name of readdirSync(CACHE)) {
    const pid = Number(/^program-(\d+)$/.exec(name)?.[1] ?? 0)
    if (pid !== 0 && !isAlive(pid)) rmSync(join(CACHE, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
