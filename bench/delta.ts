/** A day's work in a big Mart: a hundred new visits, against one scan of the relations. The DHIS2 takes no time here; for what is taken away see unchanged.ts. */
import { addVisits, scan } from './bench-mart.ts'
import { median, type Measurement } from './measurement.ts'
import { secondsOfNothing } from './nothing.ts'

const VISITS = 100

export const delta: Measurement = {
  name: 'delta',
  about: 'a sync of 100 new rows, against one scan of the relations',
  async measure(stage) {
    const { site, objects } = await stage.synced(stage.big)
    const nothing = await secondsOfNothing(stage)
    const ratios: number[] = []
    for (let i = 0; i < 3; i++) {
      await addVisits(site.databaseUrl, VISITS)
      const { read } = await scan(site.databaseUrl)
      const { seconds, sent } = await site.sync()
      if (sent !== VISITS) throw new Error(`${sent} of ${VISITS} new visits were sent`)
      ratios.push((seconds - nothing) / read)
    }
    return [
      {
        name: `${VISITS} of ${objects.toLocaleString('en')} rows new, to one scan`,
        value: median(ratios),
        // in the short form's Mart they are no small part
        ...(stage.short ? { unit: 'times', better: 'less' } : { unit: '×', target: { atMost: 1.5 } }),
      },
    ]
  },
}
