/** The connection pool. Sessions find our tables by search_path and print dates and times as ISO in the site's time zone. */
import { createPool, sql, type DatabasePool, type Interceptor, type QueryResultRow } from 'slonik'

export interface PoolOptions {
  databaseUrl: string
  storeSchema: string
  /** IANA */
  timeZone: string
  size: number
}

export async function openPool({ databaseUrl, storeSchema, timeZone, size }: PoolOptions): Promise<DatabasePool> {
  const session: Interceptor = {
    name: 'session settings',
    afterPoolConnection: async (_context, connection) => {
      await connection.query(sql.unsafe`
        select set_config('search_path', ${quoted(storeSchema)}, false), set_config('TimeZone', ${timeZone}, false),
          set_config('DateStyle', 'ISO', false), set_config('application_name', 'bahmni-dhis2-sync', false)
      `)
      return null
    },
  }
  return createPool(databaseUrl, {
    maximumPoolSize: size,
    // slonik's own parsers would turn timestamps into numbers
    typeParsers: [],
    interceptors: [session, parseRows],
    statementTimeout: 'DISABLE_TIMEOUT',
    idleInTransactionSessionTimeout: 'DISABLE_TIMEOUT',
  })
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** sql.type only names a schema: this applies it. */
const parseRows: Interceptor = {
  name: 'result parser',
  transformRow: (context, _query, row): QueryResultRow => {
    const parser = context.resultParser as unknown as { parse: (row: unknown) => QueryResultRow } | undefined
    return parser ? parser.parse(row) : row
  },
}
