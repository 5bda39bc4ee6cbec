/** A handler: what an operation gets → what it answers. */
import type { z } from 'zod'
import type { Service } from '../service.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Input, Media, Operation, Operations } from './contract/operation.ts'
import type { Authenticate, Principal } from './principal.ts'

/** What handlers work with. */
export interface ApiContext extends Service {
  config: Config
  log: Log
  authenticate: Authenticate
}

export interface Call<O extends Operation> extends Input<O> {
  /** of operations for anyone: null when nobody is signed in */
  principal: O['access'] extends 'anyone' ? Principal | null : Principal
  requestId: string
  /** the caller's address */
  address: string
}

type BodyOf<Schema> = Schema extends z.ZodType
  ? { body: z.input<Schema> }
  : Schema extends Media
    ? { stream: AsyncIterable<string>; filename?: string }
    : { body?: undefined }
/** One of the answers that the operation declares. */
export type Reply<O extends Operation> = {
  [Status in keyof O['answers'] & number]: { status: Status; headers?: Record<string, string> } & BodyOf<O['answers'][Status]>
}[keyof O['answers'] & number]

export type Handler<O extends Operation> = (call: Call<O>, ctx: ApiContext) => Promise<Reply<O>>
export type Handlers<Os extends Operations> = { readonly [Name in keyof Os]: Handler<Os[Name]> }

export interface Route {
  name: string
  operation: Operation
  handler: Handler<Operation>
}

/** A room's operations with their handlers: a missing one does not compile. */
export function routesOf<Os extends Operations>(operations: Os, handlers: Handlers<Os>): Route[] {
  return Object.entries(operations).map(([name, operation]) => ({
    name,
    operation,
    handler: handlers[name] as unknown as Handler<Operation>,
  }))
}
