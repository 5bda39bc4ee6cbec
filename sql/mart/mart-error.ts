/** Errors that the Mart itself is the reason of, in words that say what to do. */
import { RunFailure } from '../../src/errors.ts'

/** A mapping and the Mart do not fit, or the Mart cannot be read as it is. */
export class MartMisfitError extends RunFailure {}

/** Goes on from 'The relation "x" '; null: it is none of these. The database's own text may hold a patient's value. */
export function martProblem(error: unknown): string | null {
  const codes: string[] = []
  for (let e = error; e instanceof Error; e = e.cause) if ('code' in e && typeof e.code === 'string') codes.push(e.code)
  if (codes.includes('57014')) return 'took too long to read.'
  if (codes.includes('42501')) return 'may not be read by our account. Grant it the right to select.'
  if (codes.includes('42P01') || codes.includes('42703')) return 'was being rebuilt while it was read. Try again when Bahmni Mart is done.'
  // a view's own mistake: a cast, a division by zero
  const state = codes.find((code) => /^2[12]/.test(code))
  return state === undefined ? null : `fails when it is read (PostgreSQL’s error ${state}). Correct the Mart’s SQL.`
}
