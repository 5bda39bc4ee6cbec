/** The arithmetic of the chart: which days there are, and how high a bar is. */
export interface DayCounts {
  day: string
  created: number
  updated: number
  unchanged: number
  rejected: number
}

const DAY_MS = 86_400_000

/** The last `days` days up to `today`, those without records too. */
export function everyDay(rows: readonly DayCounts[], today: string, days: number): DayCounts[] {
  const byDay = new Map(rows.map((row) => [row.day, row]))
  const last = Date.parse(`${today}T00:00:00Z`)
  return Array.from({ length: days }, (_, i) => {
    const day = new Date(last - (days - 1 - i) * DAY_MS).toISOString().slice(0, 10)
    return byDay.get(day) ?? { day, created: 0, updated: 0, unchanged: 0, rejected: 0 }
  })
}

/** A round number at or above the greatest: 1, 2 or 5 times a power of ten. */
export function roundTop(greatest: number): number {
  if (greatest <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(greatest))
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= greatest)!
}
