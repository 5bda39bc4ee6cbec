/** The work list of rejected records: list it, group it, try records again, dismiss and reopen them. */
import { readConfig } from '../config.ts'
import { groupBy } from '../core/group-by.ts'
import { KIND_WORDS, quoted, REJECTION_CATALOGUE, type RejectionCode } from '../core/rejection.ts'
import type { RejectedFilter, RejectedGroup, RejectedRecord, RejectedState, Store } from '../../sql/store/store.ts'
import { csvLine } from './csv.ts'
import { EXIT, UsageError } from './exit.ts'
import { printReport, type RunReport } from './report.ts'
import { syncOnce } from './sync.ts'
import { withStore, type Env } from './with-store.ts'

interface FilterOptions {
  mapping?: string
  code?: string
  patient?: string
  run?: string
  cause?: string
}
export interface ShowOptions extends FilterOptions {
  state: RejectedState | 'all'
  csv?: boolean
  json?: boolean
}
export interface ChooseOptions extends FilterOptions {
  all?: boolean
}

export function listRejected(env: Env, options: ShowOptions): Promise<number> {
  return withStore(env, async (store) => {
    const records = allRecords(store, shownFilter(options))
    if (options.json) await writeJson(records)
    else if (options.csv) await writeCsv(records)
    else await writeLines(records)
    return EXIT.ok
  })
}

export function listRejectedGroups(env: Env, options: ShowOptions): Promise<number> {
  return withStore(env, async (store) => {
    const groups = await store.groupRejected(shownFilter(options))
    if (options.json) process.stdout.write(`${JSON.stringify(groups.map(withCatalogue), null, 2)}\n`)
    else if (options.csv) process.stdout.write([csvLine(GROUP_COLUMNS), ...groups.map((g) => csvLine(groupCells(g)))].join(''))
    else process.stdout.write(groups.length > 0 ? groups.map(groupText).join('') : 'Nothing is rejected.\n')
    return EXIT.ok
  })
}

export interface RetryOptions extends ChooseOptions {
  comment: string
  user: string
  json?: boolean
}

