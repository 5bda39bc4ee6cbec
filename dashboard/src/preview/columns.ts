/** Which columns the preview has, in the original's order: a column that is mapped on both sides is named by its side. */
import type { Answer } from '../api/client.ts'

export type PreviewRow = Answer<'readPreview'>['rows'][number]
export type Mapped = Answer<'readPreview'>['columns']
export type Kind = PreviewRow['kind']
export const EFFECTS = ['new', 'update', 'unchanged', 'rejected'] as const

export interface MappedColumn {
  title: string
  column: string
  kind: Kind
}

export function mappedColumns({ trackedEntity, event }: Mapped, kind: Kind | null): MappedColumn[] {
  const both = new Set(trackedEntity.filter((column) => event.includes(column)))
  const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
  const side = (columns: readonly string[], of: Kind, word: string) =>
    [...new Set(columns)].map((column) => ({ title: both.has(column) ? `${word} ${upper(column)}` : column, column, kind: of }))
  return [...side(trackedEntity, 'trackedEntity', 'Instance'), ...side(event, 'event', 'Event')].filter(
    (one) => kind === null || one.kind === kind,
  )
}
