/**
 * Writes into the file that FAULT_FIGURES names what the files of tests/faults did, one row for each that was run whole, with the commit that it was run at:
 * docs/08-promises.md shows them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import type { Figures } from './figures.ts'

interface Row extends Figures {
  scenarios: number
  failed: number
  commit: string
  /** the commit's */
  date: string
}

const NONE: Figures = { syncs: 0, disturbed: 0, killed: 0, servers: 0 }

export default class FiguresReporter implements Reporter {
  private isWhole = false

  onInit({ config }: Vitest): void {
    const { FAULT_SEED, KILL_EVERY = '1' } = process.env
    this.isWhole = config.testNamePattern === undefined && FAULT_SEED === undefined && KILL_EVERY === '1'
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env['FAULT_FIGURES']
    if (file === undefined || !this.isWhole) return
    const rows = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Row>) : {}
    for (const module of modules) {
      const part = /test\/faults\/(\w+)\.faults\.test\.ts$/.exec(module.moduleId)?.[1]
      if (part !== undefined) rows[part] = rowOf(module, file)
    }
    const sorted = Object.fromEntries(Object.entries(rows).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`)
  }
}

/** @param file is written between one part and the next: that is no change of what is tested */
function rowOf(module: TestModule, file: string): Row {
  const sum = { ...NONE, scenarios: 0, failed: module.ok() ? 0 : module.errors().length }
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state !== 'passed' && state !== 'failed') continue
    sum.scenarios++
    if (state === 'failed') sum.failed++
    for (const key of Object.keys(NONE) as (keyof Figures)[]) sum[key] += test.meta().figures?.[key] ?? 0
  }
  const [commit, date] = ['%h', '%cs'].map((format) => git('log', '-1', `--format=${format}`))
  const isClean = git('status', '--porcelain', '--', 'src', 'jobs', 'queues', 'sql', 'test', `:(exclude)${file}`) === ''
  return { ...sum, commit: `${commit}${isClean ? '' : ' and changes'}`, date: date! }
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
