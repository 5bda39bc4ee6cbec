/** Is everything there that a sync needs? Each check says what it found, or what to do. */
import { missingMigrations } from '../../sql/migrate.ts'
import { lookAtAccount, lookAtDisk } from '../checks.ts'
import { describeConfig, readConfig } from '../config.ts'
import { RunFailure } from '../errors.ts'
import { validateMapping } from '../validate-mapping.ts'
import { openStore } from '../open-store.ts'
import { dhis2Connector, openmrsOf } from '../service.ts'
import { EXIT, exitCodeOf } from './exit.ts'
import { sentenceOf } from './validate.ts'

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
  const told = ({ ok, text }: { ok: boolean; text: string }) => (ok ? say('✓', text) : bad(text))
  const disk = store && missing?.length === 0 ? await tried(lookAtDisk({ store, config }), bad) : null
  if (disk) told(disk)
  // a DHIS2 that goes meanwhile is told of with the mappings
  if (client) await lookAtAccount({ ask: () => Promise.resolve(client) }).then(told, () => {})
  try {
    const mappings = store && missing?.length === 0 ? await tried(store.listMappings(), bad) : null
    if (mappings) say(mappings.length > 0 ? '✓' : ' ', `the database answers and has ${mappings.length} mappings`)
    const { trackedEntityType, timeZone } = config
    const connect = () => (client ? Promise.resolve(client) : Promise.reject(new RunFailure('DHIS2 does not answer.')))
    for (const mapping of mappings ?? []) {
      const options = { store: store!, connect, trackedEntityType, timeZone, examples: false }
      const { findings = [], dhis2Problem = null } = (await tried(validateMapping(mapping, options), bad)) ?? {}
      if (client && dhis2Problem !== null) bad(dhis2Problem)
      for (const finding of findings) {
        const text = `mapping "${mapping.name}": ${sentenceOf(finding)}`
        if (finding.severity === 'error') bad(text)
        else say('!', text)
      }
    }
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
