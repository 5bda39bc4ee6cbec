import type { MetadataIndex } from './metadata.ts'
import type { Enrollment, TrackedEntity, TrackerState } from './state.ts'
import type { Account } from './users.ts'
import type { VersionFacts } from './versions.ts'

export type LegacyStrategy = 'CREATE' | 'UPDATE' | 'CREATE_AND_UPDATE' | 'DELETE'

export interface LegacyContext {
  state: TrackerState
  metadata: MetadataIndex
  facts: VersionFacts
  account: Account
  dryRun: boolean
  /** `?program=` of an update of persons */
  program: string | null
}

export function mayCapture(context: LegacyContext, orgUnit: string): boolean {
  return context.account.superuser || context.account.captureScope.has(orgUnit)
}

/** Splits a list as the legacy importers do: creates are done first, then updates, and so are the summaries ordered. */
export function split<T>(items: readonly T[], strategy: LegacyStrategy, isThere: (item: T) => boolean): { creates: T[]; updates: T[] } {
  if (strategy === 'CREATE') return { creates: [...items], updates: [] }
  if (strategy === 'UPDATE') return { creates: [], updates: [...items] }
  return { creates: items.filter((item) => !isThere(item)), updates: items.filter(isThere) }
}

/** The person's other enrollments in the program that have this status. */
export function othersIn(person: TrackedEntity, program: string, status: string, uid: string | null): Enrollment[] {
  return person.enrollments.filter((other) => !other.deleted && other.program === program && other.status === status && other.uid !== uid)
}
