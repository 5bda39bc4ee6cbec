import { Button, CopyButton, InlineNotification } from '@carbon/react'
import { isApiError } from '../api/api-error.ts'
import type { Catalogue } from '../i18n/en.ts'
import { useTexts } from '../i18n/texts.tsx'

/** What went wrong in the viewer's language; the server's own sentence says more. */
export function titleOf(error: unknown, problems: Catalogue['problems']): string {
  if (!isApiError(error)) return problems.other
  const titles: Readonly<Record<string, unknown>> = problems
  const title = titles[error.code]
  return typeof title === 'string' ? title : problems.other
}
export const detailOf = (error: unknown): string => (isApiError(error) && error.code !== 'offline' ? error.message : '')

/** Something could not be read. */
export function Failure({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const { problems, common } = useTexts()
  const [head, detail] = [title ?? titleOf(error, problems), detailOf(error)]
  const id = isApiError(error) ? error.requestId : null
  const whole = [head, detail, id].filter(Boolean).join('\n')
  return (
    <div className="failure">
      <InlineNotification kind="error" role="alert" lowContrast hideCloseButton title={head} subtitle={detail}>
        {id && <p className="quiet small">{problems.request(id)}</p>}
      </InlineNotification>
      <div className="row">
        {retry && (
          <Button kind="tertiary" size="sm" onClick={retry}>
            {common.retry}
          </Button>
        )}
        <CopyButton
          iconDescription={common.copy}
          feedback={common.copied}
          align="right"
          onClick={() => void navigator.clipboard?.writeText(whole)}
        />
      </div>
    </div>
  )
}
