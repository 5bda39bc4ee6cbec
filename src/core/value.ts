/**
 * Mart text → what DHIS2 takes, by value type. The strictest column of the versions 2.30–2.43 counts, so that a server upgrade never turns good
 * rows bad. Values come as PostgreSQL prints them (1.50 stays 1.50, true, 2024-03-01).
 */
import { DateTime } from 'luxon'
import type { Field, Option } from './model.ts'
import type { RejectionCode } from './rejection.ts'
import { isUid } from './uid.ts'

export type Converted =
  | { value: string | null }
  | {
      problem: Extract<RejectionCode, 'value-invalid' | 'value-too-long' | 'value-not-an-option'>
      /** goes on from "…, which" and is followed by 'for "<name of the field>"' */
      because: string
      /** what DHIS2 takes, for the brackets at the sentence's end */
      hint: string | null
    }

export interface ConvertOptions {
  /** longest text, in UTF-16 units as Java counts: 1200 for attributes, 50000 for data elements */
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
  if ('value' in made && made.value !== null && made.value.length > options.maxLength) {
    const hint = `${made.value.length} characters, DHIS2 takes ${options.maxLength}`
    return { problem: 'value-too-long', because: 'is too long', hint }
  }
  return made
}

/** A NUL gives 500 for the whole request (2.41); other control characters serve nobody. Newlines and tabs stay. */
function cleaned(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '').trim()
}

const ok = (value: string | null): Converted => ({ value })
const invalid = (because: string, hint: string | null = null): Converted => ({ problem: 'value-invalid', because, hint })

function optionCode(text: string, options: readonly Option[], valueType: string): Converted {
  const whole = oneOption(text, options)
  // an option's own name may have a comma
  if (valueType !== 'MULTI_TEXT' || 'value' in whole) return whole
  const parts = text.split(',').map((part) => part.trim())
  const codes = parts.filter((part) => part !== '').map((part) => oneOption(part, options))
  const bad = codes.find((code) => 'problem' in code)
  const chosen = new Set(codes.map((code) => ('value' in code ? code.value : '')))
  return bad ?? ok([...chosen].join(',') || null)
}

/** By code, then by code in any case, then by name in any case: the last two only when one option fits. */
function oneOption(text: string, options: readonly Option[]): Converted {
  const same = (a: string) => a.trim().toLowerCase() === text.toLowerCase()
  const only = (found: readonly Option[]) => (found.length === 1 ? found[0]!.code : undefined)
  const code =
    options.find((o) => o.code === text)?.code ?? only(options.filter((o) => same(o.code))) ?? only(options.filter((o) => same(o.name)))
  if (code !== undefined) return ok(code)
  const list = options.slice(0, OPTIONS_NAMED).map((o) => o.code)
  if (options.length > list.length) list.push('…')
  return { problem: 'value-not-an-option', because: 'is not an option', hint: list.join(', ') }
}

const OPTIONS_NAMED = 12
const TRUE = new Set(['true', 't', 'yes', 'y', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', '0'])
const INT_MAX = 2_147_483_647
/** of a double: 5e-324 is its smallest */
const LARGEST_EXPONENT = 324

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
      return text.length === 1 && /^\p{L}$/u.test(text) ? ok(text) : invalid('is not one letter')
    case 'PHONE_NUMBER':
      return /^[0-9+()#.\-/ ext]{6,50}$/.test(text)
        ? ok(text)
        : invalid('is not a phone number', '6 to 50 digits, blanks and + ( ) # . - /')
    case 'EMAIL':
      return /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/.test(text) ? ok(text) : invalid('is not an e-mail address')
    case 'URL':
      return isUrl(text) ? ok(text) : invalid('is not a web address')
    case 'COORDINATE':
      return coordinate(text)
    case 'ORGANISATION_UNIT':
      return isUid(text) ? ok(text) : invalid('is not the UID of an org unit')
    case 'FILE_RESOURCE':
    case 'IMAGE':
    case 'TRACKER_ASSOCIATE':
      return invalid(`is of type ${valueType}, which a Mart column cannot give`)
    default:
      // texts, and references (USERNAME) that only DHIS2 can check
      return ok(text)
  }
}

/** Plain decimals without exponent or leading zeros. "1e3" is 1000; 1.50 stays 1.50. */
function number(text: string): Converted {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(expanded(text))
  if (!match || (!match[2] && !match[3])) return invalid('is not a number')
  const whole = match[2]!.replace(/^0+(?=\d)/, '') || '0'
  const digits = match[3] ? `${whole}.${match[3]}` : whole
  return ok(match[1] === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits)
}

/** 12.5e-3 → 0.0125, digit by digit: floating point would lose some. */
function expanded(text: string): string {
  const [, sign, whole, fraction = '', exponent] = /^([+-]?)(\d+)(?:\.(\d*))?e([+-]?\d+)$/i.exec(text) ?? []
  if (whole === undefined || Math.abs(Number(exponent)) > LARGEST_EXPONENT) return text
  const point = whole.length + Number(exponent)
  const digits = (whole + fraction).padEnd(point, '0')
  return point > 0 ? `${sign}${digits.slice(0, point)}.${digits.slice(point)}` : `${sign}0.${'0'.repeat(-point)}${digits}`
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

const DATE = /^([1-9]\d{3}-\d{2}-\d{2})(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)? ?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/

/** yyyy-MM-dd of a real calendar date with or without a time, from the year 1000 on (DHIS2 takes four digits); null otherwise. */
export function dateOf(text: string): string | null {
  const date = DATE.exec(text.trim())?.[1]
  return date !== undefined && isOnCalendar(date) ? date : null
}

/** Counted by hand: an event has several dates, and a library's cost half of all that is decided about it. */
function isOnCalendar(date: string): boolean {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))]
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const length = month === 2 && !isLeap ? 28 : MONTHS[month - 1]
  return length !== undefined && day >= 1 && day <= length
}
const MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** yyyy-MM-dd'T'HH:mm:ss.SSS with the zone's offset; a date alone is midnight. */
function dateTimeOf(text: string, timeZone: string): string | null {
  if (dateOf(text) === null) return null
  // PostgreSQL prints "2024-03-01 10:11:12.5+02"; ISO wants a T
  const time = DateTime.fromISO(text.replace(' ', 'T').replace(' ', ''), { zone: timeZone, setZone: true })
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
