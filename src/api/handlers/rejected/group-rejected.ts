import { REJECTION_CATALOGUE } from '../../../core/rejection.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { filterOf } from './chosen.ts'

export const groupRejected: Handler<typeof rejectedOperations.groupRejected> = async ({ query }, { store }) => {
  const groups = await store.groupRejected(filterOf(query))
  const rows = groups.map(({ kinds, mappings, firstAt, lastAt, ...group }) => ({
    ...group,
    ...REJECTION_CATALOGUE[group.code],
    kinds: [...kinds],
    mappings: [...mappings],
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  }))
  return { status: 200, body: { rows } }
}
