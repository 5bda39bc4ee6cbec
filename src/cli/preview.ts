import { KINDS, type Kind } from '../core/model.ts'
import { KIND_WORDS } from '../core/rejection.ts'
import { relationsOf, type Mapping } from '../core/mapping.ts'
import { MappingNotFoundError, type PreviewRow } from '../../sql/store/store.ts'
import { readConfig } from '../config.ts'
import { openStore } from '../service.ts'
import { csvLine } from './csv.ts'
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
  try {
    const mapping = await store.readMapping(name)
    if (!mapping) throw new MappingNotFoundError(name)
    const counts = new Map<string, number>()
    const columns = columnsOf(mapping)
    if (options.csv) process.stdout.write(csvLine(columns))
    await store.previewDelta(mapping, { from, to, resync: false }, (row) => {
      if (options.csv) process.stdout.write(csvLine(cells(row, columns)))
      const key = `${row.kind} ${row.what}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    })
    if (!options.csv) process.stdout.write(table(counts))
    return EXIT.ok
  } finally {
    await store.close()
  }
}

const FIXED = ['Kind', 'What', 'Patient', 'Record', 'Relation', 'Org Unit', 'Enrollment Date', 'Incident Date', 'Event Date', 'Status']

const columnsOf = (mapping: Mapping) => [
  ...FIXED,
  ...new Set(relationsOf(mapping).flatMap(({ columns }) => columns.map(([column]) => column))),
]

function cells(row: PreviewRow, columns: readonly string[]): (string | null)[] {
  const fixed = [
    KIND_WORDS[row.kind],
    row.what,
    row.patientId,
    row.recordKey,
    row.relation,
    row.orgUnit,
    row.enrollmentDate,
    row.incidentDate,
    row.eventDate,
    row.status,
  ]
  return [...fixed, ...columns.slice(FIXED.length).map((column) => row.values[column] ?? null)]
}

function table(counts: ReadonlyMap<string, number>): string {
  const line = (kind: Kind) =>
    `${`${KIND_WORDS[kind]}s`.padEnd(12)}${['new', 'update', 'unchanged'].map((what) => String(counts.get(`${kind} ${what}`) ?? 0).padStart(11)).join('')}`
  return `${[`${''.padEnd(12)}${['new', 'update', 'unchanged'].map((w) => w.padStart(11)).join('')}`, ...KINDS.map(line)].join('\n')}\n`
}
