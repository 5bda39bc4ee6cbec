/**
 * `npm run bench [-- name …] [--short] [--save]`: speed as ratios, each measured side by side in one run. It fails when a ratio misses its target, never
 * because a machine is slow.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { delta } from './delta.ts'
import { firstSync } from './first-sync.ts'
import { memory } from './memory.ts'
import { missesRatio, type Figure, type Measurement } from './measurement.ts'
import { ownCost } from './own-cost.ts'
import { profile } from './profile.ts'
import { emptyResult, readResult, tableOf, worse } from './report.ts'
import { openStage } from './stage.ts'
import { scaleOut } from './scale-out.ts'
import { unchanged } from './unchanged.ts'
import { users } from './users.ts'

const MEASUREMENTS: readonly Measurement[] = [firstSync, ownCost, profile, memory, unchanged, delta, scaleOut, users]
/** committed: what a run is compared with */
const KEPT = 'bench/last-result.json'
const LAST = '.cache/bench/last-result.json'

const args = process.argv.slice(2)
const [short, save] = [args.includes('--short'), args.includes('--save')]
const names = args.filter((arg) => !arg.startsWith('--'))
const unknown = names.filter((name) => !MEASUREMENTS.some((m) => m.name === name))
if (unknown.length > 0) {
  console.error(`There is no measurement ${unknown.join(', ')}. There are:`)
  for (const { name, about } of MEASUREMENTS) console.error(`  ${name.padEnd(12)} ${about}`)
  process.exit(2)
}

const form = short ? 'short' : 'full'
const before = readResult(KEPT)
const result = emptyResult()
const figures: Figure[] = []
const worsened: string[] = []
const stage = await openStage(short, (line) => console.log(line))
try {
  for (const { name, about, lacks, measure } of MEASUREMENTS) {
    if (names.length > 0 && !names.includes(name)) continue
    const lacking = lacks?.() ?? null
    console.log(`\n${name}: ${about}${lacking === null ? '' : `; left out: ${lacking}`}`)
    if (lacking !== null) continue
    let found = await measure(stage)
    if (short && found.some(missesRatio)) {
      // small sizes take seconds, in which another process may have the machine: what is slow is so twice
      console.log(`${tableOf(found)}\n  once more:`)
      found = await measure(stage)
    }
    console.log(tableOf(found))
    figures.push(...found)
    const kept = before.forms[form]?.[name] ?? []
    worsened.push(...worse(found, kept))
    ;(result.forms[form] ??= {})[name] = found
  }
} finally {
  await stage.close()
}

const whole = { ...result, forms: { ...before.forms, [form]: { ...before.forms[form], ...result.forms[form] } } }
mkdirSync('.cache/bench', { recursive: true })
for (const file of save ? [LAST, KEPT] : [LAST]) writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`)

if (worsened.length > 0) console.log(`\nWorse than ${KEPT} by more than a tenth:\n${worsened.map((line) => `  ${line}`).join('\n')}`)
const failed = figures.filter(missesRatio)
console.log(failed.length === 0 ? '\nEvery ratio is within its target.' : `\n${failed.length} ratios miss their targets.`)
process.exit(failed.length === 0 ? 0 : 1)
