import type { Answer } from '../api/client.ts'
import { todayOf } from '../format/format.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { OUTCOMES } from '../sync/totals.ts'
import { everyDay, roundTop, type DayCounts } from './chart-scale.ts'

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [600, 220, 52, 10, 24]
const total = (row: DayCounts) => OUTCOMES.reduce((of, outcome) => of + row[outcome], 0)

/** Records by day and outcome; the same as a table for those who read rather than look. */
export function HomeChart({ rows }: { rows: Answer<'readStatistics'>['rows'] }) {
  const { home, outcomes } = useTexts()
  const format = useFormat()
  const days = everyDay(rows, todayOf(new Date()), 30)
  if (days.every((row) => total(row) === 0)) return <Empty text={home.chartEmpty} />
  const top = roundTop(Math.max(...days.map(total)))
  const step = (WIDTH - LEFT) / days.length
  const y = (n: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / top)
  return (
    <figure className="chart">
      <ul className="legend" aria-hidden="true">
        {OUTCOMES.map((outcome) => (
          <li key={outcome}>
            <span className={`swatch ${outcome}`} /> {outcomes[outcome]}
          </li>
        ))}
      </ul>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={home.chartTitle}>
        {[0, top / 2, top].map((n) => (
          <g key={n}>
            <line x1={LEFT} x2={WIDTH} y1={y(n)} y2={y(n)} className="grid-line" />
            <text x={LEFT - 6} y={y(n) + 4} textAnchor="end">
              {format.number(n)}
            </text>
          </g>
        ))}
        {days.map((row, i) => (
          <g key={row.day}>
            <title>
              {home.chartOf(format.day(row.day), format.number(total(row)))}
              {OUTCOMES.filter((outcome) => row[outcome] > 0).map((outcome) => `\n${outcomes[outcome]}: ${format.number(row[outcome])}`)}
            </title>
            <rect x={LEFT + i * step} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} fill="transparent" />
            {OUTCOMES.map((outcome, level) => {
              const below = OUTCOMES.slice(0, level).reduce((of, o) => of + row[o], 0)
              const high = y(below) - y(below + row[outcome])
              return (
                row[outcome] > 0 && (
                  <rect
                    key={outcome}
                    className={`bar ${outcome}`}
                    x={LEFT + i * step + 2}
                    width={Math.max(2, step - 4)}
                    y={y(below) - Math.max(high, 1.5)}
                    height={Math.max(high, 1.5)}
                  />
                )
              )
            })}
            {(days.length - 1 - i) % 7 === 0 && (
              <text x={LEFT + (i + 0.5) * step} y={HEIGHT - 6} textAnchor={i > 27 ? 'end' : 'middle'}>
                {format.shortDay(row.day)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <details>
        <summary>{home.chartTable}</summary>
        <DataTable
          caption={home.chartTitle}
          rows={days.filter((row) => total(row) > 0).toReversed()}
          keyOf={(row) => row.day}
          columns={[
            { key: 'day', head: home.day, cell: (row) => format.day(row.day) },
            ...OUTCOMES.map((outcome) => ({
              key: outcome,
              head: outcomes[outcome],
              cell: (row: DayCounts) => format.number(row[outcome]),
              numeric: true,
            })),
          ]}
        />
      </details>
    </figure>
  )
}
