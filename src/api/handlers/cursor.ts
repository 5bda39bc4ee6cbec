/** The `after` of pages: it means something to the one that made it only. */
import { ApiProblem } from '../api-problem.ts'

export const isUuid = (text: string) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)
/** that fits PostgreSQL's bigint */
export const isNumber = (text: string) => /^\d{1,18}$/.test(text)

/** @throws ApiProblem bad-request */
export function refuseCursor(): never {
  const message = 'is not the "next" of an earlier page'
  throw new ApiProblem('bad-request', `query.after: ${message}`, { problems: [{ at: 'query.after', message }] })
}
