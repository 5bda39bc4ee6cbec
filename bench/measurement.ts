/** What a measurement finds, and what main.ts does with all of them. */
import type { Stage } from './stage.ts'

export interface Figure {
  name: string
  value: number
  /** '×' is a ratio of two things measured side by side: only such a target can fail a run */
  unit: string
  target?: { atLeast: number } | { atMost: number }
  /** without a target: which way is worse, for the comparison */
  better?: 'more' | 'less'
}

export interface Measurement {
  name: string
  about: string
  /** why it cannot be done here and now; null: it can */
  lacks?: () => string | null
  measure: (stage: Stage) => Promise<Figure[]>
}

export const missed = ({ value, target }: Figure): boolean =>
  target !== undefined && ('atLeast' in target ? value < target.atLeast : value > target.atMost)

/** Whatever else is missed may be the machine. */
export const missesRatio = (figure: Figure): boolean => (figure.unit === '×' || figure.unit === '') && missed(figure)

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))] ?? 0
}
