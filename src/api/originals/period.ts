import { OriginalError } from './original-route.ts'

/** "" means none; the preview's links have days like 2020-9-1. @throws OriginalError */
export function periodOf(startDate: string, endDate: string): { from: string | null; to: string | null } {
  if (startDate === '' && endDate === '') return { from: null, to: null }
  const [from, to] = [dayOf(startDate), dayOf(endDate)]
  if (from === null || to === null) throw new OriginalError(500, `Start date and end date should both be days like 2024-03-01.`)
  if (from > to) throw new OriginalError(500, 'End Date Must be Greater Than StartDate')
  return { from, to }
}

function dayOf(text: string): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim()) ?? []
  if (year === undefined) return null
  const iso = `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
  const time = Date.parse(iso)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso) ? iso : null
}
