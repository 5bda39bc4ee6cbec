/**
 * Mart text → what DHIS2 takes, by value type. The strictest column of the versions 2.30–2.43 counts, so that a server upgrade never turns good
 * rows bad. Values come as PostgreSQL prints them (1.50 stays 1.50, true, 2024-03-01).
 */
import { DateTime } from 'luxon'
import type { Field, Option } from './model.ts'
import type { RejectionCode } from './rejection.ts'

export type Converted =
  | { value: string | null }
  | { problem: Extract<RejectionCode, 'value-invalid' | 'value-too-long' | 'value-not-an-option'>; because: string }

export interface ConvertOptions {
  /** longest text, in characters: 1200 for attributes, 50000 for data elements */
  maxLength: number
  /** IANA zone of times without one */
  timeZone: string
}

export const ATTRIBUTE_LENGTH = 1200
export const DATA_ELEMENT_LENGTH = 50_000

/** `value: null` means empty. Never throws; converting the result again changes nothing. */
export function convertValue(text: string | null, field: Pick<Field, 'valueType' | 'options'>, options: ConvertOptions): Converted {
  const clean = text === null ? '' : cleaned(text)
  if (clean === '') return { value: null }
  const made = field.options ? optionCode(clean, field.options, field.valueType) : byType(clean, field.valueType, options.timeZone)
  if ('value' in made && made.value !== null && [...made.value].length > options.maxLength)
    return { problem: 'value-too-long', because: `has ${[...made.value].length} characters, DHIS2 takes ${options.maxLength}` }
  return made
}

/** A NUL gives 500 for the whole request (2.41); other control characters serve nobody. Newlines and tabs stay. */
function cleaned(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '').trim()
}

const ok = (value: string | null): Converted => ({ value })
const invalid = (because: string): Converted => ({ problem: 'value-invalid', because })

function optionCode(text: string, options: readonly Option[], valueType: string): Converted {
  if (valueType !== 'MULTI_TEXT') return oneOption(text, options)
  const codes = text.split(',').map((part) => oneOption(part.trim(), options))
  const bad = codes.find((code) => 'problem' in code)
  return bad ?? ok(codes.map((code) => ('value' in code ? code.value : '')).join(','))
}

/** By code, then by code in any case, then by name in any case: the last two only when one option fits. */
function oneOption(text: string, options: readonly Option[]): Converted {
  const same = (a: string) => a.trim().toLowerCase() === text.toLowerCase()
  const only = (found: readonly Option[]) => (found.length === 1 ? found[0]!.code : undefined)
  const code =
    options.find((o) => o.code === text)?.code ?? only(options.filter((o) => same(o.code))) ?? only(options.filter((o) => same(o.name)))
  if (code !== undefined) return ok(code)
  const list = options.slice(0, 12).map((o) => o.code)
  return {
    problem: 'value-not-an-option',
    because: `is not one of its options (${list.join(', ')}${options.length > list.length ? ', …' : ''})`,
  }
}

