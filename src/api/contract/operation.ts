/** What an operation of the HTTP API is: data that makes the routes, the OpenAPI document, the rights' tests and the web UI's client. */
import { z } from 'zod'
import type { ProblemCode } from './problem.ts'

/** OpenMRS's names of the rights, as the original service had them. */
export const PRIVILEGES = {
  enter: 'app:dhis2sync',
  mapping: 'app:dhis2sync:mapping',
  upload: 'app:dhis2sync:upload',
  log: 'app:dhis2sync:log',
} as const
/** Beyond `enter`, which everyone who is signed in needs. */
export const RIGHTS = ['mapping', 'upload', 'log'] as const
export type Right = (typeof RIGHTS)[number]

/** Who may: anyone at all, whoever may enter (no right named), or whoever has one of the rights. */
export type Access = 'anyone' | readonly Right[]

/** An answer that is no JSON. */
export interface Media {
  media: 'text/csv' | 'text/event-stream'
  about: string
}
/** null: an answer without a body */
export type AnswerSchema = z.ZodType | Media | null

export interface Operation {
  method: 'get' | 'post' | 'put' | 'delete'
  /** below /api/v1, parameters in braces */
  path: `/${string}`
  summary: string
  access: Access
  params?: z.ZodObject
  /** values come as text, and so are coerced */
  query?: z.ZodObject
  /** by their names in lower case */
  headers?: z.ZodObject
  body?: z.ZodType
  /** by status */
  answers: Readonly<Partial<Record<200 | 201 | 202 | 204, AnswerSchema>>>
  /** beside those of every operation: see COMMON_PROBLEMS */
  problems?: readonly ProblemCode[]
}
export type Operations = Readonly<Record<string, Operation>>

export const defineOperations = <const O extends Operations>(operations: O): O => operations

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>
/** What a handler gets, checked and converted. */
export interface Input<O extends Operation> {
  params: Parsed<O['params']>
  query: Parsed<O['query']>
  headers: Parsed<O['headers']>
  body: O['body'] extends z.ZodType ? z.output<O['body']> : undefined
}
/** The body of an operation's successful answer, as the client gets it. */
export type Body<O extends Operation> = {
  [Status in keyof O['answers']]: O['answers'][Status] extends z.ZodType ? z.output<O['answers'][Status]> : null
}[keyof O['answers']]

export const isMedia = (schema: AnswerSchema): schema is Media => schema !== null && 'media' in schema
