import type { Problem, ProblemCode } from '../../../src/api/contract/problem.ts'

/** `offline`: no answer came at all. `detail` is a sentence for people. */
export class ApiError extends Error {
  readonly code: ProblemCode | 'offline'
  readonly status: number
  readonly problems: NonNullable<Problem['problems']>
  readonly syncId: string | null
  readonly requestId: string | null
  constructor(
    code: ProblemCode | 'offline',
    detail: string,
    more: Partial<Pick<Problem, 'status' | 'problems' | 'syncId' | 'requestId'>> = {},
  ) {
    super(detail)
    this.name = 'ApiError'
    this.code = code
    this.status = more.status ?? 0
    this.problems = more.problems ?? []
    this.syncId = more.syncId ?? null
    this.requestId = more.requestId ?? null
  }
}

export const isApiError = (error: unknown, ...codes: readonly ApiError['code'][]): error is ApiError =>
  error instanceof ApiError && (codes.length === 0 || codes.includes(error.code))
