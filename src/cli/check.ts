/** Is everything there that a sync needs? Each check says what it found, or what to do. */
import { missingMigrations } from '../../sql/migrate.ts'
import type { Store } from '../../sql/store/store.ts'
import { describeConfig, readConfig } from '../config.ts'
import { eventColumns, instanceColumns, type Mapping } from '../core/mapping.ts'
import type { Metadata } from '../core/model.ts'
import type { Dhis2Client } from '../dhis2/client.ts'
import { dhis2Connector, openmrsOf, openStore } from '../service.ts'
import { EXIT, exitCodeOf } from './exit.ts'

export async function runCheck(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const say = (mark: string, text: string) => process.stdout.write(`${mark} ${text}\n`)
  for (const { name, value } of describeConfig(config)) say(' ', `${name}=${value}`)
  let problems = 0
  const bad = (text: string) => {
    problems++
    say('✗', text)
  }

  const location = { databaseUrl: config.databaseUrl!, storeSchema: config.storeSchema }
  const missing = await tried(missingMigrations(location), bad)
  if (missing !== null && missing.length > 0) bad(`the database lacks ${missing.join(', ')}. Run "bahmni-dhis2-sync migrate".`)
  // a pool is opened with its first connection
  const store = missing === null ? null : await openStore(config)
  const client = await tried(dhis2Connector(config, () => {})(), bad)
  if (client) say('✓', `DHIS2 ${client.server.version} answers, ${client.api} API`)
  const openmrs = openmrsOf(config)
  if (openmrs) {
    if ((await tried(openmrs.check(), bad)) !== null) say('✓', 'OpenMRS answers')
    await openmrs.close()
  }
  try {
    const mappings = store && missing?.length === 0 ? await tried(store.listMappings(), bad) : null
    if (mappings) say(mappings.length > 0 ? '✓' : ' ', `the database answers and has ${mappings.length} mappings`)
    for (const mapping of mappings ?? [])
      for (const problem of (await tried(checkMapping(store!, client, mapping), bad)) ?? []) bad(`mapping "${mapping.name}": ${problem}`)
  } finally {
    await client?.close()
    await store?.close()
  }
  say(problems === 0 ? '✓' : '✗', problems === 0 ? 'all is well' : `${problems} problems`)
  return problems === 0 ? EXIT.ok : EXIT.failed
}

async function tried<T>(work: Promise<T>, bad: (text: string) => void): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    exitCodeOf(error, { write: (text: string) => (bad(text.trim()), true) } as unknown as NodeJS.WritableStream)
    return null
  }
}

async function checkMapping(store: Store, client: Dhis2Client | null, mapping: Mapping): Promise<string[]> {
  const found = await store.describeMart(mapping)
  if (!client) return []
  return compare(mapping, await client.readMetadata(found.programs), found)
}

function compare(mapping: Mapping, metadata: Metadata, mart: { programs: readonly string[]; orgUnits: readonly string[] }): string[] {
  const unknown = (kind: string, columns: ReturnType<typeof instanceColumns>, fields: ReadonlyMap<string, unknown>) =>
    columns
      .filter(([, uid]) => !fields.has(uid))
      .map(([column, uid]) => `column "${column}" is mapped to ${kind} ${uid}, which DHIS2 does not have`)
  return [
    ...unknown('attribute', instanceColumns(mapping), metadata.attributes),
    ...unknown('data element', eventColumns(mapping), metadata.dataElements),
    ...mart.programs
      .filter((uid) => !metadata.programs.has(uid))
      .map((uid) => `program ${uid} of ${mapping.tables.enrollments} is not in DHIS2`),
    ...mart.orgUnits
      .filter((code) => !metadata.orgUnitsByCode.has(code))
      .map((code) => `org unit "${code}" of ${mapping.tables.instance} is no code in DHIS2`),
  ]
}
