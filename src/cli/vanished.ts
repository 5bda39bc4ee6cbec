import { KINDS } from '../core/model.ts'
import { KIND_WORDS } from '../core/rejection.ts'
import { MappingNotFoundError, type VanishedRow } from '../../sql/store/store.ts'
import { csvLine } from '../csv.ts'
import { EXIT } from './exit.ts'
import { withStore, type Env } from './with-store.ts'

const NOTICE = 'Nothing is deleted in DHIS2: whoever is sure that a record should go deletes it there.\n'

/** What DHIS2 has from us and the Mart has no more. */
export async function runVanished(env: Env, name: string, options: { csv?: boolean; json?: boolean }): Promise<number> {
  const rows = await withStore(env, async (store) => {
    const mapping = await store.readMapping(name)
    if (!mapping) throw new MappingNotFoundError(name)
    return store.readVanished(mapping)
  })
  if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
  else if (options.csv) process.stdout.write([HEAD, ...rows.map(cells)].map(csvLine).join(''))
  else process.stdout.write(table(rows))
  // not among the data
  ;(options.json || options.csv ? process.stderr : process.stdout).write(NOTICE)
  return EXIT.ok
}

const HEAD = ['Kind', 'Patient', 'Record', 'DHIS2 UID', 'Last confirmed']
const cells = (row: VanishedRow) => [
  KIND_WORDS[row.kind],
  row.patientId,
  row.recordKey,
  row.uid,
  row.lastConfirmedAt?.toISOString() ?? null,
]

function table(rows: readonly VanishedRow[]): string {
  const counts = KINDS.map((kind) => {
    const n = rows.filter((row) => row.kind === kind).length
    return `${n} ${KIND_WORDS[kind]}${n === 1 ? '' : 's'}`
  })
  const text = [HEAD, ...rows.map(cells)].map((row) => row.map((cell) => cell ?? ''))
  const widths = HEAD.map((_, i) => text.reduce((most, row) => Math.max(most, row[i]!.length), 0))
  const lines =
    rows.length > 0
      ? text.map((row) =>
          row
            .map((cell, i) => cell.padEnd(widths[i]!))
            .join('  ')
            .trimEnd(),
        )
      : []
  return `${[`In DHIS2, and no longer in the Mart: ${counts.join(', ')}.`, ...lines].join('\n')}\n`
}
