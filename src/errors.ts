/** A run, or one of its chunks, cannot go on. The message is written for users and Bull Board: it says what to do and holds no patient data. */
export class RunFailure extends Error {
  /** true: the same may pass later */
  readonly transient: boolean
  constructor(message: string, options: { transient?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.transient = options.transient ?? false
  }
}

const SENTENCES: readonly (readonly [codes: readonly string[], sentence: string])[] = [
  [['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', '57P03'], 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'],
  [
    [
      'ECONNRESET',
      'EPIPE',
      '57P01',
      '57P02',
      '08000',
      '08003',
      '08006',
      'ConnectionError',
      'BackendTerminatedError',
      'BackendTerminatedUnexpectedlyError',
    ],
    'The connection to the database was lost. Check that PostgreSQL runs; the next sync sends what is missing.',
  ],
  [['28P01', '28000'], 'The database does not accept our account. Check the user and the password in DATABASE_URL.'],
  [
    ['42501'],
    'Our account may not do this in the database. It must read the Mart, write our tables, have TEMPORARY on the database and, for "migrate", CREATE.',
  ],
  [['3D000'], 'The database of DATABASE_URL does not exist.'],
  [['42P01'], 'The database has not our tables. Run "bahmni-dhis2-sync migrate" first.'],
  [['53100', 'ENOSPC'], 'The disk of the database is full. Make room, then sync again.'],
  [['53300'], 'The database has no connections left. Raise its max_connections, or lower DATABASE_POOL_SIZE.'],
  [['EADDRINUSE'], 'Another program listens on this port. Set PORT to a free one.'],
]

/** The database's and the system's own errors in words that say what to do, by their codes or names; null for all others. */
export function systemSentence(error: unknown): string | null {
  const causes: Error[] = []
  for (let e = error; e instanceof Error; e = e.cause) causes.unshift(e)
  // the innermost says most
  const names = causes.flatMap((e) => ['code' in e ? String(e.code) : '', e.constructor.name])
  return names.map((name) => SENTENCES.find(([known]) => known.includes(name))?.[1]).find((sentence) => sentence !== undefined) ?? null
}
