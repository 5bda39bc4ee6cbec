/** The end of a run, for people and for scripts. */
import { KIND_WORDS, REJECTION_CATALOGUE } from '../core/rejection.ts'
import { groupBy } from '../core/group-by.ts'
import { KINDS } from '../core/model.ts'
import type { RejectedRow, Run, StepRow, Store } from '../../sql/store/store.ts'

export interface RunReport {
  runId: string
  mapping: string
  state: Run['state']
  failure: string | null
  dryRun: boolean
  /** how many rejected records it tried again; null: it looked at the whole delta */
  chosen: number | null
  /** its rejected records and warnings are past FAILURE_RETENTION_DAYS */
  erased: boolean
  /** a dry run on the legacy API has no validation by DHIS2 to ask for */
  checkedBy: 'DHIS2' | 'own checks only'
  counts: Run['counts']
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
    chosen: run.chosen,
    erased: run.erasedAt !== null,
    checkedBy,
    counts: run.counts,
    steps: steps.map(({ step, state, counts, failure }) => ({ step, state, counts, failure })),
    rejected: rejected.map(({ rejection, ...row }) => ({ ...row, ...rejection, ...REJECTION_CATALOGUE[rejection.code] })),
    warnings: await store.readWarnings(runId),
  }
}

/** Rejected records of one cause that are printed one by one; the rest is counted. */
const SHOWN = 3

export function printReport(report: RunReport): string {
  const what = report.chosen === null ? 'Sync' : `Retry of ${report.chosen} rejected ${report.chosen === 1 ? 'record' : 'records'}`
  const lines = [
    `${report.dryRun ? 'Dry run' : what} of "${report.mapping}" ${report.state}${report.failure ? `: ${report.failure}` : ''}`,
    '',
  ]
  lines.push(`${''.padEnd(12)}${['created', 'updated', 'unchanged', 'rejected'].map((w) => w.padStart(11)).join('')}`)
  for (const kind of KINDS) {
    const { created, updated, unchanged, rejected } = report.counts[kind]
    lines.push(
      `${`${KIND_WORDS[kind]}s`.padEnd(12)}${[created, updated, unchanged, rejected].map((n) => n.toLocaleString('en').padStart(11)).join('')}`,
    )
  }
  if (report.rejected.length > 0) lines.push('', 'Rejected:')
  for (const [code, rows] of groupBy(report.rejected, (row) => row.code)) {
    lines.push(`  ${rows.length} × ${REJECTION_CATALOGUE[code].title} (${code}). ${REJECTION_CATALOGUE[code].remedy}`)
    for (const row of rows.slice(0, SHOWN)) lines.push(`      ${row.message}`)
    if (rows.length > SHOWN) lines.push(`      … and ${rows.length - SHOWN} more`)
  }
  for (const [warning, rows] of groupBy(report.warnings, (row) => row.warning)) lines.push('', `Warning (${rows.length} ×): ${warning}`)
  if (report.erased) lines.push('', 'Which records were rejected, and the warnings, are erased: FAILURE_RETENTION_DAYS have passed.')
  if (report.checkedBy === 'own checks only') lines.push('', 'This DHIS2 cannot validate without saving: only our own checks were made.')
  return lines.join('\n')
}
