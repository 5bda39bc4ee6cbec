/** Sums over the three kinds of record. */
interface Counts {
  created: number
  updated: number
  unchanged: number
  rejected: number
}
type ByKind = Readonly<Record<'trackedEntity' | 'enrollment' | 'event', Counts>>

export const KINDS = ['trackedEntity', 'enrollment', 'event'] as const
export const OUTCOMES = ['created', 'updated', 'unchanged', 'rejected'] as const

const sum = (counts: ByKind, keys: readonly (keyof Counts)[]) =>
  KINDS.reduce((total, kind) => total + keys.reduce((of, key) => of + counts[kind][key], 0), 0)

export const sentOf = (counts: ByKind): number => sum(counts, ['created', 'updated'])
export const rejectedOf = (counts: ByKind): number => sum(counts, ['rejected'])
export const totalOf = (counts: ByKind): number => sum(counts, OUTCOMES)
