/** What the operations of mappings have in common. */
import { problemsOf } from '../../../core/mapping-file-problems.ts'
import { mappingFromParts, mappingParts } from '../../../core/mapping-file.ts'
import { mappingSchema, type Mapping } from '../../../core/mapping.ts'
import type { StoredMapping } from '../../../../sql/store/store.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { MappingBody } from '../../contract/mappings.ts'

export const auditOf = ({ createdBy, createdAt, modifiedBy, modifiedAt }: StoredMapping) => ({
  createdBy,
  createdAt: createdAt?.toISOString() ?? null,
  modifiedBy,
  modifiedAt: modifiedAt?.toISOString() ?? null,
})

export const bodyOf = (stored: StoredMapping) => ({ mapping: stored.mapping, etag: stored.etag, ...auditOf(stored) })

/** A mapping as it will be read again. What an import refuses is refused here too. @throws ApiProblem invalid, with all that is wrong */
export function acceptedMapping(body: MappingBody): Mapping {
  const parsed = mappingSchema.safeParse(body)
  const parts = mappingParts(parsed.data ?? body)
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => ({ at: ['body', ...issue.path].join('.'), message: issue.message })),
    ...problemsOf(parts, [body.name]).map((message) => ({ at: 'body', message })),
  ]
  const [first] = problems
  if (first) throw new ApiProblem('invalid', `${first.message}. Correct it and save again.`, { problems })
  return mappingFromParts(parts)
}

/** @param ifMatch the header; with none of it, any content is expected */
export const expecting =
  (ifMatch: string | undefined) =>
  (etag: string): boolean =>
    ifMatch === undefined || ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag)
