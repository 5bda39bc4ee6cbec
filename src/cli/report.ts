/** The end of a run, for people and for scripts. */
import { KIND_WORDS, REJECTION_CATALOGUE } from '../core/rejection.ts'
import { groupBy } from '../core/group-by.ts'
import { KINDS, type Kind } from '../core/model.ts'
import type { RejectedRow, Run, StepRow, Store } from '../../sql/store/store.ts'

export interface RunReport {
  runId: string
  mapping: string
  state: Run['state']
  failure: string | null
  dryRun: boolean
  /** a dry run on the legacy API has no validation by DHIS2 to ask for */
  checkedBy: 'DHIS2' | 'own checks only'
  counts: Run['counts']
  /** columns that patients were looked for by */
  searchable: readonly string[]
  steps: readonly Pick<StepRow, 'step' | 'state' | 'counts' | 'failure'>[]
  rejected: readonly (Omit<RejectedRow, 'rejection'> & RejectedRow['rejection'] & { title: string; remedy: string })[]
  warnings: readonly { kind: string; patientId: string; recordKey: string; warning: string }[]
}

export async function readReport(store: Store, runId: string, checkedBy: RunReport['checkedBy'] = 'DHIS2'): Promise<RunReport> {
  const run = await store.readRun(runId)
  if (!run) throw new Error(`run ${runId} is not in the database`)
  const steps = await store.readSteps(runId)
  const rejected = await store.readRejected(runId)
  return {
    runId,
    mapping: run.mappingName,
    state: run.state,
    failure: run.failure,
    dryRun: run.dryRun,
    checkedBy,
    counts: run.counts,
    searchable: run.mapping.searchable,
    steps: steps.map(({ step, state, counts, failure }) => ({ step, state, counts, failure })),
    rejected: rejected.map(({ rejection, ...row }) => ({ ...row, ...rejection, ...REJECTION_CATALOGUE[rejection.code] })),
    warnings: await store.readWarnings(runId),
  }
}

/** Rejected records of one cause that are printed one by one; the rest is counted. */
const SHOWN = 3

export function printReport(report: RunReport): string {
  const lines = [
    `${report.dryRun ? 'Dry run' : 'Sync'} of "${report.mapping}" ${report.state}${report.failure ? `: ${report.failure}` : ''}`,
    '',
  ]
  lines.push(`${''.padEnd(12)}${['created', 'updated', 'unchanged', 'rejected'].map((w) => w.padStart(11)).join('')}`)
  for (const kind of KINDS) {
    const { created, updated, unchanged, rejected } = report.counts[kind]
    lines.push(
      `${`${KIND_WORDS[kind]}s`.padEnd(12)}${[created, updated, unchanged, rejected].map((n) => n.toLocaleString('en').padStart(11)).join('')}`,
    )
  }
  const adopted = KINDS.flatMap((kind) => adoptedSentence(report, kind))
  if (adopted.length > 0) lines.push('', ...adopted)
  if (report.rejected.length > 0) lines.push('', 'Rejected:')
  for (const [code, rows] of groupBy(report.rejected, (row) => row.code)) {
    lines.push(`  ${rows.length} × ${REJECTION_CATALOGUE[code].title} (${code}). ${REJECTION_CATALOGUE[code].remedy}`)
    for (const row of rows.slice(0, SHOWN)) lines.push(`      ${row.message}`)
    if (rows.length > SHOWN) lines.push(`      … and ${rows.length - SHOWN} more`)
  }
  for (const [warning, rows] of groupBy(report.warnings, (row) => row.warning)) lines.push('', `Warning (${rows.length} ×): ${warning}`)
  if (report.checkedBy === 'own checks only') lines.push('', 'This DHIS2 cannot validate without saving: only our own checks were made.')
  return lines.join('\n')
}

function adoptedSentence({ counts, dryRun, searchable }: RunReport, kind: Kind): string[] {
  const n = counts[kind].adopted
  if (n === 0) return []
  const by = {
    trackedEntity: ` by ${searchable.join(', ')}`,
    enrollment: ', nobody’s until now,',
    event: ' with the same stage, day, org unit and values',
  }[kind]
  const many = n === 1 ? `${KIND_WORDS[kind]} was` : `${KIND_WORDS[kind]}s were`
  return [`${n.toLocaleString('en')} ${many} found in DHIS2${by} and ${dryRun ? 'would be' : n === 1 ? 'is' : 'are'} synced from now on.`]
}
