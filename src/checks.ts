/** Is everything there that a sync needs? Each check says what it found, or what to do, within its time; none of them names a patient. */
import { statfs } from 'node:fs/promises'
import { databaseIsNewer, migrationLevel } from '../sql/migrate.ts'
import type { Service } from './service.ts'
import type { Config } from './config.ts'
import { RunFailure, systemSentence } from './errors.ts'
import { validateMapping } from './validate-mapping.ts'
import { TooSlowError, within } from './within.ts'

export interface Check {
  name: string
  ok: boolean
  /** one sentence or two */
  text: string
  ms: number
}

type Found = Pick<Check, 'ok' | 'text'>
type Parts = Pick<Service, 'store' | 'queues' | 'ask' | 'openmrs'> & { config: Config }

const LIMIT_MS = 10_000
/** reads the Mart's relations, which may be views, and DHIS2's metadata */
const LONG_MS = 60_000
const LEAST_DISK = 1024 ** 3

/** All at the same time: one that hangs does not keep back the others. */
export function runChecks(parts: Parts): Promise<Check[]> {
  return Promise.all([
    timed('Database', LIMIT_MS, () => lookAtDatabase(parts)),
    timed('Tables', LIMIT_MS, () => lookAtTables(parts)),
    timed('Disk of the database', LIMIT_MS, () => lookAtDisk(parts)),
    timed('Queue', LIMIT_MS, () => lookAtQueue(parts)),
    timed('Mart', LIMIT_MS, () => lookAtMart(parts)),
    timed('DHIS2', LIMIT_MS, () => lookAtDhis2(parts)),
    timed('Account in DHIS2', LIMIT_MS, () => lookAtAccount(parts)),
    timed('Mappings and org units', LONG_MS, () => lookAtMappings(parts)),
    timed('OpenMRS', LIMIT_MS, () => lookAtOpenmrs(parts)),
  ])
}

async function timed(name: string, limitMs: number, look: () => Promise<Found>): Promise<Check> {
  const began = performance.now()
  const found = await within(limitMs, look()).catch((error: unknown): Found => ({ ok: false, text: sentenceOf(error) }))
  return { name, ...found, ms: Math.round(performance.now() - began) }
}

function sentenceOf(error: unknown): string {
  if (error instanceof TooSlowError) return 'It does not answer in time.'
  if (error instanceof RunFailure) return error.message
  return systemSentence(error) ?? 'It fails for a reason that this program does not know. Its log may say more.'
}

async function lookAtDatabase({ store }: Parts): Promise<Found> {
  const { version } = await store.readServer()
  return { ok: true, text: `PostgreSQL ${version} answers.` }
}

async function lookAtTables({ store }: Parts): Promise<Found> {
  const { missing, unknown } = migrationLevel(await store.listMigrations())
  if (unknown.length > 0) return { ok: false, text: databaseIsNewer(unknown) }
  if (missing.length > 0) return { ok: false, text: `The database lacks ${missing.join(', ')}. Run "bahmni-dhis2-sync migrate".` }
  return { ok: true, text: 'The tables are those of this version.' }
}

