/** Bodies: JSON in UTF-8, not too long, not too deep. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import { ApiProblem } from './api-problem.ts'

/** Mapping files are the largest thing that anybody sends. */
const LARGEST_BODY = '5mb'
/** A mapping is 6 deep. Whatever walks through a body step by step must come to its end. */
const DEEPEST = 50

const parser = (type: 'application/json' | (() => boolean)) =>
  express.json({
    limit: LARGEST_BODY,
    strict: false,
    type,
    verify(_request: IncomingMessage, _response: ServerResponse, body: Buffer, encoding: string) {
      if (encoding !== 'utf-8')
        throw new ApiProblem('unsupported-media', 'The body’s character set is not one that is taken here. Send UTF-8.')
      if (isDeeperThan(DEEPEST, body))
        throw new ApiProblem('bad-request', `The body is more than ${DEEPEST} levels deep.`, {
          problems: [{ at: 'body', message: `is more than ${DEEPEST} levels deep` }],
        })
    },
  })

export const jsonBody = parser('application/json')
/** Some clients of the Java services send JSON without saying so. */
export const unnamedJsonBody = parser(() => true)

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [...'"\\[]{}'].map((letter) => letter.charCodeAt(0))

function isDeeperThan(most: number, json: Buffer): boolean {
  let depth = 0
  let inText = false
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (inText) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > most) return true
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
  }
  return false
}

/** Texts that no table of PostgreSQL takes, with the place where they are. */
export function unstorable(at: string, value: unknown): { at: string; message: string }[] {
  if (typeof value === 'string')
    return /\0|\p{Surrogate}/u.test(value) ? [{ at, message: 'has a character that is none (NUL, or half of a pair)' }] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const [bad] = unstorable(at, key)
    return bad ? [bad] : unstorable(`${at}.${key}`, inner)
  })
}
