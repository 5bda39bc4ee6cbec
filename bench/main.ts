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
const count = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)

const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-bench-'))
// PostgreSQL runs as an account of its own when we are root, and must be able to enter the folder
chmodSync(dir, 0o755)
const database = await startEmbeddedPostgres(dir)
try {
  const { pairs, ratio } = await firstSync({
    config,
    databaseServer: database.url,
    tag: `B${randomBytes(3).toString('hex')}`,
    patients: count('BENCH_PATIENTS', 2000),
    pairs: count('BENCH_PAIRS', 3),
    say: (line) => console.log(line),
  })
  console.log(`\nfirst sync: ${ratio.toFixed(2)} × the bare loader’s rate (median of ${pairs.length} pairs; target 0.80)`)
  process.exitCode = ratio >= 0.8 ? 0 : 1
} finally {
  await database.stop()
  rmSync(dir, { recursive: true, force: true })
}
process.exit()
