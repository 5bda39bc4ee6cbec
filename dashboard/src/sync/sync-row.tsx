import { Button, InlineLoading, TableCell, TableRow } from '@carbon/react'
import { View } from '@carbon/react/icons'
import { useState } from 'react'
import { Link, useHref } from 'react-router'
import { todayOf } from '../format/format.ts'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { SyncTag } from '../parts/state-tag.tsx'
import { Time } from '../parts/time.tsx'
import { RowProgress } from './row-progress.tsx'
import { SyncOptions } from './sync-options.tsx'
import { EMPTY_FORM, previewAddress, problemOf, type FormProblem, type SyncForm } from './sync-form.ts'
import type { LastSync } from './sync-table.tsx'
import { useEndOf } from './use-end-of.ts'
import { useStartSync } from './use-start-sync.ts'
import { TextField } from '../parts/text-field.tsx'

/** One mapping: what to say about its next sync, or how the one that is going on stands. */
export function SyncRow({ row }: { row: LastSync }) {
  const { sync } = useTexts()
  const { mapping, active, last, lastSuccessAt } = row
  const mayStart = mayOne(useSession(), ['upload'])
  const [form, setForm] = useState<SyncForm>(EMPTY_FORM)
  const [problem, setProblem] = useState<FormProblem | null>(null)
  const preview = useHref(previewAddress(mapping, form))
  const { start, starting } = useStartSync(mapping)
  useEndOf(row)
  const id = `sync-${mapping.replaceAll(/\W/g, '-')}`
  const change = (changed: Partial<SyncForm>) => {
    setForm({ ...form, ...changed })
    setProblem(null)
  }
  const submit = async () => {
    const wrong = problemOf(form, mapping, todayOf(new Date()), sync)
    setProblem(wrong)
    if (wrong) document.querySelector<HTMLElement>(`#${id}-${wrong.field}`)?.focus()
    else if (await start(form)) setForm(EMPTY_FORM)
  }
  return (
    <TableRow>
      <TableCell className="row-header">{mapping}</TableCell>
      <TableCell data-label={sync.comments}>
        {active ? (
          <RowProgress active={active} />
        ) : (
          <TextField
            id={`${id}-comment`}
            label={sync.commentsFor(mapping)}
            hideLabel
            size="md"
            required
            placeholder={sync.commentsHint}
            value={form.comment}
            maxLength={2000}
            disabled={!mayStart}
            wrong={problem?.field === 'comment' ? problem.message : undefined}
            onChange={(event) => change({ comment: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter') void submit()
            }}
          />
        )}
      </TableCell>
      <TableCell data-label={sync.options}>
        {!active && mayStart && <SyncOptions id={id} mapping={mapping} form={form} problem={problem} change={change} />}
      </TableCell>
      <TableCell data-label={sync.lastSuccess}>
        {lastSuccessAt === null ? <span className="quiet">{'–'}</span> : <Time at={lastSuccessAt} long />}
        {!active && last && last.state !== 'succeeded' && (
          <div className="row tight">
            <Link to={`/runs/${last.id}`}>
              <SyncTag state={last.state} />
            </Link>
          </div>
        )}
      </TableCell>
      <TableCell className="buttons">
        <div className="row">
          <Button
            kind="tertiary"
            size="md"
            href={preview}
            target="_blank"
            rel="opener"
            renderIcon={View}
            aria-label={`${sync.preview} ${mapping}`}
          >
            {sync.preview}
          </Button>
          {mayStart && (
            <Button size="md" disabled={active !== null || starting} onClick={() => void submit()} aria-label={`${sync.submit} ${mapping}`}>
              {starting ? <InlineLoading description={sync.starting} /> : sync.submit}
            </Button>
          )}
        </div>
      </TableCell>
    </TableRow>
  )
}
