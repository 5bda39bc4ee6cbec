import { defineConfig } from 'vitest/config'
import { chromiumPath } from './test/web/support/chromium.ts'

/** One project for each kind of test. A test that hangs ends some time; how long one takes says nothing: the machine may be busy. */
const kind = (name: string, timeout: number, globalSetup: string[] = []) => ({
  test: {
    name,
    // The program has no state of its modules: what one file has imported the next need not read again. What starts processes cleans up for each file.
    isolate: globalSetup.length > 0,
    include: [`test/${name}/**/*.${name}.test.ts`],
    testTimeout: timeout,
    hookTimeout: 120_000,
    globalSetup,
    expect: { poll: { timeout: 60_000 } },
  },
})

const PROGRAM = 'test/support/built-program.ts'

export default defineConfig({
  test: {
    // clinics' machines have two cores; a test waits for a part of its time
    maxWorkers: 3,
    maxConcurrency: 3,
    // one PostgreSQL for all; files of tests make databases of their own
    globalSetup: ['test/support/postgres.ts'],
    reporters: ['default', './test/support/figures-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      kind('unit', 120_000),
      kind('pg', 300_000),
      kind('queue', 300_000),
      kind('dhis2', 300_000),
      kind('sync', 600_000),
      kind('api', 300_000),
      kind('cli', 600_000, [PROGRAM]),
      // a machine without a browser tests the rest; ours must have one
      ...(chromiumPath !== undefined || process.env['CI'] ? [kind('web', 300_000, [PROGRAM, 'test/web/support/built.ts'])] : []),
      kind('faults', 900_000, [PROGRAM]),
    ],
  },
})
