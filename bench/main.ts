/** `npm run bench`: speed as ratios, each measured side by side in one run. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { firstSync } from './first-sync.ts'

const env = { ...process.env, DATABASE_URL: 'postgresql://bench', SITE_ID: 'bench' }
const config = readConfig(env, ['dhis2'])
const TARGET = 0.8
const count = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)

const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-bench-'))
// PostgreSQL runs as an account of its own when we are root, and must be able to enter the folder
chmodSync(dir, 0o755)
const database = await startEmbeddedPostgres(dir)
try {
  const ratios = new Map<number, number>()
  // One request at a time leaves a core to us, as a DHIS2 on a machine of its own does. Two fill both cores of a small machine that runs DHIS2, its
  // database, ours, and us: what we compute, DHIS2 then waits for.
  for (const concurrency of [1, 2]) {
    console.log(`\n${concurrency} ${concurrency === 1 ? 'request' : 'requests'} at a time`)
    const ratio = await firstSync({
      config: { ...config, concurrency },
      databaseServer: database.url,
      tag: `B${randomBytes(3).toString('hex')}`,
      patients: count('BENCH_PATIENTS', 2000),
      pairs: count('BENCH_PAIRS', 3),
      say: (line) => console.log(line),
    })
    ratios.set(concurrency, ratio)
  }
  console.log(`\nfirst sync, × the rate of the bare loader (medians):`)
  console.log(`  ${ratios.get(1)!.toFixed(2)} with 1 request at a time (target ${TARGET})`)
  console.log(`  ${ratios.get(2)!.toFixed(2)} with 2`)
  process.exitCode = ratios.get(1)! >= TARGET ? 0 : 1
} finally {
  await database.stop()
  rmSync(dir, { recursive: true, force: true })
}
process.exit()
