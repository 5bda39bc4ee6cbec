/** sync_request: what a caller's Idempotency-Key began, so that a request that is sent again begins nothing. */
import { createHash } from 'node:crypto'
import { sql, type CommonQueryMethods, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { createRun, readRuns } from './runs.ts'
import type { Run, RunRequest } from './store.ts'

export interface SyncRequestStore {
  /**
   * createRun, once for a user's key within a day: the same request again is given the run of the first, also when both come at once. A request that was
   * refused leaves its key free. @throws KeyReusedError, RunActiveError, MappingNotFoundError
   */
  createRunOnce(request: RunRequest, key: string): Promise<{ run: Run; repeated: boolean }>
  /** The run never began: its key may be used for another try. */
  forgetRequest(runId: string): Promise<void>
}

/** The key stands for another request. */
export class KeyReusedError extends Error {
  constructor() {
    super('This Idempotency-Key was used for a request with another content less than a day ago. Use a new key for each request.')
    this.name = 'KeyReusedError'
  }
}

const A_DAY = sql.fragment`interval '24 hours'`

export function syncRequestMethods(pool: DatabasePool): SyncRequestStore {
  return {
    async createRunOnce(request, key) {
      const { runId, repeated } = await createRun(pool, request, (tx, id) => claim(tx, id, request, key))
      const [run] = await readRuns(pool, sql.fragment`where run_id = ${runId}`)
      return { run: run!, repeated }
    },
    async forgetRequest(runId) {
      await pool.query(sql.unsafe`delete from sync_request where run_id = ${runId}`)
    },
  }
}

/** A twin that comes at the same time waits here for the end of the first one's transaction. @returns the run of an earlier request */
async function claim(tx: CommonQueryMethods, runId: string, request: RunRequest, key: string): Promise<string | null> {
  await tx.query(sql.unsafe`
    delete from sync_request where (requested_by, key) in (
      select requested_by, key from sync_request where asked_at < now() - ${A_DAY} for update skip locked)`)
  const content = hashOf(request)
  const mine = await tx.maybeOneFirst(sql.type(z.object({ run_id: z.string() }))`
    insert into sync_request as s (requested_by, key, content, run_id) values (${request.requestedBy}, ${key}, ${content}, ${runId})
    on conflict (requested_by, key) do update set content = excluded.content, run_id = excluded.run_id, asked_at = now() where s.asked_at < now() - ${A_DAY}
    returning run_id::text`)
  if (mine !== null) return null
  const earlier = await tx.one(sql.type(z.object({ content: z.string(), run_id: z.string() }))`
    select content, run_id::text from sync_request where requested_by = ${request.requestedBy} and key = ${key}`)
  if (earlier.content !== content) throw new KeyReusedError()
  return earlier.run_id
}

const hashOf = ({ mappingName, comment, dryRun, from, to, resync, rejected }: RunRequest) =>
  createHash('sha256')
    .update(JSON.stringify([mappingName, comment, dryRun, from, to, resync, rejected ?? null]))
    .digest('hex')
