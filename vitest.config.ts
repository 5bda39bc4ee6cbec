import { defineConfig } from 'vitest/config'

/** One project for each kind of test. */
const kind = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.${name}.test.ts`],
    testTimeout: timeout,
    hookTimeout: 120_000,
  },
})

export default defineConfig({
  test: {
    // clinics' machines have two cores
    maxWorkers: 2,
    maxConcurrency: 3,
    // one PostgreSQL for all; files of tests make databases of their own
    globalSetup: ['test/support/postgres.ts'],
    reporters: ['default', './test/support/figures-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      kind('unit', 60_000),
      kind('pg', 60_000),
      kind('queue', 120_000),
      kind('dhis2', 120_000),
      kind('sync', 300_000),
      kind('api', 120_000),
      kind('cli', 300_000),
      kind('faults', 600_000),
    ],
  },
})