/** Free space can be seen when the database is on this machine and we may know where. */
export async function lookAtDisk({ store, config }: Pick<Parts, 'store' | 'config'>): Promise<Found> {
  const { size, dataDirectory } = await store.readServer()
  const isHere = /^(localhost|127\.|\[?::1|$)/.test(new URL(config.databaseUrl!).hostname)
  const disk = dataDirectory !== null && isHere ? await statfs(dataDirectory).catch(() => null) : null
  const has = `The database has ${gigabytes(size)}`
  if (!disk) return { ok: true, text: `${has}; how much room its disk has left cannot be seen from here.` }
  const free = disk.bavail * disk.bsize
  if (free < LEAST_DISK)
    return { ok: false, text: `${has}, and its disk has only ${gigabytes(free)} left. Make room before the next sync.` }
  return { ok: true, text: `${has}, and its disk has ${gigabytes(free)} left.` }
}
const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`

async function lookAtQueue({ queues }: Parts): Promise<Found> {
  const [workers, paused] = await Promise.all([
    queues.countWorkers(),
    Promise.all([queues.steps, queues.chunks].map((queue) => queue.isPaused())),
  ])
  const where = queues.kind === 'redis' ? 'Redis' : 'PostgreSQL'
  if (paused.some(Boolean)) return { ok: false, text: `The queue in ${where} is paused: syncs wait until it is resumed in Bull Board.` }
  if (workers === 0)
    return { ok: false, text: `The queue in ${where} answers, and no process works on syncs. Start "bahmni-dhis2-sync serve" or "work".` }
  return {
    ok: true,
    text: `The queue in ${where} answers, and ${workers === 1 ? '1 process works' : `${workers} processes work`} on syncs.`,
  }
}

async function lookAtMart({ store, config }: Parts): Promise<Found> {
  const { mappings, problems } = await store.findMart()
  if (problems.length > 0) return { ok: false, text: problems.join(' ') }
  if (mappings === 0) return { ok: true, text: `The schema "${config.martSchema}" can be read. There is no mapping yet.` }
  return {
    ok: true,
    text: `The schema "${config.martSchema}" has the relations and columns of ${mappings === 1 ? 'the mapping' : `all ${mappings} mappings`}.`,
  }
}

async function lookAtDhis2({ ask }: Parts): Promise<Found> {
  const client = await ask()
  const { version, account } = await client.readAccount()
  return { ok: true, text: `DHIS2 ${version} answers to ${account}, ${client.api} API.` }
}

/** @returns what our account may not do, before a sync finds it out record by record */
export async function lookAtAccount({ ask }: Pick<Parts, 'ask'>): Promise<Found> {
  const { orgUnits, programs } = await (await ask()).readRights()
  if (orgUnits === 0)
    return { ok: false, text: 'Our account has no org unit for data capture. Ask the administrator of DHIS2 to assign the clinic’s.' }
  const closed = programs.filter((program) => !program.writable).map((program) => program.name)
  if (programs.length === 0)
    return { ok: false, text: 'Our account sees no tracker program. Ask the administrator of DHIS2 to share them with it.' }
  const may = `It may capture data in ${orgUnits} org ${orgUnits === 1 ? 'unit' : 'units'} and those below`
  if (closed.length === 0) return { ok: true, text: `${may}, and write to all ${programs.length} tracker programs that it sees.` }
  // others' programs are no business of ours
  return { ok: closed.length < programs.length, text: `${may}. It may not write to ${closed.join(', ')}.` }
}

async function lookAtMappings({ store, ask, config }: Parts): Promise<Found> {
  const mappings = await store.listMappings()
  const bad: string[] = []
  for (const mapping of mappings) {
    const options = { store, connect: ask, trackedEntityType: config.trackedEntityType, timeZone: config.timeZone, examples: false }
    const { findings, dhis2Problem } = await validateMapping(mapping, options)
    if (dhis2Problem !== null) return { ok: false, text: dhis2Problem }
    const errors = findings.filter((finding) => finding.severity === 'error')
    if (errors.length > 0) bad.push(`"${mapping.name}": ${errors[0]!.message}${errors.length > 1 ? ` And ${errors.length - 1} more.` : ''}`)
  }
  if (bad.length > 0) return { ok: false, text: bad.join(' ') }
  return {
    ok: true,
    text: mappings.length === 0 ? 'There is no mapping yet.' : 'All mappings, with their programs and org units, fit the Mart and DHIS2.',
  }
}

async function lookAtOpenmrs({ openmrs }: Parts): Promise<Found> {
  if (!openmrs) return { ok: true, text: 'OpenMRS is not asked who a user is: OPENMRS_URL is not set.' }
  await openmrs.check()
  return { ok: true, text: 'OpenMRS answers.' }
}
