/** Why a request is not answered: the catalogue of codes, problem+json's shape (RFC 9457), and the manual's text. */
import { z } from 'zod'

interface Entry {
  status: number
  /** what it means, for the manual and for a screen that knows no better */
  title: string
}

const entries = {
  'bad-request': { status: 400, title: 'The request is not as the API documentation says' },
  'not-signed-in': { status: 401, title: 'Sign in first' },
  'wrong-password': { status: 401, title: 'The user name or the password is wrong' },
  forbidden: { status: 403, title: 'Your account has not the right for this' },
  'foreign-origin': { status: 403, title: 'The request comes from another web site' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This address does not take this method' },
  'sync-active': { status: 409, title: 'A sync of this mapping is going on' },
  'sync-ended': { status: 409, title: 'The sync has ended already' },
  'name-taken': { status: 409, title: 'There is a mapping of this name' },
  'has-history': { status: 409, title: 'The mapping has synced records' },
  'key-reused': { status: 409, title: 'The Idempotency-Key was used for another request' },
  changed: { status: 412, title: 'Somebody else changed it meanwhile' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media': { status: 415, title: 'The request has a body of another kind than this address takes' },
  invalid: { status: 422, title: 'The content is not acceptable' },
  'precondition-required': { status: 428, title: 'Say in If-Match which version you have read' },
  'too-many-requests': { status: 429, title: 'Too many attempts' },
  internal: { status: 500, title: 'The program failed' },
  'dhis2-unavailable': { status: 502, title: 'DHIS2 does not answer as it should' },
  'openmrs-unavailable': { status: 503, title: 'OpenMRS cannot say who you are' },
  unavailable: { status: 503, title: 'The database or the queue is out of reach' },
} as const satisfies Record<string, Entry>

export type ProblemCode = keyof typeof entries
export const PROBLEMS: Readonly<Record<ProblemCode, Entry>> = entries
export const PROBLEM_CODES = Object.keys(entries) as [ProblemCode, ...ProblemCode[]]

/** What every operation may answer. */
export const COMMON_PROBLEMS = ['bad-request', 'internal', 'unavailable'] as const satisfies readonly ProblemCode[]
/** What every operation for users may answer. */
export const SESSION_PROBLEMS = ['not-signed-in', 'forbidden', 'openmrs-unavailable'] as const satisfies readonly ProblemCode[]

export const problemSchema = z.object({
  type: z.string().meta({ description: 'address of the code’s explanation' }),
  title: z.string(),
  status: z.int(),
  code: z.enum(PROBLEM_CODES),
  detail: z.string().meta({ description: 'a sentence that says what is wrong and what to do' }),
  requestId: z.string().meta({ description: 'names the request in the server’s log' }),
  problems: z
    .array(z.object({ at: z.string().meta({ description: 'where, as in body.name' }), message: z.string() }))
    .optional()
    .meta({ description: 'all that is wrong with the content' }),
  syncId: z.string().optional().meta({ description: 'of sync-active: the sync that is going on' }),
})
export type Problem = z.infer<typeof problemSchema>
