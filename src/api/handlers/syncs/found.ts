import { ApiProblem } from '../../api-problem.ts'

/** @throws ApiProblem not-found */
export function found<T>(id: string, what: T | null): T {
  if (what === null) throw new ApiProblem('not-found', `There is no sync ${id}.`)
  return what
}
