/** What is counted of runs and records, and the level of the tables: cheap enough to be asked for every few seconds. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { KINDS } from '../../src/core/model.ts'
import type { Counts } from './store.ts'

export const OUTCOMES = ['created', 'updated', 'unchanged', 'rejected', 'adopted'] as const satisfies readonly (keyof Counts)[]

const runs = z.object({ mapping: z.string(), state: z.string(), runs: z.int() })
const records = z.object({
  mapping: z.string(),
  kind: z.enum(KINDS),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  adopted: z.int(),
})
const times = z.object({ mapping: z.string(), lastSuccessAt: z.date().nullable(), activeSince: z.date().nullable() })
const steps = z.object({ mapping: z.string(), step: z.string(), seconds: z.number() })
const rejected = z.object({ mapping: z.string(), open: z.int(), oldestAt: z.date() })

export interface Figures {
  /** dry runs count too */
  runs: readonly z.infer<typeof runs>[]
  /** of runs that are no dry runs */
  records: readonly z.infer<typeof records>[]
  times: readonly z.infer<typeof times>[]
  /** of the last run of each mapping that came to its end */
  steps: readonly z.infer<typeof steps>[]
  rejected: readonly z.infer<typeof rejected>[]
}

export interface FigureStore {
  /** names of the migrations that were carried out */
  listMigrations(): Promise<readonly string[]>
  readFigures(): Promise<Figures>
  readServer(): Promise<DatabaseServer>
}

interface DatabaseServer {
  version: string
  /** of this database, in bytes */
  size: number
  /** null: our account may not see it */
  dataDirectory: string | null
}

export function figureMethods(pool: DatabasePool): FigureStore {
  return {
    listMigrations: () => pool.anyFirst(sql.type(z.object({ name: z.string() }))`select name from sync_migration order by id`),

    async readServer() {
      const server = await pool.one(sql.type(z.object({ version: z.string(), size: z.string(), mayLook: z.boolean() }))`
        select current_setting('server_version') as version, pg_database_size(current_database())::text as size,
          pg_has_role('pg_read_all_settings', 'usage') as "mayLook"`)
      const dataDirectory = server.mayLook
        ? await pool.oneFirst(sql.type(z.object({ dir: z.string() }))`select current_setting('data_directory') as dir`)
        : null
      return { version: server.version, size: Number(server.size), dataDirectory }
    },

    async readFigures() {
      return {
        runs: await pool.any(sql.type(runs)`
          select mapping_name as mapping, state, count(*)::int as runs from sync_run group by 1, 2 order by 1, 2`),
        records: await pool.any(sql.type(records)`
          select mapping_name as mapping, kind, ${sql.join(
            OUTCOMES.map((name) => sql.fragment`sum(${sql.identifier([name])})::int as ${sql.identifier([name])}`),
            sql.fragment`, `,
          )}
          from sync_count join sync_run using (run_id) where not dry_run group by 1, 2 order by 1, 2`),
        times: await pool.any(sql.type(times)`
          select mapping_name as mapping, max(ended_at) filter (where state = 'succeeded' and not dry_run) as "lastSuccessAt",
            min(created_at) filter (where state in ('queued', 'running')) as "activeSince"
          from sync_run group by 1 order by 1`),
        steps: await pool.any(sql.type(steps)`
          select mapping_name as mapping, step, extract(epoch from s.ended_at - s.started_at)::float as seconds
          from (select distinct on (mapping_name) mapping_name, run_id from sync_run where ended_at is not null order by mapping_name, ended_at desc) as last
          join sync_step s using (run_id)
          where s.started_at is not null and s.ended_at is not null order by mapping_name, position`),
        rejected: await pool.any(sql.type(rejected)`
          select mapping_name as mapping, count(*)::int as open, min(first_at) as "oldestAt" from sync_rejected where state = 'open' group by 1 order by 1`),
      }
    },
  }
}
