/** A query's rows one by one, as fast as they are taken: memory does not grow with them. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { sql, type DatabasePool, type FragmentSqlToken } from 'slonik'
import type { z } from 'zod'

/** a browser that is asleep keeps its connection open, and would keep ours */
const STALLED_MS = 120_000

/**
 * When the taker stops early, or takes nothing for two minutes, the query ends and its connection is free again. (slonik's own stream leaves its cursor open
 * then, and gives the connection back all the same: whoever gets it next waits for ever.)
 */
export async function* streamed<Row extends z.ZodType>(
  pool: DatabasePool,
  query: FragmentSqlToken,
  type: Row,
  stalledMs = STALLED_MS,
): AsyncGenerator<z.output<Row>> {
  const batches = new PassThrough({ objectMode: true, highWaterMark: 1 })
  const stop = new AbortController()
  batches.once('close', () => stop.abort())
  const reading = pool.transaction(async (tx) => {
    await tx.query(sql.unsafe`set transaction read only`)
    // all of it is wanted, not its beginning soon
    await tx.query(sql.unsafe`select set_config('cursor_tuple_fraction', '1', true)`)
    await tx.query(sql.unsafe`declare wanted no scroll cursor for ${query}`)
    for (;;) {
      const rows = await tx.any(sql.unsafe`fetch 200 from wanted`)
      if (rows.length === 0 || batches.destroyed) break
      if (!batches.write(rows)) await taken(batches, stop.signal, stalledMs)
    }
    batches.end()
  }, 0)
  reading.catch((error: unknown) => batches.destroy(error as Error))
  try {
    for await (const rows of batches) for (const row of rows as unknown[]) yield type.parse(row)
  } finally {
    batches.destroy()
    // its own end says why rows ended early, and of one that was stopped nothing that anybody has to know
    await reading.catch(() => {})
  }
}

async function taken(batches: PassThrough, stop: AbortSignal, stalledMs: number): Promise<void> {
  const stalled = AbortSignal.timeout(stalledMs)
  await once(batches, 'drain', { signal: AbortSignal.any([stop, stalled]) }).catch((error: unknown) => {
    throw stalled.aborted ? new Error(`whoever asked for the rows took no row for ${stalledMs / 1000} seconds`) : error
  })
}
