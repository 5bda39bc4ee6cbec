/**
 * When a schedule starts syncs, by the wall clock of its time zone. Where clocks are put forward, a time that does not come is taken an hour later;
 * where they are put back, one that comes twice is taken once, unless the timetable has every hour.
 */
import { CronExpressionParser } from 'cron-parser'
import { isTimeZone } from './time-zone.ts'

export interface Timetable {
  /** five fields, or six with seconds first */
  cron: string
  /** IANA */
  timeZone: string
}

/** Written for users. */
export class TimetableError extends Error {
  readonly at: keyof Timetable
  constructor(at: keyof Timetable, message: string) {
    super(message)
    this.at = at
  }
}

/** @throws TimetableError */
export function timesAfter({ cron, timeZone }: Timetable, after: Date, count: number): Date[] {
  if (!isTimeZone(timeZone)) throw new TimetableError('timeZone', `"${timeZone}" is not the name of a time zone, as Africa/Harare is.`)
  // with fewer the library fills up by itself; H is another time in each process, and names like @daily have no time at all
  if (!/^\S+(\s+\S+){4,5}$/.test(cron.trim()) || /(^|\s)H/i.test(cron))
    throw new TimetableError('cron', `"${cron}" is not a timetable: it should have five fields, as 30 20 * * *, or six with seconds first.`)
  try {
    return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: after })
      .take(count)
      .map((time) => time.toDate())
  } catch (error) {
    throw new TimetableError('cron', `"${cron}" is not a timetable: ${error instanceof Error ? error.message : 'it never comes'}.`)
  }
}

/** @throws TimetableError */
export const firstAfter = (timetable: Timetable, after: Date): Date => timesAfter(timetable, after, 1)[0]!
