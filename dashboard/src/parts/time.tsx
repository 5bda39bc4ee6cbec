import { useFormat } from '../i18n/texts.tsx'

/** An instant in the viewer's zone, with UTC behind it. */
export function Time({ at, long = false }: { at: string; long?: boolean }) {
  const format = useFormat()
  return (
    <time dateTime={at} title={format.utc(at)} className="time">
      {long ? format.longDateTime(at) : format.dateTime(at)}
    </time>
  )
}

export function Day({ day }: { day: string | null }) {
  const format = useFormat()
  if (day === null) return null
  const date = /^\d{4}-\d{2}-\d{2}/.exec(day)?.[0]
  return <span className="time">{date === undefined ? day : format.day(date)}</span>
}
