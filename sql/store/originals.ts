/** What the originals' routes answer from our tables, in their own shapes (docs/12-original-routes.md). */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'

/** A row of the mapping table with its JSON as it is stored. */
interface MappingRow {
  mapping_name: string
  lookup_table: string | null
  mapping_json: string | null
  config: string | null
}
interface OriginalSyncInfo {
  /** the newest success in UTC, yyyy-MM-dd HH:mm:ss; "" when there is none */
  date: string
  /** of the newest row; "" */
  status: string
}
interface OriginalLogFilter {
  /** UTC, yyyy-MM-dd HH:mm:ss; what is none means from the beginning */
  date: string
  user: string
  service: string
  logId: number
  page: 'first' | 'older' | 'newer'
}
interface OriginalLogRow {
  log_id: number
  program: string | null
  synced_by: string | null
  comments: string | null
  status: string | null
  status_info: string | null
  date_created: string | null
  start_date: string | null
  end_date: string | null
}

export interface OriginalStore {
  /** in the table's own order @param name null: all */
  readMappingRows(name: string | null): Promise<readonly MappingRow[]>
  readOriginalSyncInfo(): Promise<ReadonlyMap<string, OriginalSyncInfo>>
  /** ten at the most; `newer` has the oldest first */
  readOriginalLogs(filter: OriginalLogFilter): Promise<readonly OriginalLogRow[]>
}

const text = z.string().nullable()
const mappingRow = z.object({ mapping_name: z.string(), lookup_table: text, mapping_json: text, config: text })
const logRow = z.object({
  log_id: z.int(),
  program: text,
  synced_by: text,
  comments: text,
  status: text,
  status_info: text,
  date_created: text,
  start_date: text,
  end_date: text,
})

/** The log's times are the site's wall clock, which the session's time zone is. */
const UTC = sql.fragment`at time zone current_setting('TimeZone') at time zone 'UTC'`
const PAGE = 10

export function originalMethods(pool: CommonQueryMethods): OriginalStore {
  return {
    readMappingRows: (name) =>
      pool.any(sql.type(mappingRow)`
        select mapping_name, lookup_table::text, mapping_json::text, config::text from mapping where ${name}::text is null or mapping_name = ${name}`),

    async readOriginalSyncInfo() {
      const rows = await pool.any(sql.type(z.object({ program: z.string(), date: z.string(), status: z.string() }))`
        select m.mapping_name as program,
          coalesce((select to_char(max(date_created) ${UTC}, 'YYYY-MM-DD HH24:MI:SS') from log where program = m.mapping_name and status = 'success'), '') as date,
          coalesce((select status from log where program = m.mapping_name order by date_created desc nulls last, log_id desc limit 1), '') as status
        from mapping m`)
      return new Map(rows.map(({ program, date, status }) => [program, { date, status }]))
    },

    async readOriginalLogs({ date, user, service, logId, page }) {
      const older = page === 'older'
      const rows = await pool.any(sql.type(logRow)`
        select log_id, program, synced_by, comments, status, status_info, to_char(date_created ${UTC}, 'YYYY-MM-DD HH24:MI:SS') as date_created,
          to_char(start_date ${UTC}, ${ISO}) as start_date, to_char(end_date ${UTC}, ${ISO}) as end_date
        from log
        where (sync_timestamp(${date}) is null or date_created ${UTC} >= sync_timestamp(${date}))
          and strpos(lower(synced_by), lower(${user})) > 0 and strpos(lower(program), lower(${service})) > 0
          and ${older ? sql.fragment`log_id < ${logId}` : sql.fragment`log_id > ${logId}`}
        order by log_id ${page === 'newer' ? sql.fragment`asc` : sql.fragment`desc`} limit ${PAGE}`)
      return rows
    },
  }
}

/** As Jackson prints a timestamp. */
const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"'
