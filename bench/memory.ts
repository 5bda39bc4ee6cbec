/** Memory and time of first syncs of growing size: the one should not grow, the other no faster than the work. */
import type { Figure, Measurement } from './measurement.ts'

export const memory: Measurement = {
  name: 'memory',
  about: 'memory and time for an object, from small to big',
  async measure(stage) {
    // the biggest takes its time: only where somebody asks for it
    const sizes = stage.short ? [5000, 20_000] : [10_000, 100_000, ...(process.env['BENCH_MILLION'] ? [1_000_000] : [])]
    const found: { peak: number; perObject: number }[] = []
    for (const events of sizes) {
      const { peakMemory, synced, objects } = await stage.synced(events)
      found.push({ peak: peakMemory, perObject: synced.seconds / objects })
    }
    const [small, big] = [found[0]!, found.at(-1)!]
    const [from, to] = [sizes[0]!.toLocaleString('en'), sizes.at(-1)!.toLocaleString('en')]
    return [
      ...sizes.map((events, i): Figure => ({
        name: `peak memory of the worker, ${events.toLocaleString('en')} events`,
        value: found[i]!.peak,
        unit: 'MB',
        target: { atMost: 300 },
      })),
      {
        name: `peak memory, ${to} to ${from} events`,
        value: big.peak / small.peak,
        unit: stage.short ? 'times' : '×',
        // a short sync ends before V8's heap has the size that it keeps
        ...(stage.short ? { better: 'less' } : { target: { atMost: 1.15 } }),
      },
      { name: `time for an object, ${to} to ${from} events`, value: big.perObject / small.perObject, unit: '×', target: { atMost: 1.2 } },
    ]
  },
}
