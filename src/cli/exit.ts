import { ConfigError } from '../config.ts'
import { RunFailure, systemSentence } from '../errors.ts'
import { OpenmrsUnavailable } from '../openmrs/errors.ts'
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
  if (error instanceof RunFailure || error instanceof RunActiveError || error instanceof OpenmrsUnavailable) {
    stream.write(`${error.message}\n`)
    return EXIT.failed
  }
  stream.write(`${systemSentence(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`)
  return EXIT.failed
}