/** One run for each mapping that has some of the records. */
export async function retryRejected(env: Env, ids: readonly string[], options: RetryOptions): Promise<number> {
  const filter = { ...chosenFilter(ids, options), state: 'open' as const }
  if (options.comment.trim() === '') throw new UsageError('--comment should say why: it is what the log shows.')
  const config = readConfig(env, ['database', 'dhis2'])
  const records = await withStore(env, async (store) => {
    const all: RejectedRecord[] = []
    for await (const record of allRecords(store, filter)) all.push(record)
    return all
  })
  if (records.length === 0)
    throw new UsageError('No open record fits. "rejected list" shows those that there are; reopen a dismissed one first.')
  const reports: RunReport[] = []
  for (const [mappingName, chosen] of groupBy(records, (record) => record.mappingName)) {
    const request = { mappingName, requestedBy: options.user, comment: options.comment, dryRun: false, from: null, to: null, resync: false }
    const report = await syncOnce(config, { ...request, records: chosen }, options.json ?? false)
    if (!options.json) process.stdout.write(`${printReport(report)}\n`)
    reports.push(report)
  }
  if (options.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`)
  return reports.every((report) => report.state === 'succeeded') ? EXIT.ok : EXIT.failed
}

export interface DismissOptions extends ChooseOptions {
  reason: string
  user: string
}

export function dismissRejected(env: Env, ids: readonly string[], options: DismissOptions): Promise<number> {
  const filter = chosenFilter(ids, options)
  if (options.reason.trim() === '') throw new UsageError('--reason should say why: it is what others read.')
  return withStore(env, async (store) => {
    const count = await store.dismissRejected(filter, options.user, options.reason)
    process.stdout.write(
      `${count} ${count === 1 ? 'record is' : 'records are'} dismissed: not sent again until the row changes in Bahmni.\n`,
    )
    return EXIT.ok
  })
}

export function reopenRejected(env: Env, ids: readonly string[], options: ChooseOptions): Promise<number> {
  const filter = chosenFilter(ids, options)
  return withStore(env, async (store) => {
    const count = await store.reopenRejected(filter)
    process.stdout.write(`${count} ${count === 1 ? 'record is' : 'records are'} open again: sent by the next sync.\n`)
    return EXIT.ok
  })
}

function filterOf({ mapping, code, patient, run, cause }: FilterOptions): RejectedFilter {
  if (code !== undefined && !(code in REJECTION_CATALOGUE))
    throw new UsageError(`There is no code "${code}". The codes are ${Object.keys(REJECTION_CATALOGUE).join(', ')}.`)
  if (run !== undefined && !/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(run))
    throw new UsageError(`--run should be a run id, not "${run}".`)
  return {
    ...(mapping !== undefined && { mappingName: mapping }),
    ...(code !== undefined && { code: code as RejectionCode }),
    ...(patient !== undefined && { patientId: patient }),
    ...(run !== undefined && { runId: run }),
    ...(cause !== undefined && { cause }),
  }
}

const shownFilter = (options: ShowOptions): RejectedFilter => ({
  ...filterOf(options),
  ...(options.state !== 'all' && { state: options.state }),
})

/** For commands that change something: they never take everything by oversight. */
function chosenFilter(ids: readonly string[], options: ChooseOptions): RejectedFilter {
  for (const id of ids) if (!/^\d{1,18}$/.test(id)) throw new UsageError(`"${id}" is no record's number. "rejected list" shows them.`)
  const filter: RejectedFilter = { ...filterOf(options), ...(ids.length > 0 && { ids }) }
  if (Object.keys(filter).length === 0 && !options.all)
    throw new UsageError('Which records? Give their numbers, or --mapping, --code, --patient, --run or --cause; --all means every one.')
  return filter
}

const PAGE = 1000

async function* allRecords(store: Store, filter: RejectedFilter): AsyncGenerator<RejectedRecord> {
  let after: string | null = null
  for (;;) {
    const page: readonly RejectedRecord[] = await store.listRejected(filter, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

const withCatalogue = <T extends { code: RejectionCode }>(item: T) => ({ ...item, ...REJECTION_CATALOGUE[item.code] })

/** An array whose items are printed as they come. */
async function writeJson(records: AsyncIterable<RejectedRecord>): Promise<void> {
  let before = '[\n'
  for await (const { rejection, ...record } of records) {
    process.stdout.write(`${before}${JSON.stringify(withCatalogue({ ...record, ...rejection }))}`)
    before = ',\n'
  }
  process.stdout.write(before === '[\n' ? '[]\n' : '\n]\n')
}

const RECORD_COLUMNS = [
  'Number',
  'State',
  'Mapping',
  'Kind',
  'Patient',
  'Record',
  'Code',
  'Relation',
  'Column',
  'DHIS2 Name',
  'Value',
  'Sentence',
  'What to do',
  'Attempts',
  'First',
  'Last',
  'Dismissed By',
  'Dismissed Because',
]

async function writeCsv(records: AsyncIterable<RejectedRecord>): Promise<void> {
  process.stdout.write(csvLine(RECORD_COLUMNS))
  for await (const r of records) {
    const { code, column, dhis2Name, value, message } = r.rejection
    process.stdout.write(
      csvLine([
        r.id,
        r.state,
        r.mappingName,
        KIND_WORDS[r.kind],
        r.patientId,
        r.recordKey,
        code,
        r.relation,
        column,
        dhis2Name,
        value,
        message,
        REJECTION_CATALOGUE[code].remedy,
        String(r.attempts),
        r.firstAt.toISOString(),
        r.lastAt.toISOString(),
        r.dismissed?.by ?? null,
        r.dismissed?.reason ?? null,
      ]),
    )
  }
}

async function writeLines(records: AsyncIterable<RejectedRecord>): Promise<void> {
  let none = true
  for await (const r of records) {
    const { code, message } = r.rejection
    const sentence = r.erased ? `${REJECTION_CATALOGUE[code].title} (its values are erased)` : message
    const dismissed = r.state === 'dismissed' && r.dismissed ? ` Dismissed by ${r.dismissed.by}: ${r.dismissed.reason}` : ''
    process.stdout.write(
      `${r.id.padStart(6)}  ${r.state}  ${r.mappingName}  ${code}  ${tries(r.attempts)} since ${day(r.firstAt)}  ${sentence}${dismissed}\n`,
    )
    none = false
  }
  if (none) process.stdout.write('Nothing is rejected.\n')
}

const day = (at: Date) => at.toISOString().slice(0, 10)
const tries = (n: number) => `${n} ${n === 1 ? 'attempt' : 'attempts'}`

const GROUP_COLUMNS = [
  'Cause',
  'Records',
  'Patients',
  'Code',
  'Column',
  'DHIS2 Name',
  'DHIS2 Code',
  'Value',
  'Mappings',
  'Attempts',
  'First',
  'Last',
]

const groupCells = (g: RejectedGroup) => [
  g.cause,
  String(g.records),
  String(g.patients),
  g.code,
  g.column,
  g.dhis2Name,
  g.dhis2Code,
  g.value,
  g.mappings.join('; '),
  String(g.attempts),
  g.firstAt.toISOString(),
  g.lastAt.toISOString(),
]

function groupText(g: RejectedGroup): string {
  const { title, remedy } = REJECTION_CATALOGUE[g.code]
  const about = [
    ...(g.value === null ? [] : [quoted(g.value)]),
    ...(g.column === null ? [] : [`column "${g.column}"`]),
    ...(g.dhis2Name === null ? [] : [`in DHIS2 "${g.dhis2Name}"`]),
    ...(g.dhis2Code === null ? [] : [g.dhis2Code]),
  ].join(', ')
  const patients = `${g.patients} ${g.patients === 1 ? 'patient' : 'patients'}`
  return `${String(g.records).padStart(6)} × ${title} (${g.code})${about === '' ? '' : `: ${about}`}. ${remedy}
         ${patients}, ${g.mappings.join(', ')}; up to ${tries(g.attempts)}, ${day(g.firstAt)} to ${day(g.lastAt)}; --cause ${g.cause}
`
}
