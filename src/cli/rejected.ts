/** The work list of rejected records on the command line. It is read page by page: memory does not grow with it. */
import { pipeline } from 'node:stream/promises'
import { KINDS, type Kind } from '../core/model.ts'
import { KIND_WORDS, REJECTION_CATALOGUE, REJECTION_CODES } from '../core/rejection.ts'
import { readConfig } from '../config.ts'
import { REJECTED_STATES, type RejectedFilter, type RejectedGroup, type Store } from '../../sql/store/store.ts'
import { recordsOf, rejectedCsv } from '../rejected-csv.ts'
import { EXIT, UsageError } from './exit.ts'
import { printReport, type RunReport } from './report.ts'
import { requestOf, syncOnce } from './sync.ts'
import { withStore, type Env } from './with-store.ts'

export interface Chosen {
  mapping?: string
  code?: string
  cause?: string
  patient?: string
  run?: string
  kind?: string
  id?: string[]
}
interface Shown extends Chosen {
  state?: string
  csv?: boolean
  json?: boolean
}

/** @throws UsageError */
function filterOf({ code, run, kind, id, ...rest }: Chosen): RejectedFilter {
  if (run !== undefined && !/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(run))
    throw new UsageError(`--run should be a run id, not "${run}".`)
  for (const number of id ?? [])
    if (!/^\d{1,18}$/.test(number)) throw new UsageError(`"${number}" is no record's number: "rejected list" shows them.`)
  return {
    ...rest,
    ...(run !== undefined && { run }),
    ...(id !== undefined && { ids: id }),
    ...(code !== undefined && {
      code: known(REJECTION_CODES, code, `There is no code "${code}". There are ${REJECTION_CODES.join(', ')}.`),
    }),
    ...(kind !== undefined && { kind: kindOf(kind) }),
  }
}

/** Open ones unless another state is asked for. @throws UsageError */
function shownFilter({ state = 'open', csv: _csv, json: _json, ...chosen }: Shown): RejectedFilter {
  const filter = filterOf(chosen)
  if (state === 'all') return filter
  return { ...filter, state: known(REJECTED_STATES, state, `--state should be open, settled, dismissed or all, not "${state}".`) }
}

/** For commands that change something: they never take everything by oversight. @throws UsageError */
function changedFilter({ all = false, ...chosen }: Chosen & { all?: boolean }): RejectedFilter {
  if (!all && Object.keys(chosen).length === 0)
    throw new UsageError('Say which records: --id, --cause, --mapping, --code, --patient, --kind or --run; or --all.')
  return filterOf(chosen)
}

function known<T extends string>(values: readonly T[], value: string, otherwise: string): T {
  const found = values.find((v) => v === value)
  if (found === undefined) throw new UsageError(otherwise)
  return found
}

function kindOf(word: string): Kind {
  const kind = KINDS.find((k) => KIND_WORDS[k] === word)
  if (kind === undefined) throw new UsageError(`--kind should be ${KINDS.map((k) => KIND_WORDS[k]).join(', ')}, not "${word}".`)
  return kind
}

export function listRejected(env: Env, options: Shown): Promise<number> {
  const filter = shownFilter(options)
  const lines = options.json ? asJson : options.csv ? rejectedCsv : asText
  return withStore(env, async (store) => {
    // waits for a reader that is slower
    await pipeline(lines(store, filter), process.stdout, { end: false })
    return EXIT.ok
  })
}

/** "37 × DHIS2 has no org unit with this code: ZWNSC-X" */
export async function groupRejected(env: Env, options: Omit<Shown, 'csv'>): Promise<number> {
  const groups = await withStore(env, (store) => store.groupRejected(shownFilter(options)))
  const lines = groups.map((group) => {
    const { code, cause, mappings, attempts, firstAt, lastAt, patients } = group
    const facts = [mappings.join(', '), `up to ${attempts} ×`, `${day(firstAt)} to ${day(lastAt)}`, `--cause ${cause}`].join('; ')
    const n = `${patients} ${patients === 1 ? 'patient' : 'patients'}`
    return `${String(group.records).padStart(6)} × ${titleOf(group)} (${code}; ${n})\n${INDENT}${REJECTION_CATALOGUE[code].remedy}\n${INDENT}${facts}\n`
  })
  const withTitles = groups.map((group) => ({ ...group, ...REJECTION_CATALOGUE[group.code] }))
  process.stdout.write(options.json ? `${JSON.stringify(withTitles, null, 2)}\n` : lines.join('') || 'No records.\n')
  return EXIT.ok
}

