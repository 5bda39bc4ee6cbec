import { migrate } from '../../sql/migrate.ts'
import { readConfig } from '../config.ts'
import { EXIT } from './exit.ts'

type Env = Readonly<Record<string, string | undefined>>

export async function runMigrate(env: Env): Promise<number> {
  const config = readConfig(env, ['database'])
  const done = await migrate({ databaseUrl: config.databaseUrl!, storeSchema: config.storeSchema })
  process.stdout.write(done.length > 0 ? `Migrated: ${done.join(', ')}\n` : 'The database is up to date.\n')
  return EXIT.ok
}
