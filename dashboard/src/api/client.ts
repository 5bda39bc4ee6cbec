/** The HTTP API as a typed function: what the contract declares is what can be asked, and what comes back. */
import { addresses } from 'virtual:addresses'
import type { z } from 'zod'
import type { Body, Operation } from '../../../src/api/contract/operation.ts'
import type { Problem } from '../../../src/api/contract/problem.ts'
import type { AllOperations } from '../../operations.ts'
import { ApiError, isApiError } from './api-error.ts'

export type OperationName = keyof AllOperations
type Part<Name extends OperationName, Key extends keyof Operation, Otherwise> =
  AllOperations[Name] extends Record<Key, infer Schema> ? (Schema extends z.ZodType ? Schema : Otherwise) : Otherwise
type Field<Key extends string, Schema, Value> = Schema extends z.ZodType ? { [K in Key]: Value } : { [K in Key]?: undefined }

export type Input<Name extends OperationName> = Field<'params', Part<Name, 'params', null>, z.output<Part<Name, 'params', z.ZodType>>> &
  Field<'body', Part<Name, 'body', null>, z.input<Part<Name, 'body', z.ZodType>>> & {
    query?: Part<Name, 'query', null> extends z.ZodType ? Partial<z.output<Part<Name, 'query', z.ZodType>>> : undefined
    headers?: Readonly<Record<string, string>>
    signal?: AbortSignal
  }
export type Answer<Name extends OperationName> = Body<AllOperations[Name]>

/** Operations that need neither params nor body may be called with their name alone. */
type Args<Name extends OperationName> = object extends Input<Name> ? [input?: Input<Name>] : [input: Input<Name>]
export type Call = <Name extends OperationName>(name: Name, ...args: Args<Name>) => Promise<Answer<Name>>

type Value = string | number | boolean | undefined

interface Loose {
  params?: Readonly<Record<string, Value>>
  query?: Readonly<Record<string, Value>>
  body?: unknown
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** Addresses are relative to <base>, which knows the prefix. */
export function addressOf(name: OperationName, { params = {}, query = {} }: Pick<Loose, 'params' | 'query'> = {}): string {
  const path = addresses[name]!.path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(params[key])))
  const url = new URL(`api/v1${path}`, document.baseURI)
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') url.searchParams.set(key, String(value))
  return url.href
}

/** @param sessionLost resolves when somebody has signed in again: then the request is sent once more, and a filled form is not lost */
export function createClient(sessionLost: () => Promise<void>): Call {
  return async (name, ...[given]) => {
    const input = (given ?? {}) as Loose
    try {
      return await send(name, input)
    } catch (error) {
      if (!isApiError(error, 'not-signed-in') || name === 'readSession') throw error
      await sessionLost()
      return send(name, input)
    }
  }
}

async function send<Name extends OperationName>(name: Name, { params, query, body, headers, signal }: Loose): Promise<Answer<Name>> {
  const response = await fetch(addressOf(name, { ...(params && { params }), ...(query && { query }) }), {
    method: addresses[name]!.method.toUpperCase(),
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    credentials: 'same-origin',
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new ApiError('offline', 'The server does not answer.')
  })
  const text = await response.text()
  const content = /json/.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : null
  if (response.ok) return content as Answer<Name>
  throw problemIn(content, response.status)
}

function problemIn(content: unknown, status: number): ApiError {
  const problem = content as Problem | null
  if (problem && typeof problem === 'object' && 'code' in problem) return new ApiError(problem.code, problem.detail, problem)
  // a proxy's own page
  return new ApiError(status === 401 ? 'not-signed-in' : status >= 502 ? 'offline' : 'internal', `HTTP ${status}`, { status })
}
