/** The routes of the two Java services that this program replaces: as they answered, with their flaws mended (docs/12-original-routes.md). */
import type { ApiContext } from '../handler.ts'
import type { Right } from '../contract/operation.ts'
import type { Principal } from '../principal.ts'

export interface OriginalCall {
  principal: Principal
  requestId: string
  /** one text for each name */
  query: Readonly<Record<string, string>>
  body: unknown
}

/** The JSON body of a 200; undefined: an empty one. A stream of text is JSON in parts. */
type OriginalReply = unknown

export interface OriginalRoute {
  method: 'get' | 'put'
  path: `/${string}`
  /** anyone of these; the originals only hid links from who had not */
  access: readonly Right[]
  handler: (call: OriginalCall, ctx: ApiContext) => Promise<OriginalReply>
}

/** Answered in the shape of Spring Boot's error JSON, which the originals' pages read. */
export class OriginalError extends Error {
  readonly status: 400 | 500
  constructor(status: 400 | 500, message: string) {
    super(message)
    this.status = status
  }
}

/** @throws OriginalError as Spring said it */
export function required(query: OriginalCall['query'], name: string): string {
  const value = query[name]
  if (value === undefined) throw new OriginalError(400, `Required String parameter '${name}' is not present`)
  return value
}

/** The body's texts; what is no text counts as absent. @throws OriginalError when the body is no object */
export function textsOf(body: unknown): Readonly<Record<string, string>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OriginalError(400, 'The request body should be a JSON object.')
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
