/** Where a worker's processor time goes, from what V8 saw of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VISITS } from './bench-mart.ts'
import type { Figure, Measurement } from './measurement.ts'

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** the first that fits */
const PARTS: readonly (readonly [part: string, where: RegExp])[] = [
  ['waiting', /\(idle\)/],
  ['garbage collector', /\(garbage collector\)/],
  ['deciding and payloads', /\/(src\/core|jobs)\//],
  ['requests and reports', /\/src\/dhis2\/|undici/],
  ['our SQL', /\/sql\//],
  ['SQL client, also of the queue', /node_modules\/(pg|postgres-|slonik|@slonik|roarr|fast-|serialize-|safe-|es-|p-|get-)/],
  ['checking what was read', /node_modules\/zod/],
  ['queue', /node_modules\/(bullmq|ioredis|redis)|\/queues\//],
  ['network and streams of Node', /node:/],
]

export const profile: Measurement = {
  name: 'profile',
  about: 'where the worker’s time goes, in a first sync to a DHIS2 that answers at once',
  async measure(stage) {
    const dir = mkdtempSync(join(tmpdir(), 'bahmni-dhis2-profile-'))
    const events = stage.short ? 8000 : 40_000
    const site = await stage.open({ name: 'bench_profile', patients: events / VISITS })
    try {
      const worker = await site.startWorker({}, ['--cpu-prof', '--cpu-prof-dir', dir])
      const { seconds } = await site.sync()
      await worker.stop()
      const read = JSON.parse(readFileSync(join(dir, readdirSync(dir)[0]!), 'utf8')) as Profile
      const { parts, functions } = timesOf(read)
      if (process.env['BENCH_FUNCTIONS']) for (const [name, ms] of functions) stage.say(`  ${ms.toFixed(0).padStart(7)} ms  ${name}`)
      return parts.map(([part, ms]): Figure => ({ name: part, value: ms / 10 / seconds, unit: '% of a processor' }))
    } finally {
      await site.close()
      rmSync(dir, { recursive: true, force: true })
    }
  },
}

function timesOf({ nodes, samples, timeDeltas }: Profile): { parts: [string, number][]; functions: [string, number][] } {
  const places = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName} ${callFrame.url.replace(/^.*(?=\/node_modules\/)|^file:.*?\/dist(?=\/)/, '')}:${callFrame.lineNumber + 1}`,
    ]),
  )
  const [parts, functions] = [new Map<string, number>(), new Map<string, number>()]
  for (const [i, node] of samples.entries()) {
    const place = places.get(node)!
    const part = PARTS.find(([, where]) => where.test(place))?.[0] ?? 'the rest'
    const ms = timeDeltas[i]! / 1000
    parts.set(part, (parts.get(part) ?? 0) + ms)
    functions.set(place, (functions.get(place) ?? 0) + ms)
  }
  const most = (times: Map<string, number>) => [...times].toSorted(([, a], [, b]) => b - a)
  return { parts: most(parts), functions: most(functions).slice(0, 60) }
}
