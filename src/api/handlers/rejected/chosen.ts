/** The contract's filters → the store's. */
import type { z } from 'zod'
import type { RejectedFilter } from '../../../../sql/store/store.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'

type Filters = z.output<typeof rejectedOperations.groupRejected.query>
type Chosen = Pick<z.output<typeof rejectedOperations.reopenRejected.body>, 'ids' | 'filter'>

export function filterOf({ mapping, code, cause, patient, sync, state, kind }: Filters): RejectedFilter {
  return {
    ...(mapping !== undefined && { mapping }),
    // one that is none fits no record
    ...(code !== undefined && { code }),
    ...(cause !== undefined && { cause }),
    ...(patient !== undefined && { patient }),
    ...(sync !== undefined && { run: sync }),
    ...(state !== undefined && { state }),
    ...(kind !== undefined && { kind }),
  }
}

/** Some records, or all that fit a filter. */
export const chosenOf = ({ ids, filter }: Chosen): RejectedFilter => (ids === undefined ? filterOf(filter ?? {}) : { ids })

/** "1 rejected record" */
export const manyRecords = (n: number) => `${n} rejected ${n === 1 ? 'record' : 'records'}`
