/** Numbers, times and durations as the viewer's language and zone have them. */

export interface Format {
  language: string
  timeZone: string
  number: (n: number) => string
  /** short: for tables */
  dateTime: (iso: string) => string
  /** as the original showed the last sync: Wednesday, December 19, 2018, 04:30:57 PM */
  longDateTime: (iso: string) => string
  utc: (iso: string) => string
  /** a day without time, as yyyy-MM-dd has it */
  day: (day: string) => string
  shortDay: (day: string) => string
  duration: (seconds: number) => string
  ago: (iso: string, now: number) => string
}

export function createFormat(language: string, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone): Format {
  const numbers = new Intl.NumberFormat(language)
  const short = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone })
  const long = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium', timeZone })
  const days = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
  const shortDays = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value)
  return {
    language,
    timeZone,
    number: (n) => numbers.format(n),
    dateTime: (iso) => short.format(new Date(iso)),
    longDateTime: (iso) => long.format(new Date(iso)),
    utc: (iso) => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    day: (day) => days.format(new Date(`${day}T00:00:00Z`)),
    shortDay: (day) => shortDays.format(new Date(`${day}T00:00:00Z`)),
    duration: (seconds) =>
      partsOf(seconds)
        .map(([value, name]) => unit(value, name))
        .join(' '),
    ago: (iso, now) => {
      const [value, name] = distanceOf((new Date(iso).getTime() - now) / 1000)
      return relative.format(value, name)
    },
  }
}

/** The two largest units that are not nothing: an estimate needs no more. */
function partsOf(seconds: number): [number, string][] {
  const whole = Math.max(0, Math.round(seconds))
  const all: [number, string][] = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor((whole % 3600) / 60), 'minute'],
    [whole % 60, 'second'],
  ]
  const first = all.findIndex(([value]) => value > 0)
  if (first === -1) return [[0, 'second']]
  return all.slice(first, first + 2).filter(([value], i) => i === 0 || value > 0)
}

const UNITS = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [Infinity, 'day'],
] as const

function distanceOf(seconds: number): [number, 'second' | 'minute' | 'hour' | 'day'] {
  const size = Math.abs(seconds)
  const at = UNITS.findIndex(([end]) => size < end)
  const divisor = at === 0 ? 1 : UNITS[at - 1]![0]
  return [Math.trunc(seconds / divisor) || 0, UNITS[at]![1]]
}

/** A local "yyyy-MM-ddTHH:mm" of a field ↔ an instant. */
export const instantOf = (local: string): string | undefined => (local === '' ? undefined : new Date(local).toISOString())
export function localOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}
/** Today where the viewer is, as yyyy-MM-dd. */
export const todayOf = (date: Date): string => localOf(date).slice(0, 10)
