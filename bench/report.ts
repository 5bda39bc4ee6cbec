/** Figures as a table, as JSON, and against an earlier run. */
import { existsSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { missed, type Figure } from './measurement.ts'

export interface Result {
  date: string
  machine: { processors: number; model: string; memory: string; node: string }
  /** figures of the short form and of the whole one do not compare */
  forms: Record<string, Record<string, Figure[]>>
}

/** less is chance */
const NOTICEABLE = 0.1

export const emptyResult = (): Result => ({
  date: new Date().toISOString().slice(0, 10),
  machine: {
    processors: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    node: process.versions.node,
  },
  forms: {},
})

export const readResult = (file: string): Result => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : emptyResult())

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    shown(figure),
    figure.target ? `${'atLeast' in figure.target ? '≥' : '≤'} ${Object.values(figure.target)[0]}` : '',
    missed(figure) ? 'MISSED' : '',
  ])
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]!.length))) ?? []
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd()).join('\n')
}

const shown = ({ value, unit }: Figure) => `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`.trim()

/** What is noticeably worse than it was, in words. */
export function worse(now: readonly Figure[], before: readonly Figure[]): string[] {
  return now.flatMap((figure) => {
    const earlier = before.find(({ name }) => name === figure.name)
    const more = figure.better === 'more' || (figure.target !== undefined && 'atLeast' in figure.target)
    if (!earlier || earlier.value === 0 || (figure.better === undefined && figure.target === undefined)) return []
    const change = figure.value / earlier.value - 1
    const by = more ? -change : change
    return by > NOTICEABLE ? [`${figure.name}: ${shown(figure)}, was ${shown(earlier)}`] : []
  })
}
