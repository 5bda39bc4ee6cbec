/** Errors → problem+json, with a sentence for people and nothing of the program's inside. */
import { MappingChangedError, MappingHistoryError, MappingNotFoundError, NameTakenError, RunActiveError } from '../../sql/store/store.ts'
import { QueueOutOfReach } from '../../queues/start-run.ts'
import { KeyReusedError } from '../../sql/store/sync-requests.ts'
import { MartMisfitError } from '../../sql/mart/mart-error.ts'
import { RunFailure, systemSentence } from '../errors.ts'
import { PROBLEMS, type Problem, type ProblemCode } from './contract/problem.ts'

type More = Pick<Problem, 'problems' | 'syncId'>

/** What a handler throws to refuse. `detail` says what is wrong and what to do. */
export class ApiProblem extends Error {
  readonly code: ProblemCode
  readonly more: More
  /** for the answer: Retry-After, Allow */
  readonly headers: Readonly<Record<string, string>>
  constructor(code: ProblemCode, detail: string, more: More & { headers?: Readonly<Record<string, string>> } = {}) {
    const { headers = {}, ...rest } = more
    super(detail)
    this.code = code
    this.more = rest
    this.headers = headers
  }
}

/** `unexpected`: a defect of ours, to be logged; its text may hold anything and is told to nobody. */
export function problemOf(error: unknown): ApiProblem & { unexpected?: boolean } {
  if (error instanceof ApiProblem) return error
  if (error instanceof RunActiveError) {
    const detail = `A sync of "${error.mappingName}" is going on already. Wait for its end, or cancel it.`
    return new ApiProblem('sync-active', detail, { syncId: error.runId })
  }
  if (error instanceof KeyReusedError) return new ApiProblem('key-reused', error.message)
  if (error instanceof QueueOutOfReach) return new ApiProblem('unavailable', error.message)
  if (error instanceof MappingNotFoundError) return new ApiProblem('not-found', error.message)
  if (error instanceof MappingChangedError) return new ApiProblem('changed', error.message)
  if (error instanceof MappingHistoryError) return new ApiProblem('has-history', error.message)
  if (error instanceof NameTakenError) return new ApiProblem('name-taken', error.message)
  if (error instanceof MartMisfitError) return new ApiProblem('invalid', error.message)
  // all that is thrown of DHIS2 and the Mart is written for users
  if (error instanceof RunFailure) return new ApiProblem('dhis2-unavailable', error.message)
  const sentence = systemSentence(error)
  if (sentence !== null) return new ApiProblem('unavailable', sentence)
  const detail = 'The program failed. Its log has the reason under the request’s id.'
  return Object.assign(new ApiProblem('internal', detail), { unexpected: true })
}

export function problemBody({ code, message, more }: ApiProblem, requestId: string): Problem {
  const { status, title } = PROBLEMS[code]
  return { type: `/api/docs/problems#${code}`, title, status, code, detail: message, requestId, ...more }
}
