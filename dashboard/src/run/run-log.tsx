import { useState } from 'react'
import { useRead } from '../api/use-read.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Read } from '../parts/read.tsx'

/** What the jobs said, read when somebody opens it. */
export function RunLog({ id, going }: { id: string; going: boolean }) {
  const { run, steps } = useTexts()
  const format = useFormat()
  const [open, setOpen] = useState(false)
  const log = useRead('readSyncLog', { params: { id } }, { enabled: open, every: open && going ? 5000 : false })
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{run.log}</h2>
      </summary>
      {open && (
        <Read query={log}>
          {({ lines }) =>
            lines.length === 0 ? (
              <p className="quiet">{run.logEmpty}</p>
            ) : (
              <ol className="log-lines" tabIndex={0} aria-label={run.log}>
                {lines.map((line, i) => (
                  // oxlint-disable-next-line no-array-index-key -- lines have nothing else, and are only added to
                  <li key={i}>
                    {line.at !== null && <time title={format.utc(line.at)}>{format.dateTime(line.at)}</time>}{' '}
                    <span className="quiet">{steps[line.step]}</span> {line.text}
                  </li>
                ))}
              </ol>
            )
          }
        </Read>
      )}
    </details>
  )
}
