/**
 * Nobody else sends anything about a chunk's patients meanwhile. A chunk is one advisory lock of PostgreSQL; whoever works on it takes its own and those of
 * the chunks of other runs that have one of its patients, always in the same order. A run's chunks are all there before the first is worked on,
 * so of any two that overlap the later one sees the earlier one.
 */
import pg from 'pg'

export interface ChunkLocks {
  /** `beside`: the chunk overlaps with one of a run that goes on, or went on when this one had begun */
  hold: <T>(runId: string, chunk: number, work: (beside: boolean) => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

/** Runs that ended a while ago count too: another process may have ended one that is still sending. */
const lockQuery = (schema: string) => `
  with keys as materialized (
    select hashtextextended(c.run_id || ' ' || c.chunk, 0) as key, beside from (
      select $1::text as run_id, $2::int as chunk, false as beside
      union
      select o.run_id::text, o.chunk, r.ended_at is null or r.ended_at > own.created_at
      from ${schema}.sync_run own
      join ${schema}.sync_run r on r.run_id <> own.run_id
      join ${schema}.sync_patient o on o.run_id = r.run_id
      join ${schema}.sync_patient p on p.patient_id = o.patient_id and p.run_id = own.run_id and p.chunk = $2
      where own.run_id = $1::uuid and (r.ended_at is null or r.ended_at > least(now() - interval '1 hour', own.created_at))
    ) as c order by key
  )
  select beside, pg_advisory_lock(key) from keys`

/** A lock lives as long as its session and is held for as long as DHIS2 takes, so these are connections of their own: one for each chunk at a time. */
export function openChunkLocks(databaseUrl: string, storeSchema: string, size: number): ChunkLocks {
  const sessions = new pg.Pool({
    connectionString: databaseUrl,
    max: size,
    application_name: 'bahmni-dhis2-sync locks',
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    // a machine that lost its power holds nothing any more after a minute
    options: '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3',
  })
  sessions.on('error', () => {})
  const lock = lockQuery(pg.escapeIdentifier(storeSchema))
  return {
    async hold(runId, chunk, work) {
      const session = await sessions.connect()
      let broken: Error | undefined
      session.on('error', (error) => (broken = error))
      try {
        const { rows } = await session.query<{ beside: boolean }>({ name: 'lock chunk', text: lock, values: [runId, chunk] })
        return await work(rows.some((row) => row.beside))
      } finally {
        session.removeAllListeners('error').on('error', () => {})
        // what was done is done, also when the session broke meanwhile; a session that is closed holds nothing
        await session.query('select pg_advisory_unlock_all()').catch((error: Error) => (broken = error))
        session.release(broken)
      }
    },
    close: () => sessions.end(),
  }
}
