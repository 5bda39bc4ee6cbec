import { UnrecoverableError } from 'bullmq'
import { RunFailure, systemSentence } from '../src/errors.ts'

/**
 * What Bull Board and the log may show of an error. Our own failures are written for that; any other message may quote patient data (PostgreSQL
 * quotes values, JSON.parse quotes text), so only its kind and place are kept.
 */
export function safeFailure(error: unknown): Error {
  const failure = sentenceOnly(error)
  // Bull Board shows it; for an administrator the sentence is all of it
  failure.stack = failure.message
  return failure
}

function sentenceOnly(error: unknown): Error {
  if (error instanceof UnrecoverableError) return error
  if (error instanceof RunFailure) return error.transient ? new Error(error.message) : new UnrecoverableError(error.message)
  const sentence = systemSentence(error)
  if (sentence !== null) return new Error(sentence)
  const { name, code, stack } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { name: typeof error, code: undefined, stack: '' }
  const place = /\(?((?:jobs|queues|sql|src)\/[\w./-]+:\d+)/.exec(stack ?? '')?.[1]
  return new Error(`Unexpected failure: ${name}${typeof code === 'string' ? ` ${code}` : ''}${place ? ` at ${place}` : ''}`)
}
