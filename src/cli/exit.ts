import { ConfigError } from '../config.ts'
import { RunFailure } from '../errors.ts'
import { MappingNotFoundError, RunActiveError } from '../../sql/store/store.ts'

/** 1: the run failed, or records were rejected under `stop`. 2: wrong usage or configuration. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** Wrong usage of a command that commander cannot see. */
export class UsageError extends Error {}

/** Prints what went wrong, for people, and gives the exit code. */
export function exitCodeOf(error: unknown, stream: NodeJS.WritableStream): number {
  if (error instanceof ConfigError || error instanceof UsageError || error instanceof MappingNotFoundError) {
    stream.write(`${error.message}\n`)
    return EXIT.usage
  }
  if (error instanceof RunFailure || error instanceof RunActiveError) {
    stream.write(`${error.message}\n`)
    return EXIT.failed
  }
  stream.write(`${databaseSentence(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`)
  return EXIT.failed
}

/** The database's own errors, in words that say what to do. */
function databaseSentence(error: unknown): string | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = 'code' in e ? String(e.code) : ''
    if (['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', '57P03'].includes(code))
      return 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'
    if (code === '28P01' || code === '28000')
      return 'The database does not accept our account. Check the user and the password in DATABASE_URL.'
    if (code === '3D000') return 'The database of DATABASE_URL does not exist.'
    if (code === '42P01') return 'The database has not our tables. Run "bahmni-dhis2-sync migrate" first.'
    if (code === '53100') return 'The disk of the database is full. Make room, then sync again.'
  }
  return null
}
