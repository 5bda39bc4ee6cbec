/** What is asked before saving: the original's checks in its order, so that its users meet them as they know them. */
import type { Catalogue } from '../i18n/en.ts'
import type { FormState } from './form-state.ts'

export interface FormProblem {
  /** the id of the control that it is about */
  at: string
  message: string
}

export function checkForm(state: FormState, taken: readonly string[], texts: Catalogue['form']): FormProblem | null {
  const name = state.name.trim()
  const isEmpty = (columns: Readonly<Record<string, string>>) => Object.values(columns).every((uid) => uid === '')
  const chunk = state.chunkSize.trim()
  const checks: [boolean, string, string][] = [
    [name === '', 'mapping-name', texts.nameMissing],
    [!/^[\p{L}\p{N} ]+$/u.test(name), 'mapping-name', texts.nameInvalid],
    [taken.includes(name), 'mapping-name', texts.nameTaken],
    [state.instance.table === '', 'table-instance-0', texts.instanceTableMissing],
    [isEmpty(state.instance.columns), 'table-instance-0', texts.instanceMissing],
    [state.enrollments.table === '', 'table-enrollments-0', texts.enrollmentsMissing],
    [state.openLatest === null, 'open-latest-yes', texts.openLatestMissing],
    ...state.events.flatMap(({ table, columns }, at): [boolean, string, string][] => [
      [table === '', `table-events-${at}`, texts.eventTableMissing],
      [isEmpty(columns), `table-events-${at}`, texts.eventMissing],
    ]),
    [chunk !== '' && !(/^\d+$/.test(chunk) && Number(chunk) >= 1 && Number(chunk) <= 1000), 'chunk-size', texts.chunkSizeInvalid],
  ]
  const found = checks.find(([wrong]) => wrong)
  return found ? { at: found[1], message: found[2] } : null
}
