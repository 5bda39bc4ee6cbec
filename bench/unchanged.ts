/**
 * A sync without anything to send, against reading the Mart's three relations once. What a sync takes that has nothing at all to look at is taken away: of a big
 * Mart it is next to nothing, of the short form's it would be most.
 */
import { forgetMarkers, scan } from './bench-mart.ts'
import { median, type Figure, type Measurement } from './measurement.ts'
import { secondsOfNothing } from './nothing.ts'
import type { Site } from './site.ts'

export const unchanged: Measurement = {
  name: 'unchanged',
  about: 'a sync without changes, against one scan of the relations',
  async measure(stage) {
    const { site, objects } = await stage.synced(stage.big)
    const nothing = await secondsOfNothing(stage)
    const usual = await timesOfScans(site, nothing, async () => {})
    const all = await timesOfScans(site, nothing, () => forgetMarkers(site.databaseUrl))
    const of = `nothing changed, ${objects.toLocaleString('en')} rows`
    return [
      { name: 'a sync of nothing', value: 1000 * nothing, unit: 'ms', better: 'less' },
      { name: `${of}: time of one scan`, value: usual.scan, unit: 's' },
      { name: `${of}: import requests`, value: usual.imports, unit: '', target: { atMost: 0 } },
      { name: `${of}, to one scan`, value: usual.ratio, unit: '×', target: { atMost: 3 } },
      { name: `${of}, every row compared: import requests`, value: all.imports, unit: '', target: { atMost: 0 } },
      // PostgreSQL scans with all processors, and inserts with one: the more rows, the less it compares
      { name: `${of}, every row compared, to one scan`, value: all.ratio, unit: 'times', better: 'less' },
    ] satisfies Figure[]
  },
}

async function timesOfScans(
  site: Site,
  nothing: number,
  before: () => Promise<void>,
): Promise<{ ratio: number; imports: number; scan: number }> {
  const ratios: number[] = []
  const scans: number[] = []
  const { imports } = await site.sink.figures()
  for (let i = 0; i < 3; i++) {
    await before()
    const { read } = await scan(site.databaseUrl)
    const { seconds } = await site.sync()
    scans.push(read)
    ratios.push((seconds - nothing) / read)
  }
  return { ratio: median(ratios), imports: (await site.sink.figures()).imports - imports, scan: median(scans) }
}
