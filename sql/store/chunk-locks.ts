/**
 * Nobody else sends anything about a chunk's patients meanwhile. A chunk is one advisory lock of PostgreSQL; whoever works on it takes its own and those of
 * the chunks of other runs that have one of its patients, always in the same order. A run's chunks are all there before the first is worked on,
 * so of any two that overlap the later one sees the earlier one.
 */
import pg from 'pg'
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'

export interface ChunkLocks {
  hold: <T>(pool: CommonQueryMethods, runId: string, chunk: number, work: () => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

/** A lock lives as long as its session and is held for as long as DHIS2 takes, so these are connections of their own: one for each chunk at a time. */
export function openChunkLocks(databaseUrl: string, size: number): ChunkLocks {
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
  return {
    async hold(pool, runId, chunk, work) {
      const keys = await keysOf(pool, runId, chunk)
      const session = await sessions.connect()
      let broken: Error | undefined
      session.on('error', (error) => (broken = error))
      try {
        for (const key of keys) await session.query('select pg_advisory_lock($1::bigint)', [key])
        return await work()
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

/** Runs that ended a while ago count too: another process may have ended one that is still sending. */
async function keysOf(pool: CommonQueryMethods, runId: string, chunk: number): Promise<readonly string[]> {
  return pool.anyFirst(sql.type(z.object({ key: z.string() }))`
    select hashtextextended(c.run_id || ' ' || c.chunk, 0)::text as key from (
      select ${runId}::text as run_id, ${chunk}::int as chunk
      union
      select o.run_id::text, o.chunk
      from sync_run r
      join sync_patient o on o.run_id = r.run_id
      join sync_patient p on p.patient_id = o.patient_id and p.run_id = ${runId} and p.chunk = ${chunk}
      where r.run_id <> ${runId} and (r.state in ('queued', 'running') or r.ended_at > now() - interval '1 hour')
    ) as c order by hashtextextended(c.run_id || ' ' || c.chunk, 0)`)
}
