import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { KINDS, type Kind } from '../core/model.ts'
import { KIND_WORDS } from '../core/rejection.ts'
import { MappingNotFoundError, type DeltaCounts, type DeltaRequest } from '../../sql/store/store.ts'
import { readConfig, type Config } from '../config.ts'
import type { Dhis2Client } from '../dhis2/client.ts'
import { RunFailure } from '../errors.ts'
import { csvOf } from '../preview/csv.ts'
import { openFacts } from '../preview/facts.ts'
import { openJudge } from '../preview/judge.ts'
import { openStore } from '../open-store.ts'
import { dhis2Connector } from '../service.ts'
import { EXIT } from './exit.ts'
import { checkPeriod } from './sync.ts'

export interface PreviewOptions {
  csv?: boolean
  from?: string
  to?: string
}

/** Counts, or with --csv every row, of what a sync would look at. */
export async function runPreview(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  options: PreviewOptions,
): Promise<number> {
  const config = readConfig(env, ['database'])
  const { from = null, to = null } = options
  checkPeriod(from, to)
  const store = await openStore(config)
  let client: Dhis2Client | null = null
  const connect = async () => (client = await connectOnce(config))
  try {
    const mapping = await store.readMapping(name)
    if (!mapping) throw new MappingNotFoundError(name)
    const request: DeltaRequest = { from, to, resync: false }
    if (!options.csv) {
      process.stdout.write(table(await store.countDelta(mapping, request)))
      return EXIT.ok
    }
    const judge = await openJudge(mapping, openFacts({ store, connect, trackedEntityType: config.trackedEntityType }), config.timeZone)
    // not among the data
    if (judge.dhis2Problem !== null) process.stderr.write(`${judge.dhis2Problem} What it would refuse is not known.\n`)
    await pipeline(Readable.from(csvOf(store, mapping, request, {}, judge)), process.stdout, { end: false })
    return EXIT.ok
  } finally {
    await (client as Dhis2Client | null)?.close()
    await store.close()
  }
}

function connectOnce(config: Config): Promise<Dhis2Client> {
  if (config.dhis2Url === null) throw new RunFailure('DHIS2_URL is not set.')
  return dhis2Connector({ ...config, retrySeconds: 0 }, () => {})()
}

const WHATS = ['new', 'update', 'unchanged'] as const

function table(counts: DeltaCounts): string {
  const line = (kind: Kind) =>
    `${`${KIND_WORDS[kind]}s`.padEnd(12)}${WHATS.map((what) => String(counts[kind][what]).padStart(11)).join('')}`
  return `${[`${''.padEnd(12)}${WHATS.map((what) => what.padStart(11)).join('')}`, ...KINDS.map(line)].join('\n')}\n`
}
