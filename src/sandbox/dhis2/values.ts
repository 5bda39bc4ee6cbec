import { isCalendarDate, parseTimestamp } from './dates.ts'

const INTEGER = /^(0|-?[1-9]\d*)$/
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(E-?\d+)?$/
const PHONE = /^[0-9+()#.\-/\sextEXT]{6,50}$/
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const FITS_32_BITS = 2_147_483_647

function isInteger(value: string): boolean {
  return INTEGER.test(value) && Math.abs(Number(value)) <= FITS_32_BITS
}

function isDate(value: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value)
  return parts !== null && isCalendarDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}

function isCoordinate(value: string): boolean {
  const parts = /^\[(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)\]$/.exec(value)
  return parts !== null && Math.abs(Number(parts[1])) <= 180 && Math.abs(Number(parts[2])) <= 90
}

/** Does the value fit the value type, by the rules that 2.30 and later share? Types that are free text fit always. */
export function fitsValueType(valueType: string, value: string): boolean {
  switch (valueType) {
    case 'LETTER':
      return /^\p{L}$/u.test(value)
    case 'NUMBER':
      return NUMBER.test(value)
    case 'INTEGER':
      return isInteger(value)
    case 'INTEGER_POSITIVE':
      return isInteger(value) && Number(value) > 0
    case 'INTEGER_NEGATIVE':
      return isInteger(value) && Number(value) < 0
    case 'INTEGER_ZERO_OR_POSITIVE':
      return isInteger(value) && Number(value) >= 0
    case 'UNIT_INTERVAL':
      return NUMBER.test(value) && Number(value) >= 0 && Number(value) <= 1
    case 'PERCENTAGE':
      return NUMBER.test(value) && Number(value) >= 0 && Number(value) <= 100
    case 'BOOLEAN':
      return /^(true|false)$/i.test(value)
    case 'TRUE_ONLY':
      return /^true$/i.test(value)
    case 'DATE':
    case 'AGE':
      return isDate(value)
    case 'DATETIME':
      return value.includes('T') && parseTimestamp(value) !== null
    case 'TIME':
      return /^([01]?\d|2[0-3]):[0-5]\d$/.test(value)
    case 'PHONE_NUMBER':
      return PHONE.test(value)
    case 'EMAIL':
      return EMAIL.test(value)
    case 'URL':
      return URL.canParse(value)
    case 'COORDINATE':
      return isCoordinate(value)
    default:
      return true
  }
}

/** 2.41 and later take a time behind a date and store it as it came. */
export function fitsValueTypeWithTime(valueType: string, value: string): boolean {
  if ((valueType === 'DATE' || valueType === 'AGE') && /^\d{4}-\d{2}-\d{2}T/.test(value)) return parseTimestamp(value) !== null
  return fitsValueType(valueType, value)
}
