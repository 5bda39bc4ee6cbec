/** Is everything there that a sync needs? Each check says what it found, or what to do. */
import { missingMigrations } from '../../sql/migrate.ts'
import type { MartNames, Store } from '../../sql/store/store.ts'
import { describeConfig, readConfig } from '../config.ts'
import { relationsOf, type Mapping } from '../core/mapping.ts'
import type { Metadata } from '../core/model.ts'
import type { Dhis2Client } from '../dhis2/client.ts'
import { dhis2Connector, openStore } from '../service.ts'
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
  return compare(mapping, await client.readMetadata([...new Set(found.programs.map(({ uid }) => uid))]), found)
}

function compare(mapping: Mapping, metadata: Metadata, mart: MartNames): string[] {
  const { attributes, dataElements, programs, orgUnitsByCode } = metadata
  const columns = relationsOf(mapping).flatMap(({ kind, table, columns }) => {
    const [word, fields] = kind === 'event' ? (['data element', dataElements] as const) : (['attribute', attributes] as const)
    return columns
      .filter(([, uid]) => !fields.has(uid))
      .map(([column, uid]) => `column "${column}" of ${table} is mapped to ${word} ${uid}, which DHIS2 does not have`)
  })
  const hasStage = ({ uid, program }: MartNames['stages'][number]) =>
    program === null ? [...programs.values()].some((p) => p.stages.has(uid)) : programs.get(program)?.stages.has(uid)
  return [
    ...columns,
    ...mart.programs.filter(({ uid }) => !programs.has(uid)).map(({ table, uid }) => `program ${uid} of ${table} is not in DHIS2`),
    ...mart.stages
      .filter((stage) => !hasStage(stage))
      .map(
        ({ table, uid, program }) =>
          `program stage ${uid} of ${table} is no stage of ${program === null ? 'its programs' : `program ${program}`} in DHIS2`,
      ),
    ...mart.orgUnits
      .filter(({ code }) => !orgUnitsByCode.has(code))
      .map(({ table, code }) => `org unit "${code}" of ${table} is no code in DHIS2`),
  ]
}
