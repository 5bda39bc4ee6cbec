/** What DHIS2 will get beside what it has, line by line. */
export interface Side {
  uid: string
  orgUnit: string | null
  status: string | null
  enrolledAt: string | null
  occurredAt: string | null
  values: Readonly<Record<string, string | null>>
}
export interface Line {
  /** a fixed one's name, or a UID */
  field: string
  sending: string | null
  there: string | null
  differs: boolean
}

const FIXED = ['uid', 'orgUnit', 'status', 'enrolledAt', 'occurredAt'] as const

export function differenceOf(sending: Side | null, there: Side | null): Line[] {
  const line = (field: string, a: string | null, b: string | null): Line => ({ field, sending: a, there: b, differs: !isSame(a, b) })
  const fixed = FIXED.map((field) => line(field, sending?.[field] ?? null, there?.[field] ?? null))
  const uids = new Set([...Object.keys(sending?.values ?? {}), ...Object.keys(there?.values ?? {})])
  const values = [...uids].map((uid) => {
    const now = there?.values[uid] ?? null
    // what is not sent stays as it is
    return line(uid, sending && !(uid in sending.values) ? now : (sending?.values[uid] ?? null), now)
  })
  return [...fixed, ...values].filter(({ sending: a, there: b }) => a !== null || b !== null)
}

/** Empty is empty, and a day is a day with or without a time behind it. */
function isSame(a: string | null, b: string | null): boolean {
  const [left, right] = [a ?? '', b ?? '']
  if (left === right) return true
  const day = /^(\d{4}-\d{2}-\d{2})(T00:00:00(\.0+)?Z?)?$/
  const [leftDay, rightDay] = [day.exec(left)?.[1], day.exec(right)?.[1]]
  return leftDay !== undefined && leftDay === rightDay
}