const TRUE = new Set(['true', 't', 'yes', 'y', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', '0'])
const INT_MAX = 2_147_483_647

function byType(text: string, valueType: string, timeZone: string): Converted {
  switch (valueType) {
    case 'BOOLEAN':
    case 'TRUE_ONLY': {
      const lower = text.toLowerCase()
      if (TRUE.has(lower)) return ok('true')
      // DHIS2 refuses false for TRUE_ONLY: no value says it
      if (FALSE.has(lower)) return ok(valueType === 'BOOLEAN' ? 'false' : null)
      return invalid('is neither yes nor no')
    }
    case 'NUMBER':
      return number(text)
    case 'UNIT_INTERVAL':
      return between(number(text), 0, 1)
    case 'PERCENTAGE':
      return between(number(text), 0, 100)
    case 'INTEGER':
      return integer(text, -INT_MAX - 1, INT_MAX)
    case 'INTEGER_POSITIVE':
      return integer(text, 1, INT_MAX)
    case 'INTEGER_NEGATIVE':
      return integer(text, -INT_MAX - 1, -1)
    case 'INTEGER_ZERO_OR_POSITIVE':
      return integer(text, 0, INT_MAX)
    case 'DATE':
    case 'AGE': {
      const date = dateOf(text)
      return date === null ? invalid('is not a date') : ok(date)
    }
    case 'DATETIME': {
      const time = dateTimeOf(text, timeZone)
      return time === null ? invalid('is not a date and time') : ok(time)
    }
    case 'TIME': {
      const match = /^([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?$/.exec(text)
      return match ? ok(`${match[1]!.padStart(2, '0')}:${match[2]}`) : invalid('is not a time of day')
    }
    case 'LETTER':
      return /^\p{L}$/u.test(text) ? ok(text) : invalid('is not one letter')
    case 'PHONE_NUMBER':
      return /^[0-9+()#.\-/ ext]{6,50}$/.test(text) ? ok(text) : invalid('is not a phone number (6 to 50 digits, blanks and + ( ) # . - /)')
    case 'EMAIL':
      return /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/.test(text) ? ok(text) : invalid('is not an e-mail address')
    case 'URL':
      return isUrl(text) ? ok(text) : invalid('is not a web address')
    case 'COORDINATE':
      return coordinate(text)
    case 'FILE_RESOURCE':
    case 'IMAGE':
    case 'TRACKER_ASSOCIATE':
      return invalid(`is of type ${valueType}, which a Mart column cannot give`)
    default:
      // texts, and references (ORGANISATION_UNIT, USERNAME, …) that only DHIS2 can check
      return ok(text)
  }
}

/** Plain decimals without exponent or leading zeros. "1e3" is 1000; 1.50 stays 1.50. */
function number(text: string): Converted {
  const plain = /^[+-]?\d+(?:[.]\d*)?e[+-]?\d+$/i.test(text) ? expanded(text) : text
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(plain)
  if (!match || (!match[2] && !match[3])) return invalid('is not a number')
  const whole = match[2]!.replace(/^0+(?=\d)/, '') || '0'
  const digits = match[3] ? `${whole}.${match[3]}` : whole
  return ok(match[1] === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits)
}

function expanded(text: string): string {
  const value = Number(text)
  return Number.isFinite(value) && Math.abs(value) < 1e21
    ? value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 })
    : text
}

function between(made: Converted, min: number, max: number): Converted {
  if (!('value' in made)) return made
  const value = Number(made.value)
  return value >= min && value <= max ? made : invalid(`is not between ${min} and ${max}`)
}

function integer(text: string, min: number, max: number): Converted {
  const made = number(text)
  if (!('value' in made)) return invalid('is not a whole number')
  const match = /^(-?\d+)(?:\.0*)?$/.exec(made.value!)
  const value = Number(match?.[1])
  return match && value >= min && value <= max ? ok(match[1]!) : invalid(`is not a whole number from ${min} to ${max}`)
}

/** yyyy-MM-dd of a text that begins with a real calendar date, from the year 1000 on (DHIS2 takes four digits); null otherwise. */
export function dateOf(text: string): string | null {
  const match = /^([1-9]\d{3}-\d{2}-\d{2})(?:[T ].*)?$/s.exec(text.trim())
  return match && DateTime.fromISO(match[1]!).isValid ? match[1]! : null
}

/** yyyy-MM-dd'T'HH:mm:ss.SSS with the zone's offset; a date alone is midnight. */
function dateTimeOf(text: string, timeZone: string): string | null {
  if (dateOf(text) === null || text.includes('BC')) return null
  // PostgreSQL prints "2024-03-01 10:11:12.5+02"; ISO wants a T
  const time = DateTime.fromISO(text.replace(' ', 'T'), { zone: timeZone, setZone: true })
  return time.isValid ? time.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZ") : null
}

function isUrl(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text)
}

function coordinate(text: string): Converted {
  const match = /^\[?\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\]?$/.exec(text)
  const [lng, lat] = [Number(match?.[1]), Number(match?.[2])]
  return match && Math.abs(lng) <= 180 && Math.abs(lat) <= 90
    ? ok(`[${match[1]},${match[2]}]`)
    : invalid('is not a coordinate [longitude,latitude]')
}
