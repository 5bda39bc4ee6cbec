import type { JsonObject } from './json.ts'
import type { VersionFacts } from './versions.ts'

export interface Conflict {
  object: string
  value: string
}

interface Counts {
  imported: number
  updated: number
  ignored: number
  deleted: number
}

/** What the legacy API says of one object. */
export interface Summary {
  status: 'SUCCESS' | 'WARNING' | 'ERROR'
  counts: Counts
  description?: string
  conflicts: Conflict[]
  /** null: 2.30 does not say whom it means */
  reference: string | null
  /** summaries of what was nested in it */
  children: { name: 'enrollments' | 'events'; summaries: readonly Summary[] } | null
}

const NONE: Counts = { imported: 0, updated: 0, ignored: 0, deleted: 0 }

export function succeeded(reference: string, what: 'imported' | 'updated', count = 1): Summary {
  return { status: 'SUCCESS', counts: { ...NONE, [what]: count }, conflicts: [], reference, children: null }
}

export function failed(reference: string | null, why: { description?: string; conflicts?: Conflict[] }): Summary {
  return {
    status: 'ERROR',
    counts: { ...NONE, ignored: 1 },
    ...(why.description === undefined ? {} : { description: why.description }),
    conflicts: why.conflicts ?? [],
    reference,
    children: null,
  }
}

export function deletion(uid: string | null, description: string, found: boolean): Summary {
  return {
    status: 'SUCCESS',
    counts: found ? { ...NONE, deleted: 1 } : { ...NONE, ignored: 1 },
    description,
    conflicts: [],
    reference: uid,
    children: null,
  }
}

/** The worst of the summaries' states. */
export function statusOf(summaries: readonly Summary[]): Summary['status'] {
  if (summaries.some(({ status }) => status === 'ERROR')) return 'ERROR'
  return summaries.some(({ status }) => status === 'WARNING') ? 'WARNING' : 'SUCCESS'
}

export function summariesJson(summaries: readonly Summary[], facts: VersionFacts): JsonObject {
  const sum = (key: keyof Counts): number => summaries.reduce((total, summary) => total + summary.counts[key], 0)
  const counts = { imported: sum('imported'), updated: sum('updated'), deleted: sum('deleted'), ignored: sum('ignored') }
  return {
    responseType: 'ImportSummaries',
    status: statusOf(summaries),
    ...counts,
    // 2.30 leaves empty lists out
    ...(summaries.length > 0 || facts.minor > 30 ? { importSummaries: summaries.map((summary) => summaryJson(summary, facts)) } : {}),
    total: counts.imported + counts.updated + counts.deleted + counts.ignored,
  }
}

export function summaryJson(summary: Summary, facts: VersionFacts): JsonObject {
  return {
    responseType: 'ImportSummary',
    status: summary.status,
    ...(summary.description === undefined ? {} : { description: summary.description }),
    importCount: { ...summary.counts },
    ...(facts.minor > 30 ? { conflicts: summary.conflicts.map((conflict) => ({ ...conflict })), rejectedIndexes: [] } : {}),
    ...(facts.minor === 30 && summary.conflicts.length > 0 ? { conflicts: summary.conflicts.map((conflict) => ({ ...conflict })) } : {}),
    ...(summary.reference === null ? {} : { reference: summary.reference }),
    ...(summary.children === null ? {} : { [summary.children.name]: summariesJson(summary.children.summaries, facts) }),
  }
}
