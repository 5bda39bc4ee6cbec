/** Reading of JSON that a client sent: nothing about it is certain. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json | undefined
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; anything else is an empty list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A text, as DHIS2's JSON reader makes one of any scalar; null for null, missing and structures. */
export function textOf(value: Json | undefined): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return null
}

/** Like textOf, and "" is null too. */
export function filledTextOf(value: Json | undefined): string | null {
  return textOf(value) || null
}
