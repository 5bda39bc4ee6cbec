/** What we cost by ourselves: a first sync to a DHIS2 that answers at once, all on this machine. */
import { sizeOfOurs } from './bench-mart.ts'
import type { Figure, Measurement } from './measurement.ts'

const TARGET = 5000

export const ownCost: Measurement = {
  name: 'own-cost',
  about: 'first sync to a DHIS2 that answers at once',
  async measure(stage) {
    const { site, synced, objects, cpu } = await stage.synced(stage.short ? 20_000 : 100_000)
    const figures: Figure[] = [
      { name: 'first sync, objects a second', value: objects / synced.seconds, unit: '/s', target: { atLeast: TARGET } },
      { name: 'processor time of the worker for an object', value: (1e6 * cpu.worker) / objects, unit: 'µs', better: 'less' },
      { name: 'processor time of PostgreSQL for an object', value: (1e6 * cpu.postgres) / objects, unit: 'µs', better: 'less' },
      { name: 'processor time of the DHIS2 that answers at once', value: (1e6 * cpu.dhis2) / objects, unit: 'µs' },
      { name: 'disk of our tables for an object', value: (await sizeOfOurs(site.databaseUrl)) / objects, unit: 'bytes', better: 'less' },
    ]
    for (const { step, startedAt, endedAt } of synced.steps) {
      const seconds = startedAt && endedAt ? (endedAt.getTime() - startedAt.getTime()) / 1000 : 0
      if (seconds > 0) figures.push({ name: `time in step ${step}`, value: (100 * seconds) / synced.seconds, unit: '%' })
    }
    return figures
  },
}
