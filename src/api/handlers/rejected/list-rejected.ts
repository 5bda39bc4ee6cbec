import { REJECTION_CATALOGUE } from '../../../core/rejection.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { isNumber, refuseCursor } from '../cursor.ts'
import { filterOf } from './chosen.ts'

export const listRejected: Handler<typeof rejectedOperations.listRejected> = async ({ query }, { store }) => {
  const { after = null, limit } = query
  if (after !== null && !isNumber(after)) refuseCursor()
  const found = await store.listRejected(filterOf(query), { after, limit: limit + 1 })
  const rows = found.slice(0, limit).map(({ rejection, runId, dismissed, firstAt, lastAt, ...record }) => ({
    ...record,
    ...rejection,
    ...REJECTION_CATALOGUE[rejection.code],
    syncId: runId,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    dismissedBy: dismissed?.by ?? null,
    dismissedReason: dismissed?.reason ?? null,
    dismissedAt: dismissed?.at.toISOString() ?? null,
  }))
  return { status: 200, body: { rows, next: found.length > limit ? rows.at(-1)!.id : null } }
}
