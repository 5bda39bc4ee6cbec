/** The main job on parts that need no installation: embedded PostgreSQL, demo Mart, sandbox DHIS2. */
import { demoDatabase } from '../../sql/demo/database.ts'
import { createMart } from '../../sql/demo/mart.ts'
import { migrate } from '../../sql/migrate.ts'
import type { Store } from '../../sql/store/store.ts'
import { generatePassword, hashPassword } from '../accounts/password.ts'
import { RIGHTS } from '../api/contract/operation.ts'
import { readConfig, type Config } from '../config.ts'
import { groupBy } from '../core/group-by.ts'
import { startEmbeddedPostgres } from '../embedded-postgres.ts'
import { createLog } from '../log.ts'
import { demoServices, type DemoService } from '../sandbox/mart/demo.ts'
import { startSandbox } from '../sandbox/start.ts'
import { openStore } from '../open-store.ts'
import { openService } from '../service.ts'
import { EXIT, UsageError } from './exit.ts'
import { printReport, type RunReport } from './report.ts'
import { serveUntilSignal } from './serve.ts'
import { syncOnce } from './sync.ts'

const MART = 'mart'
const ACCOUNT = { dhis2Username: 'sync', dhis2Password: 'Sync-2024!pw' }
const say = (text: string) => process.stdout.write(`${text}\n`)

/** @returns 0 when the sync did what it should, the demo Mart's dirt included */
export async function runDemo(env: Readonly<Record<string, string | undefined>>, serve: boolean): Promise<number> {
  const given = readConfig(env)
  if (given.databaseUrl !== null && given.dhis2Url === null)
    throw new UsageError(
      'With a DATABASE_URL of your own set DHIS2_URL too: its tracker tables must not name records of the sandbox, which forgets them.',
    )
  say('Starting the embedded PostgreSQL and the sandbox DHIS2 …')
  const database = given.databaseUrl === null ? await startEmbeddedPostgres(given.dataDir) : null
  const sandbox = given.dhis2Url === null ? await startSandbox({ version: '2.41' }) : null
  const config: Config = {
    ...given,
    // the sandbox forgets everything at its end, and so do the trackers
    databaseUrl: database ? await demoDatabase(database.url, 'demo', sandbox !== null) : given.databaseUrl,
    ...(database && { martSchema: MART }),
    ...(sandbox && { dhis2Url: sandbox.url, dhis2Token: null, ...ACCOUNT }),
    siteId: given.siteId ?? 'demo',
  }
  try {
    const [hts] = await prepare(config, database !== null)
    const report = await syncOnce(
      config,
      {
        mappingName: hts!.mapping.name,
        requestedBy: 'demo',
        comment: 'npm start',
        dryRun: false,
        from: null,
        to: null,
        resync: false,
      },
      false,
    )
    say(`\n${printReport(report)}\n`)
    const differences = compare(report, hts!)
    for (const difference of differences) say(`Not as it should be: ${difference}`)
    if (serve) {
      const log = createLog(config.logLevel)
      const service = await openService(config, log)
      // in the embedded database only: one's own has users of its own
      const login = database ? [await demoAccount(service.store)] : []
      await serveUntilSignal(config, log, service, login)
    }
    return differences.length === 0 ? EXIT.ok : EXIT.failed
  } finally {
    await sandbox?.close()
    await database?.stop()
  }
}

/** Our tables, and in the embedded database the demo Mart with its mappings. */
async function prepare(config: Config, withMart: boolean): Promise<DemoService[]> {
  const services = demoServices()
  await migrate({ databaseUrl: config.databaseUrl!, storeSchema: config.storeSchema })
  if (withMart)
    await createMart(
      config.databaseUrl!,
      config.martSchema,
      services.map((s) => s.data),
    )
  const store = await openStore(config)
  try {
    if (withMart)
      await store.saveMappings(
        services.map((s) => s.mapping),
        'demo',
      )
  } finally {
    await store.close()
  }
  return services
}

/** Made anew at each start, so that nobody learns a password that holds everywhere. */
async function demoAccount(store: Store): Promise<string> {
  const [name, password] = ['admin', generatePassword()]
  await store.removeAccount(name)
  await store.addAccount({ name, password: await hashPassword(password), rights: RIGHTS })
  return `Sign in as ${name} with the password ${password}`
}

/** What the run did otherwise than the demo Mart asks for. */
function compare(report: RunReport, { rejected }: DemoService): string[] {
  const found = groupBy(report.rejected, (row) => row.code)
  const codes = new Set([...found.keys(), ...(Object.keys(rejected) as (keyof typeof rejected)[])])
  return [
    ...(report.state === 'succeeded' ? [] : [`the run ${report.state}`]),
    ...[...codes].flatMap((code) => {
      const [is, should] = [found.get(code)?.length ?? 0, rejected[code] ?? 0]
      return is === should ? [] : [`${is} records rejected with "${code}", ${should} expected`]
    }),
  ]
}
