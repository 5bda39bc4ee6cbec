import { defineConfig } from 'vitest/config'

/** One project for each kind of test; those with a database share one server and make databases of their own. */
const kind = (name: string, options: { database?: boolean; timeout?: number } = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.${name}.test.ts`],
    globalSetup: options.database ? ['test/support/postgres.ts'] : [],
    testTimeout: options.timeout ?? 20_000,
    hookTimeout: 120_000,
  },
})

export default defineConfig({
  test: {
    // clinics' machines have two cores
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      kind('unit', { timeout: 60_000 }),
      kind('pg', { database: true, timeout: 60_000 }),
      kind('queue', { database: true, timeout: 120_000 }),
      kind('dhis2', { timeout: 120_000 }),
      kind('sync', { database: true, timeout: 300_000 }),
      kind('cli', { database: true, timeout: 300_000 }),
    ],
  },
})