/** Sends the chosen open ones again, and nothing else: a run for each of their mappings. */
export async function retryRejected(env: Env, options: Chosen & { comment: string; user: string; json?: boolean }): Promise<number> {
  const { comment, user, json = false, ...chosen } = options
  const rejected: RejectedFilter = { ...filterOf(chosen), state: 'open' }
  const request = { ...requestOf('', { comment, user }), rejected }
  const config = readConfig(env, ['database', 'dhis2'])
  const groups = await withStore(env, (store) => store.groupRejected(rejected))
  const mappings = [...new Set(groups.flatMap((group) => group.mappings))].toSorted()
  if (mappings.length === 0 && !json) process.stdout.write('No open record is like that.\n')
  const reports: RunReport[] = []
  for (const mappingName of mappings) {
    const report = await syncOnce(config, { ...request, mappingName }, json)
    if (!json) process.stdout.write(`${printReport(report)}\n`)
    reports.push(report)
  }
  if (json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`)
  return reports.every((report) => report.state === 'succeeded') ? EXIT.ok : EXIT.failed
}

export async function dismissRejected(env: Env, options: Chosen & { reason: string; user: string; all?: boolean }): Promise<number> {
  const { reason, user, ...chosen } = options
  if (reason.trim() === '') throw new UsageError('--reason should say why nobody has to mend it: the list shows it.')
  const filter = changedFilter(chosen)
  const n = await withStore(env, (store) => store.dismissRejected(filter, user, reason))
  process.stdout.write(`Dismissed: ${n}. Each comes back when its row changes in the Mart.\n`)
  return EXIT.ok
}

export async function reopenRejected(env: Env, options: Chosen & { all?: boolean }): Promise<number> {
  const filter = changedFilter(options)
  const n = await withStore(env, (store) => store.reopenRejected(filter))
  process.stdout.write(`Open again: ${n}. The next sync sends them.\n`)
  return EXIT.ok
}

async function* asJson(store: Store, filter: RejectedFilter): AsyncGenerator<string> {
  let before = '[\n'
  for await (const { rejection, ...record } of recordsOf(store, filter)) {
    yield `${before}${JSON.stringify({ ...record, ...rejection, ...REJECTION_CATALOGUE[rejection.code] })}`
    before = ',\n'
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}

/** By cause, the most frequent first. */
async function* asText(store: Store, filter: RejectedFilter): AsyncGenerator<string> {
  const groups = await store.groupRejected(filter)
  if (groups.length === 0) yield 'No records.\n'
  for (const group of groups) {
    yield `${group.records} × ${titleOf(group)} (${group.code}). ${REJECTION_CATALOGUE[group.code].remedy}\n`
    for await (const r of recordsOf(store, { ...filter, cause: group.cause })) {
      const dismissed = r.dismissed === null ? '' : `; dismissed by ${r.dismissed.by}: ${r.dismissed.reason}`
      yield `${r.id.padStart(8)}  ${r.rejection.message} (${r.mapping}, ${r.state}, tried ${r.attempts} ×, since ${day(r.firstAt)}${dismissed})\n`
    }
  }
}

const INDENT = ' '.repeat(9)
const day = (at: Date) => at.toISOString().slice(0, 10)

function titleOf({ code, value, dhis2Name, dhis2Code, column }: RejectedGroup): string {
  const about = [value, dhis2Name, dhis2Code, column === null ? null : `column "${column}"`].filter((part) => part !== null).join(', ')
  return `${REJECTION_CATALOGUE[code].title}${about === '' ? '' : `: ${about}`}`
}
