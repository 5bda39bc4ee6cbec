/** A bar of progress. */
export function Bar({ percent, label, kind = 'running' }: { percent: number; label: string; kind?: 'running' | 'done' | 'failed' }) {
  return (
    <div
      className={`bar-track ${kind}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ inlineSize: `${percent}%` }} />
    </div>
  )
}
