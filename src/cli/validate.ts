import type { Finding } from '../core/mapping-facts.ts'
import type { Mapping } from '../core/mapping.ts'
import { readConfig } from '../config.ts'
import { openStore } from '../open-store.ts'
import { dhis2Connector } from '../service.ts'
import { validateMapping, type ValidateOptions, type Validation } from '../validate-mapping.ts'
import { EXIT, UsageError } from './exit.ts'
import type { Env } from './with-store.ts'

/** `mappings validate`: all mappings, or one. */
export async function validateMappings(env: Env, name: string | null, output: { examples?: boolean; json?: boolean }): Promise<number> {
  const config = readConfig(env, ['database', 'dhis2'])
  const store = await openStore(config)
  const connect = dhis2Connector({ ...config, retrySeconds: 0 }, () => {})
  const { trackedEntityType, timeZone } = config
  const options: ValidateOptions = { store, connect, trackedEntityType, timeZone, examples: output.examples ?? false }
  try {
    const chosen = (await store.listMappings()).filter((mapping) => name === null || mapping.name === name)
    if (name !== null && chosen.length === 0)
      throw new UsageError(`There is no mapping "${name}". "mappings list" names those that there are.`)
    const validations: { mapping: string; validation: Validation }[] = []
    for (const mapping of chosen) validations.push({ mapping: mapping.name, validation: await validateMapping(mapping, options) })
    process.stdout.write(
      output.json
        ? `${JSON.stringify(
            validations.map(({ mapping, validation }) => ({ mapping, ...validation })),
            null,
            2,
          )}\n`
        : validations.map(({ mapping, validation }) => printed(mapping, validation)).join(''),
    )
    return validations.some(({ validation }) => isBad(validation)) ? EXIT.failed : EXIT.ok
  } finally {
    await (await connect().catch(() => null))?.close()
    await store.close()
  }
}

const isBad = ({ findings, dhis2Problem }: Validation) => dhis2Problem !== null || findings.some(({ severity }) => severity === 'error')

function printed(mapping: Mapping['name'], { findings, dhis2Problem }: Validation): string {
  const lines = [
    ...(dhis2Problem === null ? [] : [`✗ ${dhis2Problem} Only the Mart was looked at.`]),
    ...findings.map((finding) => `${finding.severity === 'error' ? '✗' : '!'} ${sentenceOf(finding)}`),
  ]
  return `${mapping}\n${(lines.length > 0 ? lines : ['✓ fits the Mart and DHIS2']).map((line) => `  ${line}\n`).join('')}`
}

export const sentenceOf = ({ message, remedy }: Finding) => `${message} ${remedy}`
