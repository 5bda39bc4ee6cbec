/** Dates as DHIS2 stores and prints them: `yyyy-MM-ddTHH:mm:ss.SSS` without zone, in the server's zone, which is UTC here. */

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/

export function timestamp(millis: number): string {
  return new Date(millis).toISOString().slice(0, 23)
}

/** Today's midnight, as 2.30 prints the completion of events and cancellations. */
export function midnight(millis: number): string {
  return `${timestamp(millis).slice(0, 10)}T00:00:00.000`
}

export function isCalendarDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** The stored form of a date or date-time that a client sent (an offset is turned into the server's zone), or null when it is none. */
export function parseTimestamp(text: string): string | null {
  if (/^-?\d{5,}$/.test(text)) return timestamp(Number(text))
  const parts = DATE_TIME.exec(text)
  if (parts === null) return null
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = parts
  if (!isCalendarDate(Number(year), Number(month), Number(day))) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}`
  if (zone === undefined || zone === 'Z') return local
  const sign = zone.startsWith('-') ? 1 : -1
  const digits = zone.replace(':', '')
  return timestamp(Date.parse(`${local}Z`) + sign * (Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))) * 60_000)
}

/** As Java prints a Date in the legacy messages: `Thu Jan 01 00:00:00 UTC 2099`. */
export function javaDate(stored: string): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(`${stored}Z`).toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${day} ${time} UTC ${year}`
}
