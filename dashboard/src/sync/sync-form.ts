/** What somebody has filled in beside a mapping, and what is wrong with it: the original's checks in its order. */
import type { Catalogue } from '../i18n/en.ts'

export interface SyncForm {
  comment: string
  range: boolean
  start: string
  end: string
  dryRun: boolean
  resync: boolean
}
export const EMPTY_FORM: SyncForm = { comment: '', range: false, start: '', end: '', dryRun: false, resync: false }

export interface FormProblem {
  field: 'comment' | 'start' | 'end'
  message: string
}

export function problemOf(form: SyncForm, name: string, today: string, texts: Catalogue['sync']): FormProblem | null {
  if (form.comment.trim() === '') return { field: 'comment', message: texts.enterComment(name) }
  if (!form.range) return null
  if (form.start === '') return { field: 'start', message: texts.enterStart(name) }
  if (form.end === '') return { field: 'end', message: texts.enterEnd(name) }
  if (form.start > today) return { field: 'start', message: texts.inFuture }
  if (form.end > today) return { field: 'end', message: texts.inFuture }
  return form.end < form.start ? { field: 'end', message: texts.endBeforeStart(name) } : null
}

export const requestOf = (form: SyncForm, mapping: string) => ({
  mapping,
  comment: form.comment.trim(),
  dryRun: form.dryRun,
  resync: form.resync && !form.range,
  ...(form.range && { from: form.start, to: form.end }),
})

export const previewAddress = (name: string, form: SyncForm) =>
  `/preview/${encodeURIComponent(name)}${form.range && form.start !== '' && form.end !== '' ? `/${form.start}/${form.end}` : ''}`
