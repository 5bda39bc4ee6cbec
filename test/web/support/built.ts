import { execFileSync } from 'node:child_process'

/** vitest's set-up of this kind of tests: they see the interface as it is built from the sources of now. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build-web.mjs'], { stdio: 'inherit' })
}
