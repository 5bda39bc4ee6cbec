import { InlineLoading } from '@carbon/react'
import { CheckmarkFilled, ErrorFilled, WarningAltFilled } from '@carbon/react/icons'
import type { UseQueryResult } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { useTexts } from '../i18n/texts.tsx'
import { detailOf, titleOf } from '../parts/failure.tsx'

/** What the server thinks of the mapping, in one line. */
export function ValidationState({ validation }: { validation: UseQueryResult<Answer<'validateMapping'>> }) {
  const { form, problems } = useTexts()
  const { data, error, isFetching } = validation
  return (
    <div className="validation" role="status">
      {isFetching ? <InlineLoading description={form.checking} /> : said()}
    </div>
  )
  function said() {
    if (error) return <p className="warn">{detailOf(error) || titleOf(error, problems)}</p>
    if (!data) return null
    const errors = data.findings.filter(({ severity }) => severity === 'error').length
    const warnings = data.findings.length - errors
    const [Icon, kind] =
      errors > 0 ? [ErrorFilled, 'bad'] : warnings > 0 || !data.checkedAgainstDhis2 ? [WarningAltFilled, 'warn'] : [CheckmarkFilled, 'good']
    const text = data.findings.length > 0 ? form.findings(errors, warnings) : data.checkedAgainstDhis2 ? form.checked : null
    return (
      <p className={`row tight ${kind}`}>
        <Icon size={16} aria-hidden="true" />
        <span title={data.dhis2Problem ?? undefined}>
          {[text, data.checkedAgainstDhis2 ? null : form.checkedMartOnly].filter(Boolean).join(' · ')}
        </span>
      </p>
    )
  }
}
