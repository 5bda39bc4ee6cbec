/** What the server says of a mapping, sorted by where it belongs in the form. */
import type { Answer } from '../api/client.ts'
import type { Place } from './form-state.ts'

export type Finding = Answer<'validateMapping'>['findings'][number]

/** Beside a column: one text for each severity, so that a row is drawn again only when it says something else. */
export interface Beside {
  errors: string
  warnings: string
}
export const NOTHING: Beside = { errors: '', warnings: '' }

export interface SectionFindings {
  table: Beside
  byColumn: ReadonlyMap<string, Beside>
}

const said = (findings: readonly Finding[]): Beside => {
  const of = (severity: Finding['severity']) =>
    findings
      .filter((finding) => finding.severity === severity)
      .map(({ message, remedy }) => `${message} ${remedy}`.trim())
      .join('\n')
  return { errors: of('error'), warnings: of('warning') }
}

const belongsTo = (finding: Finding, { part, at }: Place) =>
  finding.part === part
    ? part !== 'events' || (finding.index ?? 0) === at
    : finding.part === 'config' && part === 'instance' && finding.column !== null

export function findingsOf(findings: readonly Finding[], place: Place): SectionFindings {
  const mine = findings.filter((finding) => belongsTo(finding, place))
  const columns = new Set(mine.flatMap(({ column }) => (column === null ? [] : [column])))
  return {
    table: said(mine.filter(({ column }) => column === null)),
    byColumn: new Map([...columns].map((column) => [column, said(mine.filter((finding) => finding.column === column))])),
  }
}
/** About the whole. */
export const generalFindings = (findings: readonly Finding[]): Beside =>
  said(findings.filter(({ part, column }) => part === 'name' || (part === 'config' && column === null)))
