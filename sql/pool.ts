/** The connection pool. Sessions find our tables by search_path and print dates and times as ISO in the site's time zone. */
import { createPool, type DatabasePool, type Interceptor, type QueryResultRow } from 'slonik'

export interface PoolOptions {
  databaseUrl: string
  storeSchema: string
  /** IANA */
  timeZone: string
  size: number
}

export function openPool(options: PoolOptions): Promise<DatabasePool> {
  return createPool(withSession(options), {
    maximumPoolSize: options.size,
    // slonik's own parsers would turn timestamps into numbers
    typeParsers: [],
    interceptors: [parseRows],
    statementTimeout: 'DISABLE_TIMEOUT',
    idleInTransactionSessionTimeout: 'DISABLE_TIMEOUT',
    // "discard all" after each query is a round trip for nothing: no query leaves anything in its session
    resetConnection: () => Promise.resolve(),
  })
}

/** The settings go with the connection's start, not with a query of their own before each query. */
function withSession({ databaseUrl, storeSchema, timeZone }: PoolOptions): string {
  const url = new URL(databaseUrl)
  const settings = [`search_path="${storeSchema}"`, `TimeZone=${timeZone}`, 'DateStyle=ISO']
  const given = url.searchParams.get('options')
  url.searchParams.set('options', [given, ...settings.map((s) => `-c ${s}`)].filter(Boolean).join(' '))
  if (!url.searchParams.has('application_name')) url.searchParams.set('application_name', 'bahmni-dhis2-sync')
  return url.href
}

/** sql.type only names a schema: this applies it. */
const parseRows: Interceptor = {
  name: 'result parser',
  transformRow: (context, _query, row): QueryResultRow => {
    const parser = context.resultParser as unknown as { parse: (row: unknown) => QueryResultRow } | undefined
    return parser ? parser.parse(row) : row
  },
}
