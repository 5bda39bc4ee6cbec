import type { Operation } from '../contract/operation.ts'
import { COMMON_PROBLEMS, SESSION_PROBLEMS, type ProblemCode } from '../contract/problem.ts'

/** All that an operation may refuse with: what it declares itself, and what follows from its access, its method and its body. */
export function declaredProblems({ access, method, body, problems = [] }: Operation): Set<ProblemCode> {
  return new Set<ProblemCode>([
    ...COMMON_PROBLEMS,
    ...(access === 'anyone' ? [] : SESSION_PROBLEMS),
    ...(method === 'get' ? [] : (['foreign-origin'] as const)),
    ...(body ? (['too-large', 'unsupported-media'] as const) : []),
    ...problems,
  ])
}
