import type { Json, JsonObject } from './json.ts'
import { type VersionFacts } from './versions.ts'

/** One request, read to its end. */
export interface Call {
  method: string
  /** without the leading `/api/` */
  segments: readonly string[]
  path: string
  query: URLSearchParams
  body: string
  contentType: string
  /** `http://host:port` as the client sees it */
  base: string
}

export interface Reply {
  status: number
  /** a text is sent as it is */
  body?: Json | string
  html?: boolean
  headers?: Record<string, string>
}

/** Ends a request with a reply, whatever was done so far: the legacy API's transactions are rolled back. */
export class Refusal extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super('refused')
    this.reply = reply
  }
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  500: 'Internal Server Error',
}

/** DHIS2's WebMessage: the frame around a message, an error code or an import's response. */
export function webMessage(status: number, message?: string, more: JsonObject = {}): Reply {
  const state = status < 400 ? 'OK' : 'ERROR'
  return {
    status,
    body: {
      httpStatus: REASONS[status] ?? '',
      httpStatusCode: status,
      status: state,
      ...(message === undefined ? {} : { message }),
      ...more,
    },
  }
}

/** `errorCode` came into these messages after 2.30. */
export function refusal(status: number, message: string, errorCode?: string): Refusal {
  return new Refusal(webMessage(status, message, errorCode === undefined ? {} : { errorCode }))
}

/** An unknown path. */
export function notFoundPage(facts: VersionFacts, path: string): Reply {
  if (facts.minor <= 41)
    return { status: 404, body: { servlet: facts.minor === 30 ? 'webapi' : 'dispatcher', message: 'Not Found', url: path, status: '404' } }
  return htmlPage(404, 'Not Found')
}

/** What the servlet container of 2.42 and later answers when the application does not. */
export function htmlPage(status: number, reason: string): Reply {
  const title = `HTTP Status ${status} – ${reason}`
  return {
    status,
    html: true,
    body: `<!doctype html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  }
}

/** A parameter that is one of a few words; any other word refuses the request in the version's way. */
export function enumParameter<T extends string>(
  call: Call,
  facts: VersionFacts,
  name: string,
  values: readonly T[],
  javaType = `org.hisp.dhis.common.${name}`,
): T | null {
  const value = call.query.get(name)
  if (value === null || value === '') return null
  if ((values as readonly string[]).includes(value)) return value as T
  if (facts.minor === 30) {
    throw refusal(
      500,
      `Failed to convert from type [java.lang.String] to type [@org.springframework.web.bind.annotation.RequestParam ${javaType}] ` +
        `for value '${value}'; nested exception is java.lang.IllegalArgumentException: No enum constant ${javaType}.${value}`,
    )
  }
  throw refusal(400, `Value '${value}' is not valid for parameter ${name}. Valid values are: [${values.join(', ')}]`)
}

/** A number of a parameter, or the default. */
export function numberParameter(call: Call, name: string, otherwise: number): number {
  const value = Number(call.query.get(name) ?? otherwise)
  return Number.isInteger(value) ? value : otherwise
}
