/** The work list of rejected records on the command line. */
import { groupBy } from '../core/group-by.ts'
import { KIND_WORDS, REJECTION_CATALOGUE, REJECTION_CODES } from '../core/rejection.ts'
import type { RejectedFilter, RejectedRecord } from '../../sql/store/store.ts'
import { csvLine } from '../csv.ts'
import { EXIT, UsageError } from './exit.ts'
import { requestOf, syncAndPrint } from './sync.ts'
import { withStore, type Env } from './with-store.ts'

export interface Chosen {
  mapping?: string
  code?: string
  patient?: string
  run?: string
  state?: string
}

const STATES = ['open', 'settled', 'dismissed'] as const

/** Open ones unless another state is asked for. @throws UsageError */
function filterOf({ state = 'open', code, ...rest }: Chosen): RejectedFilter {
  const known = STATES.find((s) => s === state)
  if (known === undefined && state !== 'all') throw new UsageError(`--state should be open, settled, dismissed or all, not "${state}".`)
  if (code !== undefined && !REJECTION_CODES.some((c) => c === code))
    throw new UsageError(`There is no code "${code}". There are ${REJECTION_CODES.join(', ')}.`)
  return { ...rest, ...(code !== undefined && { code }), ...(known !== undefined && { state: known }) }
}

export async function listRejected(env: Env, options: Chosen & { csv?: boolean; json?: boolean }): Promise<number> {
  const records = await withStore(env, (store) => store.listRejected(filterOf(options)))
  if (options.json) process.stdout.write(`${JSON.stringify(records.map(flat), null, 2)}\n`)
  else if (options.csv) process.stdout.write([HEAD, ...records.map(cells)].map(csvLine).join(''))
  else process.stdout.write(table(records))
  return EXIT.ok
}

/** "37 × DHIS2 has no org unit with this code: ZWNSC-X" */
export async function groupRejected(env: Env, options: Chosen & { json?: boolean }): Promise<number> {
  const groups = await withStore(env, (store) => store.groupRejected(filterOf(options)))
  const lines = groups.map(({ code, column, dhis2Name, value, records, patients }) => {
    const { title, remedy } = REJECTION_CATALOGUE[code]
    const about = [value, dhis2Name, column && `column "${column}"`].filter(Boolean).join(', ')
    return `${String(records).padStart(6)} × ${title}${about ? `: ${about}` : ''} (${code}; ${patients} ${patients === 1 ? 'patient' : 'patients'})\n${' '.repeat(9)}${remedy}\n`
  })
  process.stdout.write(options.json ? `${JSON.stringify(groups, null, 2)}\n` : lines.join('') || 'No records.\n')
  return EXIT.ok
}

/** Sends the chosen open ones again, and nothing else: a run for each of their mappings. @returns the worst exit code */
export async function retryRejected(env: Env, options: Chosen & { comment: string; user: string; json?: boolean }): Promise<number> {
  const { comment, user, json = false, ...filter } = options
  const records = await withStore(env, (store) => store.listRejected(filterOf({ ...filter, state: 'open' })))
  if (records.length === 0) process.stdout.write('No open record is like that.\n')
  let worst: number = EXIT.ok
  for (const [mapping, chosen] of groupBy(records, (record) => record.mapping)) {
    const request = { ...requestOf(mapping, { comment, user }), records: chosen.map(({ kind, recordKey }) => ({ kind, recordKey })) }
    worst = Math.max(worst, await syncAndPrint(env, request, json))
  }
  return worst
}

export async function dismissRejected(env: Env, options: Chosen & { reason: string; user: string; all?: boolean }): Promise<number> {
  const { reason, user, all = false, ...filter } = options
  if (reason.trim() === '') throw new UsageError('--reason should say why nobody has to mend it: the list shows it.')
  refuseAll(filter, all)
  const n = await withStore(env, (store) => store.dismissRejected(filterOf(filter), user, reason))
  process.stdout.write(`Dismissed: ${n}. Each comes back when its row changes in the Mart.\n`)
  return EXIT.ok
}

export async function reopenRejected(env: Env, options: Chosen & { all?: boolean }): Promise<number> {
  const { all = false, ...filter } = options
  refuseAll(filter, all)
  const n = await withStore(env, (store) => store.reopenRejected(filterOf({ ...filter, state: 'dismissed' })))
  process.stdout.write(`Open again: ${n}. The next sync sends them.\n`)
  return EXIT.ok
}

function refuseAll(filter: Chosen, all: boolean): void {
  if (!all && Object.keys(filter).length === 0) throw new UsageError('Say which records: --mapping, --code, --patient or --run; or --all.')
}

const flat = ({ rejection, ...record }: RejectedRecord) => ({ ...record, ...rejection, ...REJECTION_CATALOGUE[rejection.code] })

const HEAD =
  'Mapping,State,Kind,Patient,Record,Code,Relation,Column,DHIS2 Name,Value,Message,Attempts,First,Last,Dismissed By,Reason'.split(',')
const cells = ({ rejection, ...r }: RejectedRecord) => [
  r.mapping,
  r.state,
  KIND_WORDS[r.kind],
  r.patientId,
  r.recordKey,
  rejection.code,
  r.relation,
  rejection.column,
  rejection.dhis2Name,
  rejection.value,
  rejection.message,
  String(r.attempts),
  r.firstAt.toISOString(),
  r.lastAt.toISOString(),
  r.dismissedBy,
  r.dismissedReason,
]

function table(records: readonly RejectedRecord[]): string {
  if (records.length === 0) return 'No records.\n'
  return [...groupBy(records, (record) => record.rejection.code)]
    .map(([code, rows]) => {
      const lines = rows.map((r) => {
        const dismissed = r.dismissedBy === null ? '' : `; dismissed by ${r.dismissedBy}: ${r.dismissedReason}`
        return `      ${r.rejection.message} (${r.mapping}, ${r.state}, tried ${r.attempts} ×, since ${r.firstAt.toISOString().slice(0, 10)}${dismissed})\n`
      })
      return `${rows.length} × ${REJECTION_CATALOGUE[code].title} (${code}). ${REJECTION_CATALOGUE[code].remedy}\n${lines.join('')}`
    })
    .join('')
}
