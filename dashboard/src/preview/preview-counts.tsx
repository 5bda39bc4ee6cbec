import type { Answer } from '../api/client.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { KINDS } from '../sync/totals.ts'

export function PreviewCounts({ counts }: { counts: NonNullable<Answer<'readPreview'>['counts']> }) {
  const { preview, kinds, effects } = useTexts()
  const format = useFormat()
  return (
    <ul className="preview-counts" aria-label={preview.counts}>
      {KINDS.map((kind) => (
        <li key={kind}>
          <strong>{kinds[kind]}</strong>
          <dl>
            {(['new', 'update', 'unchanged'] as const).map((effect) => (
              <div key={effect}>
                <dt>{effects[effect]}</dt>
                <dd>{format.number(counts[kind][effect])}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}
