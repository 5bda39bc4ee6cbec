/** How a process that stays comes to its end. */
import type { Log } from '../log.ts'
import type { Service } from '../service.ts'
import { within } from '../within.ts'
import { EXIT } from './exit.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** for what is given back to reach the queue */
const HAND_BACK_MS = 2000

/** The first signal asks for the end, a second one is the end. */
export function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of SIGNALS)
      process.once(signal, () => {
        done()
        for (const again of SIGNALS) process.once(again, () => process.exit(EXIT.failed))
      })
  })
}

/**
 * No job is taken any more; those in flight have `seconds` to come to their end. Then those that wait between two tries are given back, and a worker that is
 * there goes on with them at once; a request that DHIS2 is busy with is left: nobody may repeat it before the job's lock has run out.
 */
export async function endWithin(
  seconds: number,
  { service, closeWeb, log }: { service: Service; closeWeb?: () => Promise<void>; log: Log },
): Promise<void> {
  log.info({ seconds }, 'the service ends: jobs in flight come to their end first')
  const ended = (async () => {
    await closeWeb?.()
    await service.close()
  })()
  // looked at below, however late it fails
  ended.catch(() => {})
  const inTime = await within(seconds * 1000, ended).then(
    () => true,
    () => false,
  )
  if (inTime) return
  service.interrupt()
  await within(HAND_BACK_MS, ended).then(
    () => log.info('jobs that waited were given back to the queue'),
    () => log.warn('jobs are left to other workers, which take them up within a minute'),
  )
}
